"""The picture as SVG: no other software is needed to make it or to look at it."""

from xml.sax.saxutils import escape

from quelea.simulator.picture import COLOURS, OFF, Picture
from quelea.simulator.picture_layout import Arrow, Layout

WIDTH, LANE, LEFT, RIGHT, TOP = 1280, 62, 86, 24, 84
RED = "#d0342c"


def svg(picture: Picture) -> str:
    """Return the picture as an SVG document."""
    layout = Layout(picture)
    bottom = TOP + LANE * len(picture.ids)
    height = bottom + 34 + 17 * len(picture.words)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="10" y="20" font-size="15">{escape(picture.title)}</text>',
        f'<text x="10" y="38" fill="#555">{escape(picture.scope)}; numbers are values said, in q; '
        f"time is stretched where much happens</text>",
        *_legend(picture),
        *_bands(layout),
    ]
    for node in picture.ids:
        colour = RED if node in picture.liars else "#222"
        y = _y(layout.lane[node])
        out.append(f'<path d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}" stroke="#bbb"/>')
        out.append(f'<text x="8" y="{y + 4:.0f}" fill="{colour}">{layout.name(node)}</text>')
    for t_us, name in picture.fleet:
        at = _x(layout.x(t_us))
        out.append(f'<path d="M{at:.1f} {TOP - 14}V{bottom}" stroke="#0a7d5a" '
                   f'stroke-dasharray="3 3"/><text x="{at:.1f}" y="{TOP - 18}" '
                   f'fill="#0a7d5a">{escape(name)}</text>')  # fmt: skip
    out += [_arrow(arrow) for arrow in layout.arrows()]
    for share, lane, text, lies in layout.values():
        out.append(
            f'<text x="{_x(share) + 3:.1f}" y="{_y(lane) - 6:.1f}" font-size="10" '
            f'fill="{RED if lies else "#222"}">{text}</text>'
        )
    for share, lane, number, text in layout.rings():
        at, y = _x(share), _y(lane)
        out.append(f'<circle cx="{at:.1f}" cy="{y:.0f}" r="8" fill="none" stroke="{RED}" '
                   f'stroke-width="2.5"><title>{escape(text)}</title></circle>'
                   f'<text x="{at - 4:.1f}" y="{y + 22:.0f}" fill="{RED}" '
                   f'font-weight="bold">{number}</text>')  # fmt: skip
    for share, label in layout.ticks():
        out.append(f'<text x="{_x(share):.1f}" y="{bottom + 8}" fill="#555" font-size="10" '
                   f'text-anchor="middle">{label} s</text>')  # fmt: skip
    for row, words in enumerate(picture.words):
        first = f"{row + 1}  " if row < len(picture.marks) else ""
        y = bottom + 30 + 17 * row
        out.append(f'<text x="10" y="{y:.0f}" fill="{RED}">{first}{escape(words)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(lane: float) -> float:
    return TOP + LANE * (lane + 0.5)


def _legend(picture: Picture) -> list[str]:
    seen = {flight.fate for flight in picture.flights}
    shown = [(fate, colour) for fate, colour in COLOURS.items() if fate in seen]
    return [
        f'<text x="{LEFT + 100 * at}" y="58" fill="{colour}">&#8212; {fate}</text>'
        for at, (fate, colour) in enumerate(shown)
    ]


def _bands(layout: Layout) -> list[str]:
    out = []
    for band in layout.picture.bands:
        left, right = _x(layout.x(band.from_us)), _x(layout.x(band.to_us))
        if right <= left:
            continue
        fill = "#d5d9dd" if band.what == OFF else "#efe3c2"
        out.append(
            f'<rect x="{left:.1f}" y="{_y(layout.lane[band.node]) - 10:.0f}" '
            f'width="{right - left:.1f}" height="20" fill="{fill}"><title>{band.what}</title>'
            f'</rect><text x="{left + 4:.1f}" y="{_y(layout.lane[band.node]) + 4:.0f}" '
            f'font-size="10" fill="#555">{band.what}</text>'
        )
    return out


def _arrow(arrow: Arrow) -> str:
    x, y, to_x, to_y = _x(arrow.x), _y(arrow.y), _x(arrow.to_x), _y(arrow.to_y)
    look = f'stroke="{arrow.colour}" opacity="{arrow.strength}"'
    line = f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" {look}/>'
    if arrow.lost:
        cross = f"M{to_x - 3:.1f} {to_y - 3:.1f}l6 6m0 -6l-6 6"
        return f'{line}<path d="{cross}" {look}/>'
    dot = f'<circle cx="{to_x:.1f}" cy="{to_y:.1f}" r="2.4"'
    return f'{line}{dot} fill="{arrow.colour}" opacity="{arrow.strength}"/>'
