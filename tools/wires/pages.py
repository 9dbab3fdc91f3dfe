"""What is written from the boards besides drawings: pins for a board's files, and one table."""

from collections.abc import Sequence

from wires import clamp
from wires.boards import Board

MIDDLE_A = 32


def target_wiring(board: Board) -> str:
    """Return hardware/target_wiring/<BOARD>.py: what cfg.json needs for the drawn wiring."""
    adc, pins = board.row["adc"], board.pins
    bias = clamp.bias(board)
    ohm = clamp.burden_ohm(bias.swing_mv, MIDDLE_A)
    drawing = f"hardware/boards/{board.name}/wiring.svg"
    return f'''"""{board.name} as in {drawing}; by tools/wiring.py."""

CLAMP = {{
    "kind": "clamp",
    "pin": {pins["clamp"]},
    "turns": {clamp.TURNS},
    "burden_ohm": {ohm},  # up to {MIDDLE_A} A
    "low_mv": {adc["low_mv"]},
    "high_mv": {adc["high_mv"]},
}}
RELAY = {{"kind": "relay", "pin": {pins["relay"]}}}
PWM = {{"kind": "pwm", "pin": {pins["pwm"]}, "full_q": 60000}}
PILOT = {{"kind": "pilot", "pin": {pins["pilot"]}, "most_q": 32000}}
'''


def table(boards: Sequence[Board]) -> str:
    """Return hardware/boards/README.md."""
    lines = [
        "# Boards",
        "",
        "Written by `tools/wiring.py` from each `board.json`, which names its sources.",
        "",
        "| board | image | bytecode | MHz | heap KB | clamp | relay | PWM | pilot | measures |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for board in boards:
        row, pins, adc = board.row, board.pins, board.row["adc"]
        cells = (
            board.name, row["image"], row["mpy_arch"], row["cpu_mhz"], row["heap_kb"],
            pins["clamp"], pins["relay"], pins["pwm"], pins["pilot"],
            f"{adc['low_mv']} to {adc['high_mv']} mV",
        )  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += [
        "",
        "Burden resistor by the most that is to be measured, for a clamp of 1 : "
        f"{clamp.TURNS}; `bias` is the divider from 3.3 V to GND, its middle and the room to the "
        "nearer end of what the converter measures.",
        "",
        "| board | bias | middle | room | "
        + " | ".join(f"{amperes} A" for amperes in clamp.CURRENTS_A)
        + " |",
        "|---|---|---|---|" + "---|" * len(clamp.CURRENTS_A),
    ]
    for board in boards:
        bias = clamp.bias(board)
        ohms = [clamp.burden_ohm(bias.swing_mv, amperes) for amperes in clamp.CURRENTS_A]
        lines.append(
            f"| {board.name} | {bias.above_k} k over {bias.below_k} k | {bias.middle_mv} mV | "
            f"{bias.swing_mv} mV | " + " | ".join(f"{ohm} ohm" for ohm in ohms) + " |"
        )
    return "\n".join(lines) + "\n"
