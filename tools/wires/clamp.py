"""The arithmetic of a current clamp: bias, swing and burden for what a converter measures."""

from dataclasses import dataclass

from wires.boards import Board

SUPPLY_MV = 3300
TURNS = 2000  # 100 A : 50 mA, as most split-core clamps without a burden of their own
DIVIDERS = ((10, 10), (15, 10), (22, 10))  # kilo-ohms above and below the middle
E12 = (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82, 100, 120, 150, 180, 220)
CURRENTS_A = (16, 32, 63)  # effective, the most that is to be measured


@dataclass(frozen=True)
class Bias:
    """above_k, below_k: the divider. middle_mv: its voltage. swing_mv: room to the nearer end."""

    above_k: int
    below_k: int
    middle_mv: int
    swing_mv: int


def bias(board: Board) -> Bias:
    """Return the divider with the largest swing."""
    adc = board.row["adc"]
    found = []
    for above, below in DIVIDERS:
        middle = SUPPLY_MV * below // (above + below)
        found.append(
            Bias(above, below, middle, min(middle - adc["low_mv"], adc["high_mv"] - middle))
        )
    return max(found, key=lambda one: one.swing_mv)


def burden_ohm(swing_mv: int, most_a: int, turns: int = TURNS) -> int:
    """Return the largest resistor of E12 at which a sine of most_a amperes stays in the swing.

    Its peak, sqrt 2 times most_a / turns * ohms, must not pass swing_mv: squares, so no root.
    """
    fits = [ohm for ohm in E12 if 2 * (most_a * 1000 * ohm) ** 2 <= (swing_mv * turns) ** 2]
    return max(fits, default=0)
