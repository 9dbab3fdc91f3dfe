"""What may go wrong in a simulated run: rates and sizes, drawn and printed with the seed."""

import random
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Faults:
    """Shares are of frames (0..1), rates are a second, times are in ms of virtual time.

    loss: never delivered. duplicate: delivered twice. replay: an old frame of the same link is
    delivered again. damage: bits flipped or the end cut off. delay_ms: mean of an exponential;
    tail: share delayed tenfold. partition, clog: rates of beginning, heal: of ending; one_way:
    share of partitions that cut one direction. crash, pause: rates a node; torn: share of
    boots cut off by a power failure before the session counter is written. drift_ppm: largest
    deviation of a clock; jump: rate of clock jumps. broker: rate of restarts, which lose every
    frame under way. wrap: whether clocks start shortly before ticks go round.
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
    crash: float = 0.0
    down_ms: float = 2000.0
    torn: float = 0.0
    pause: float = 0.0
    pause_ms: float = 3000.0
    drift_ppm: int = 0
    jump: float = 0.0
    broker: float = 0.0
    wrap: bool = False

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
        crash=some(0.01),
        down_ms=round(500 + rng.random() * 4000),
        torn=some(0.5),
        pause=some(0.02),
        pause_ms=round(500 + rng.random() * 6000),
        drift_ppm=rng.choice((0, 100, 10_000)),
        jump=some(0.01),
        broker=some(0.03),
        wrap=rng.random() < 0.5,
    )


CALM = Faults()
