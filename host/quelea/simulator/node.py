"""A simulated node: the real agent, its own clock, what survives a reboot, and a liar's hand."""

from typing import Any

from quelea_agent.agent import Agent
from quelea_agent.settings import Settings
from quelea_proto.fixed import ticks_diff
from quelea_proto.limits import SESSION_MAX, TICKS_MASK

from quelea import adversaries
from quelea.adversaries.forge import Attack


class SimNode:
    """ticks = (start + time * rate) on the ring of 2^30 ms; rate_ppm: deviation of the clock."""

    def __init__(
        self, settings: Settings, start_ms: int, rate_ppm: int, attack: str | None = None
    ) -> None:
        self.settings = settings
        self.number = settings.node
        self.start_ms = start_ms
        self.rate_ppm = rate_ppm
        self.attack_name = attack
        self.stored_session = 0
        self.alive = False
        self.paused = False
        self.agent = Agent(settings, 1)
        self.attack: Attack | None = None
        self.inbox: list[tuple[int, bytes]] = []
        self.demand_q = settings.lo_q
        self.life = 0  # wakes planned in an earlier life are void

    def boot(self) -> None:
        """Start a fresh agent with the next session, which is stored before the first word."""
        self.stored_session = self.stored_session % SESSION_MAX + 1
        self.agent = Agent(self.settings, self.stored_session)
        self.agent.sense(0, self.demand_q)
        self.attack = None
        if self.attack_name:
            lie = adversaries.load(self.attack_name)
            self.attack = Attack(self.settings, {}, lie)
        self.inbox.clear()
        self.alive = True
        self.paused = False
        self.life += 1

    def crash(self) -> None:
        """Lose everything but the stored session."""
        self.alive = False
        self.life += 1
        self.inbox.clear()

    def ticks_ms(self, t_us: int) -> int:
        """Return the node's ticks at virtual time t_us."""
        return (self.start_ms + t_us * (1_000_000 + self.rate_ppm) // 1_000_000_000) & TICKS_MASK

    def wake_us(self, t_us: int) -> int:
        """Return the virtual time at which the agent wants to be called next."""
        wait_ms = ticks_diff(self.agent.next_wake_ms, self.ticks_ms(t_us))
        return t_us + max(0, wait_ms) * 1_000_000_000 // (1_000_000 + self.rate_ppm) + 1000

    def step(self, t_us: int) -> list[tuple[int, bytes]]:
        """Run the agent on what has arrived; return copies of the frames that go out."""
        now_ms = self.ticks_ms(t_us)
        frames_out: Any = self.agent.step(now_ms, self.inbox)
        self.inbox.clear()
        if self.attack is not None:
            frames_out = self.attack.forge(now_ms, self.agent, frames_out)
        return [(dest, bytes(buffer)) for dest, buffer in frames_out]
