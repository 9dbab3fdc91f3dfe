"""A wiring drawing: the board with its pins, and what is wired to four, joined by names."""

from collections.abc import Iterator

from wires import clamp
from wires.boards import SIGNALS, Board

WIDTH = 1040
TOP = 96
STEP = 24
BOARD_X, BOARD_W = 124, 224
COLOURS = {"clamp": "#0b7285", "relay": "#c92a2a", "pwm": "#e67700", "pilot": "#5f3dc4"}
POWER = {"3V3": "#c2255c", "5V": "#c2255c", "GND": "#343a40"}
CHAIN_X = 500
BOX_W, BOX_H, GAP = 146, 62, 22
CHAIN_STEP = 124


def draw(board: Board) -> str:
    """Return the SVG."""
    headers = board.row["headers"]
    rows = max(len(headers["left"]), len(headers["right"]))
    height = max(TOP + rows * STEP + 60, TOP + CHAIN_STEP * len(SIGNALS) + 40)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(24, 34, board.name, 20, "#212529", weight="bold"),
        _text(24, 56, _subtitle(board), 13, "#495057"),
        *_board(board, rows),
        *_chains(board),
        _text(24, height - 18, _NOTE, 12, "#495057"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


_NOTE = (
    "Seen from above, the antenna up. Lines of mains voltage are for an electrician; the breaker "
    "stays the protection."
)


def _subtitle(board: Board) -> str:
    row = board.row
    return f"{row['chip']}, {row['cpu_mhz']} MHz, {row['image']}, {row['usb']}"


def _text(
    x: int, y: int, words: str, size: int, colour: str, anchor: str = "start", weight: str = ""
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}"{bold}>{words}</text>'
    )


def _board(board: Board, rows: int) -> Iterator[str]:
    height = rows * STEP + 16
    yield (
        f'<rect x="{BOARD_X}" y="{TOP}" width="{BOARD_W}" height="{height}" rx="10" '
        'fill="#f1f3f5" stroke="#495057" stroke-width="1.5"/>'
    )
    yield (
        f'<rect x="{BOARD_X + 62}" y="{TOP + 10}" width="{BOARD_W - 124}" height="96" rx="4" '
        'fill="#dee2e6" stroke="#868e96"/>'
    )
    yield _text(BOARD_X + BOARD_W // 2, TOP + 62, board.row["chip"], 13, "#495057", "middle")
    used = {str(pin): signal for signal, pin in board.pins.items()}
    for side in ("left", "right"):
        left = side == "left"
        x = BOARD_X + (12 if left else BOARD_W - 12)
        for at, mark in enumerate(board.row["headers"][side]):
            y = TOP + 20 + at * STEP
            signal = used.get(mark, "")
            colour = COLOURS.get(signal) or POWER.get(mark, "#868e96")
            yield f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>'
            inner = x + (12 if left else -12)
            yield _text(inner, y + 4, mark, 11, "#212529", "start" if left else "end")
            if signal:
                yield from _flag(x + (-12 if left else 12), y, signal, left)


def _flag(x: int, y: int, signal: str, left: bool) -> Iterator[str]:
    """Draw a name at the end of a short wire: the same name stands in the chain."""
    colour = COLOURS[signal]
    end = x + (-26 if left else 26)
    yield f'<line x1="{x}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
    box = end - 58 if left else end
    yield f'<rect x="{box}" y="{y - 10}" width="58" height="20" rx="4" fill="{colour}"/>'
    yield _text(box + 29, y + 4, signal, 12, "#ffffff", "middle", "bold")


def _chains(board: Board) -> Iterator[str]:
    bias = clamp.bias(board)
    ohm = clamp.burden_ohm(bias.swing_mv, 32)
    chains = {
        "clamp": (
            ("bias", f"{bias.above_k} k to 3V3, {bias.below_k} k", "to GND, 10 uF to GND"),
            ("burden", f"{ohm} ohm across the", "clamp (32 A), 1 k in line"),
            ("current clamp", f"1 : {clamp.TURNS} around", "one conductor"),
        ),
        "relay": (
            ("driver", "NPN, 1 k, 10 k to GND,", "diode; or a module, 5V"),
            ("relay", "its contact switches", "the contactor's coil"),
            ("contactor", "rated for the load,", "behind its breaker"),
        ),
        "pwm": (
            ("gate", "100 ohm in line,", "10 k to GND"),
            ("level", "to what the supply", "or dimmer needs"),
            ("load", "LED supply, fan,", "dimmer input"),
        ),
        "pilot": (
            ("isolate", "opto or comparator,", "10 k to GND"),
            ("+-12 V stage", "1 kHz, 1 k in line", "(IEC 61851-1)"),
            ("CP contact", "states A to F are", "the charger's part"),
        ),
    }
    for at, signal in enumerate(SIGNALS):
        yield from _chain(signal, board.pins[signal], TOP + 22 + at * CHAIN_STEP, chains[signal])


def _chain(
    signal: str, pin: int, y: int, boxes: tuple[tuple[str, str, str], ...]
) -> Iterator[str]:
    colour = COLOURS[signal]
    middle = y + BOX_H // 2
    x = CHAIN_X
    yield f'<rect x="{x - 98}" y="{middle - 10}" width="58" height="20" rx="4" fill="{colour}"/>'
    yield _text(x - 69, middle + 4, signal, 12, "#ffffff", "middle", "bold")
    yield _text(x - 69, middle + 26, f"GPIO{pin}", 12, colour, "middle")
    for at, (title, first, second) in enumerate(boxes):
        start = x - 40 if at == 0 else x - GAP
        yield (
            f'<line x1="{start}" y1="{middle}" x2="{x}" y2="{middle}" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        yield (
            f'<rect x="{x}" y="{y}" width="{BOX_W}" height="{BOX_H}" rx="6" fill="#f8f9fa" '
            f'stroke="{colour}"/>'
        )
        yield _text(x + BOX_W // 2, y + 19, title, 13, "#212529", "middle", "bold")
        yield _text(x + BOX_W // 2, y + 37, first, 11, "#495057", "middle")
        yield _text(x + BOX_W // 2, y + 52, second, 11, "#495057", "middle")
        x += BOX_W + GAP
