"""What befalls nodes, links and the broker, drawn ten times a second of virtual time."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from quelea.simulator.faults import JUMP_BACK_MAX_MS, JUMP_ON_MAX_MS, PAUSE_MAX_MS
from quelea.simulator.node import SimNode

if TYPE_CHECKING:
    from quelea.simulator.world import World

TROUBLE_US = 100_000  # how often the faults are drawn
DROP_MAX_US = 5_000_000  # until all neighbours know that a node has left
PER_S = TROUBLE_US / 1_000_000


class Trouble:
    """Draws from a stream of its own, so that what befalls nodes does not shift the network's."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.rng = random.Random(f"trouble {world.seed}")
        self._doomed: set[int] = set()

    def down_us(self) -> int:
        """Return how long a node stays without power this time."""
        return int(self.rng.expovariate(1 / self.world.faults.down_ms) * 1000)

    def tick(self) -> None:
        """Draw what befalls the network, the broker and every node; then again."""
        world, rng = self.world, self.rng
        faults, network = world.faults, world.network
        if rng.random() < faults.partition * PER_S:
            network.cuts.partition(world.numbers, faults)
            world.journal.event("network", "cut", {"links": len(network.cuts.cut)})
        if rng.random() < faults.clog * PER_S:
            network.cuts.clog(world.numbers, faults)
        if not network.cuts.quiet:
            network.cuts.tick(world.numbers)
            if rng.random() < faults.heal * PER_S:
                network.cuts.heal()
                world.fired["heal"] += 1
                world.journal.event("network", "healed")
        if rng.random() < faults.broker * PER_S:
            world.journal.event("broker", "restarted")
            for number, t_us in network.restart(world.t_us, world.numbers).items():
                world.at(t_us - world.t_us, lambda n=number, t=t_us: world.reconnect(n, t))
        for number in world.numbers:
            self._befall(world.nodes[number])
        world.at(TROUBLE_US, self.tick)

    def _befall(self, node: SimNode) -> None:
        faults = self.world.faults
        rows: tuple[tuple[float, Callable[[SimNode], None]], ...] = (
            (faults.crash, self._doom),
            (faults.pause, self._pause),
            (faults.jump, self._jump),
            (faults.swap, self._swap),
            (faults.leave, self._leave),
            (faults.future, self._upgrade),
        )
        for rate, act in rows:
            if rate and self.rng.random() < rate * PER_S and node.alive and node.present:
                act(node)

    # -- power ----------------------------------------------------------------------------------
    def _doom(self, node: SimNode) -> None:
        """Crash now, or within the node's next round when only a part of its frames is out."""
        if self.rng.random() < 0.5:
            self._doomed.add(node.number)
        else:
            self.crash(node)

    def doomed(self, node: SimNode) -> bool:
        """Return whether the node's power goes in the middle of this round."""
        if node.number not in self._doomed:
            return False
        self._doomed.discard(node.number)
        self.world.fired["crash-in-step"] += 1
        return True

    def crash(self, node: SimNode) -> None:
        """Cut the power; it comes back after some time."""
        self.world.fired["crash"] += 1
        self.world.end_life(node)
        self.world.at(self.down_us(), lambda: self.world.boot(node.number))

    def _swap(self, node: SimNode) -> None:
        """Replace the board by an empty one with the same id: the counter begins at 1 again."""
        self.world.fired["swap"] += 1
        self.world.end_life(node)
        node.storage.swap()
        self.world.at(self.down_us(), lambda: self.world.boot(node.number))

    def fell_behind(self, node: SimNode) -> None:
        """Record that a node speaks with a session that was used before."""
        self.world.journal.event(node.settings.id, "session-reused")

    def _upgrade(self, node: SimNode) -> None:
        """Reboot the node into a later protocol version; its next boot rolls it back."""
        self.world.end_life(node)
        self.world.boot(node.number)
        node.version = 2

    # -- time -----------------------------------------------------------------------------------
    def _pause(self, node: SimNode) -> None:
        if node.paused:
            return
        self.world.fired["pause"] += 1
        node.paused = True
        node.paused_us = self.world.t_us
        self.world.journal.event(node.settings.id, "paused")
        wait_ms = min(self.rng.expovariate(1 / self.world.faults.pause_ms), PAUSE_MAX_MS)
        life = node.life
        self.world.at(int(wait_ms * 1000), lambda: self.world.resume(node.number, life))

    def _jump(self, node: SimNode) -> None:
        self.world.fired["jump"] += 1
        self.world.journal.event(node.settings.id, "jump")
        jump_ms = self.rng.randint(-JUMP_BACK_MAX_MS, JUMP_ON_MAX_MS)
        node.start_ms += jump_ms
        node.back_ms += max(0, -jump_ms)

    # -- membership -----------------------------------------------------------------------------
    def _leave(self, node: SimNode) -> None:
        """Take a node out; its neighbours drop it when they hear of it; later it comes back.

        Half the time with everything it knew (its old flows), else rebooted.
        """
        world, rng = self.world, self.rng
        world.fired["leave"] += 1
        node.present = False
        world.journal.event(node.settings.id, "left")
        for slot, other in enumerate(node.settings.numbers):
            back_slot = node.settings.back_slots[slot]
            call = lambda o=other, s=back_slot: self._drop(world.nodes[o], s)  # noqa: E731
            world.at(rng.randrange(DROP_MAX_US), call)
        away_us = int(rng.expovariate(1 / world.faults.away_ms) * 1000)
        rebooted = rng.random() < 0.5
        world.at(away_us, lambda: self._rejoin(node, rebooted))

    def _drop(self, node: SimNode, slot: int) -> None:
        if node.alive and node.agent.flows is not None:
            node.agent.flows.drop(slot)

    def _rejoin(self, node: SimNode, rebooted: bool) -> None:
        if node.present:
            return
        node.present = True
        self.world.journal.event(node.settings.id, "back")
        if rebooted or not node.alive:
            self.world.fired["rejoin-rebooted"] += 1
            self.world.end_life(node)
            self.world.boot(node.number)
        else:
            self.world.fired["rejoin-with-old-flows"] += 1
