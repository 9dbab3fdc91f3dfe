"""Run `quelea fleet` with its defaults and write docs/images/fleet.svg: the terminal near its end.

    .venv/bin/python tools/picture.py

Also prints the verdict as the README shows it.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from quelea.fleet import interpreter, live, plan
from quelea.fleet.options import FleetOptions
from quelea.fleet.run import Fleet
from quelea.fleet.say import print_verdict
from quelea.journal import open_run
from rich.console import Console

OUT = Path(__file__).parent.parent / "docs/images/fleet.svg"
WIDTH, HEIGHT = 104, 46
AT = 0.9  # share of the run at which the picture is taken


@contextmanager
def photographed(scene: live.Scene, console: Console) -> Iterator[None]:
    """Record one drawing of the scene when AT of the run is over."""
    refresh = live.Display.refresh

    def draw(display: live.Display) -> None:
        if scene.elapsed_s >= AT * scene.seconds and not console.export_text(clear=False):
            console.print(live.render(scene, WIDTH, HEIGHT))
        refresh(display)

    live.Display.refresh = draw  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        live.Display.refresh = refresh  # type: ignore[method-assign]


def main() -> int:
    options = FleetOptions()
    the_plan = plan.make(options)
    folder = open_run("picture", options.runs)
    said = Console(stderr=True, highlight=False, soft_wrap=True)
    fleet = Fleet(the_plan, interpreter.find(None, options.heap_kb), folder, said)
    camera = Console(record=True, width=WIDTH, height=HEIGHT, file=StringIO())
    with photographed(fleet.scene, camera):
        verdict = fleet.run()
    svg = camera.export_svg(title="quelea fleet")
    # the page must look the same offline: no fonts from elsewhere
    OUT.write_text(re.sub(r"@font-face \{.*?\}\n|<!--.*?-->\n", "", svg, flags=re.DOTALL))
    print_verdict(said, verdict, the_plan, folder)
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
