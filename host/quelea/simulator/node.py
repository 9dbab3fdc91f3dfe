"""A simulated node: the real agent, its own clock, what survives a reboot, and a liar's hand."""

from collections import deque
from typing import Any

from quelea_agent.agent import Agent
from quelea_agent.settings import Settings
from quelea_proto.limits import INBOX_FRAMES_MAX, TICKS_HALF, TICKS_MASK

from quelea import adversaries
from quelea.adversaries.forge import Attack
from quelea.simulator.storage import Storage

TAKEN_KEPT = 24  # frames of this life that may be handed over again as a probe


class SimNode:
    """ticks = (start + time * rate) on the ring of 2^30 ms; rate_ppm: deviation of the clock.

    alive: powered. paused: standing still. present: a member at this moment. version: of the
    protocol; frames of a later one than ours are refused by all. agent_class: Agent, or one with
    the same seam.
    """

    def __init__(
        self,
        settings: Settings,
        start_ms: int,
        rate_ppm: int,
        attack: str | None = None,
        agent_class: Any = Agent,
    ) -> None:
        self.settings = settings
        self.number = settings.node
        self.start_ms = start_ms
        self.rate_ppm = rate_ppm
        self.attack_name = attack
        self.agent_class = agent_class
        self.storage = Storage()
        self.alive = False
        self.paused = False
        self.present = True
        self.version = 1
        self.agent = agent_class(settings, 1)
        self.attack: Attack | None = None
        self.inbox: deque[tuple[int, bytes]] = deque(maxlen=INBOX_FRAMES_MAX)
        self.taken: deque[tuple[int, bytes]] = deque(maxlen=TAKEN_KEPT)
        self.demand_q = settings.lo_q
        self.attack_options: dict[str, Any] = {}
        self.knowledge: Any = None  # what an omniscient liar sees: adversaries.knowledge
        self.paused_us = self.held_us = 0  # the last pause's begin, the longest pause
        self.back_ms = 0  # by which the clock was set back, in all
        self.life = 0  # wakes planned in an earlier life are void
        self.lies = 0  # forged frames of the lives before this one

    @property
    def stored_session(self) -> int:
        """The boot counter as stored."""
        return self.storage.stored

    def boot(self) -> None:
        """Start a fresh agent with the next session, which is stored before the first word."""
        if self.attack is not None:
            self.lies += max(0, self.attack.forged)
        self.agent = self.agent_class(self.settings, self.storage.begin())
        self.agent.sense(0, self.demand_q)
        self.attack = None
        if self.attack_name:
            lie = adversaries.load(self.attack_name)
            self.attack = Attack(self.settings, self.attack_options, lie, self.knowledge)
        self.inbox.clear()
        self.taken.clear()
        self.alive = True
        self.paused = False
        self.life += 1

    def crash(self) -> None:
        """Lose everything but what is stored."""
        self.alive = False
        self.life += 1
        self.inbox.clear()

    def ticks_ms(self, t_us: int) -> int:
        """Return the node's ticks at virtual time t_us."""
        return (self.start_ms + t_us * (1_000_000 + self.rate_ppm) // 1_000_000_000) & TICKS_MASK

    def wait_ms(self, t_us: int) -> int:
        """Return how long the agent still wants to be left alone, by its clock; may be negative.

        Computed here and not by the code under test: (later - earlier) on the ring of ticks.
        """
        ahead = int(self.agent.next_wake_ms) - self.ticks_ms(t_us)
        return (ahead + TICKS_HALF) % (2 * TICKS_HALF) - TICKS_HALF

    def wake_us(self, t_us: int) -> int:
        """Return the virtual time at which the agent wants to be called next."""
        wait_ms = max(0, self.wait_ms(t_us))
        return t_us + wait_ms * 1_000_000_000 // (1_000_000 + self.rate_ppm) + 1000

    def step(self, t_us: int) -> list[tuple[int, bytes]]:
        """Run the agent on what has arrived; return copies of the frames that go out."""
        now_ms = self.ticks_ms(t_us)
        frames_out: Any = self.agent.step(now_ms, self.inbox)
        self.taken.extend(self.inbox)
        self.inbox.clear()
        if self.attack is not None:
            frames_out = self.attack.forge(now_ms, self.agent, frames_out)
        return [(dest, bytes(buffer)) for dest, buffer in frames_out]

    def core(self) -> tuple[Any, ...]:
        """Return the replicated state without what only counts: counters and suspicions."""
        agent = self.agent
        table, mode = agent.neighbours, agent.mode
        row = [
            (mode.value_q, mode.input_q, mode.settled_q, mode.epoch, mode.rounds),
            (agent.seq, agent.next_wake_ms, agent.outbox.random, mode.held, mode.restarted),
            (bytes(table.live), bytes(mode.used)),
            *(tuple(column) for column in (table.session, table.seq, table.crc)),
            *(tuple(column) for column in (table.epoch, table.value_q, table.heard_ms)),
        ]
        flows = agent.flows
        if flows is not None:
            row += [tuple(flows.flow_q), tuple(flows.turn), tuple(flows.residue)]
            row += [tuple(flows.peer_turn), tuple(flows.peer_q), tuple(flows.peer_count)]
        return tuple(row)
