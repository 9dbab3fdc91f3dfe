"""The heat map of an attack table: error by rule and attack, a panel a setting and share."""

from pathlib import Path

from quelea.attack.table import Table
from quelea.errors import UserError

CEILING_PERCENT = 50  # errors beyond are drawn alike
CAPTURED_SHARE = 0.01  # cells with more captured nodes are crossed


def draw(table: Table, path: Path) -> None:
    """Write a PNG; UserError if matplotlib is missing or the file cannot be written."""
    try:
        import matplotlib
    except ImportError:
        raise UserError(
            "the heat map needs matplotlib", "--png", "", "pip install 'quelea[plot]'"
        ) from None
    matplotlib.use("Agg")
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    settings, shares = table.settings, table.shares
    most = [len(table.rules_in(setting)) for setting in settings]
    size = (
        2.2 + len(shares) * (0.8 + 0.24 * len(table.attacks)),
        2 + sum(0.9 + 0.22 * n for n in most),
    )
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(
        len(settings), len(shares), squeeze=False, sharex=True, sharey="row",
        gridspec_kw={"height_ratios": [n + 3 for n in most]},
    )  # fmt: skip
    norm = PowerNorm(0.5, 0, CEILING_PERCENT)
    for row, setting in enumerate(settings):
        rules = table.rules_in(setting)
        for column, share in enumerate(shares):
            axes = grid[row][column]
            cells = [[table.cells[setting, share, attack, rule] for attack in table.attacks]
                     for rule in rules]  # fmt: skip
            errors = [[100 * cell.error for cell in line] for line in cells]
            image = axes.imshow(errors, norm=norm, cmap="magma_r", aspect="auto")
            for y, line in enumerate(cells):
                for x, cell in enumerate(line):
                    if cell.captured > CAPTURED_SHARE:
                        axes.plot(x, y, marker="x", color="tab:cyan", markersize=4)
            axes.set_title(f"{setting}, {share:.0%} liars", fontsize=8)
            axes.set_yticks(range(len(rules)), rules, fontsize=7)
            axes.set_xticks(range(len(table.attacks)), table.attacks, rotation=90, fontsize=7)
    bar = figure.colorbar(image, ax=grid.ravel().tolist(), shrink=0.6, extend="max")
    bar.set_label("95th percentile error, % of the initial spread; x: over 1 % captured")
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise UserError(f"cannot write {path}", "--png", str(error)) from None
