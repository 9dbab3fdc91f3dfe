"""Write what follows from hardware/boards/*/board.json: drawings, pins for cfg.json, one table.

python tools/wiring.py            writes what is stale
python tools/wiring.py --check    names it instead; exit 1 if any, or if a board breaks a rule
"""

import sys
from pathlib import Path

from wires import boards, drawing, pages

ROOT = Path(__file__).resolve().parents[1]
HARDWARE = ROOT / "hardware"


def files(folder: Path) -> tuple[dict[Path, str], list[str]]:
    """Return {path: text} of all that is derived, and what is wrong with any board."""
    found, wrong = boards.load(folder / "boards")
    texts = {folder / "boards" / "README.md": pages.table(found)}
    for board in found:
        texts[folder / "boards" / board.name / "wiring.svg"] = drawing.draw(board)
        texts[folder / "target_wiring" / f"{board.name}.py"] = pages.target_wiring(board)
    return texts, wrong


def main(check: bool) -> int:
    texts, wrong = files(HARDWARE)
    for problem in wrong:
        print(problem)
    stale = 0
    for path, text in texts.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        name = path.relative_to(ROOT)
        if check:
            print(f"{name}: stale; run `python tools/wiring.py`")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{name}: written")
    return 1 if wrong or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
