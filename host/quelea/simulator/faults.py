"""What may go wrong in a simulated run: rates and sizes, drawn and printed with the seed."""

import random
from dataclasses import asdict, dataclass

DELAY_MAX_MS = 10_000  # no frame is under way for longer; a broker would have dropped it
CLOG_MS = 2_000  # what a clogged node's frames are late, more than any other delay
PAUSE_MAX_MS = 20_000
JUMP_BACK_MAX_MS = 5_000
JUMP_ON_MAX_MS = 60_000
REPLAY_KEPT = 8  # frames of a link that may come back ...
REPLAY_MAX_MS = 20_000  # ... while they are no older than this
RECONNECT_MS = (500, 8_000)  # after the broker was away, as limits.RECONNECT_MS_MIN and _MAX


@dataclass(frozen=True)
class Faults:
    """Shares are 0..1, rates are a second of virtual time, times are in ms of it.

    Links, shares of frames: loss: never delivered. duplicate: delivered twice. replay: an old
    frame of the same link comes again. damage: bits flipped or the end cut off, in a way that
    the checksum sees. delay_ms: mean of an exponential; tail: share delayed tenfold.

    Links, rates: partition, clog: of beginning, heal: of ending. one_way: share of partitions
    that cut one direction only; flap: share that open and close again and again until healed.
    swizzle: share of clogs that spread node by node and end in the opposite order. broker: of
    restarts, which lose what is under way and every session: nodes return one by one. retained:
    share of returning or booting nodes to whom the broker hands stale frames of its neighbours.

    Nodes: crash: rate a node, anywhere, also half way through a round's frames. torn: share of
    boots cut off by a power failure before the session counter is written. stale: share of boots
    whose counter comes from an older backup. swap: rate at which a board is replaced by an empty
    one with the same id. leave: rate at which a node is taken out and dropped by its neighbours;
    it comes back after away_ms, half the time with its old flows. join: share of nodes that are
    not there at first. future: rate at which a node is rebooted into a later protocol version,
    rolled back at its next boot. pause: rate of standing still. drift_ppm: largest deviation of
    a clock; jump: rate of clock jumps. wrap: clocks begin just before ticks go round, and session
    counters before 65535. epoch: what fleets that have run for long show; the first boots begin
    there, reboots at 0.

    forge: share of a liar's frames whose head lies too: epoch, seq, session or sender.
    echo: share of deliveries after which the same frame is handed over again as a probe.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    replay: float = 0.0
    damage: float = 0.0
    delay_ms: float = 5.0
    tail: float = 0.0
    partition: float = 0.0
    clog: float = 0.0
    heal: float = 0.2
    one_way: float = 0.5
    flap: float = 0.0
    swizzle: float = 0.0
    broker: float = 0.0
    retained: float = 0.0
    crash: float = 0.0
    down_ms: float = 2000.0
    torn: float = 0.0
    stale: float = 0.0
    swap: float = 0.0
    leave: float = 0.0
    away_ms: float = 8000.0
    join: float = 0.0
    future: float = 0.0
    pause: float = 0.0
    pause_ms: float = 3000.0
    drift_ppm: int = 0
    jump: float = 0.0
    wrap: bool = False
    epoch: int = 0
    forge: float = 0.0
    echo: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Return the options as they are printed with the seed."""
        return asdict(self)


def draw(seed: int) -> Faults:
    """Return the faults of a seed: about half of them on, each up to its largest size."""
    rng = random.Random(f"faults {seed}")

    def some(largest: float) -> float:
        return round(rng.random() * largest, 4) if rng.random() < 0.5 else 0.0

    return Faults(
        loss=some(0.3),
        duplicate=some(0.5),
        replay=some(0.5),
        damage=some(0.1),
        delay_ms=round(1 + rng.random() * 150, 1),
        tail=some(0.05),
        partition=some(0.05),
        clog=some(0.05),
        heal=round(0.1 + rng.random() * 0.4, 3),
        one_way=some(1.0),
        flap=some(1.0),
        swizzle=some(1.0),
        broker=some(0.03),
        retained=some(1.0),
        crash=some(0.01),
        down_ms=round(500 + rng.random() * 4000),
        torn=some(0.5),
        stale=some(0.3),
        swap=some(0.003),
        leave=some(0.004),
        away_ms=round(2000 + rng.random() * 15_000),
        join=some(0.3),
        future=some(0.005),
        pause=some(0.02),
        pause_ms=round(500 + rng.random() * 6000),
        drift_ppm=rng.choice((0, 100, 10_000)),
        jump=some(0.01),
        wrap=rng.random() < 0.5,
        epoch=rng.choice((0, 0, 0, 40_000, 65_530)),
        forge=some(0.3),
        echo=some(0.2),
    )


CALM = Faults()
