"""Run folders: runs/<time>-<name>/ with its journal, and the link runs/latest."""

import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import quelea
from quelea.errors import UserError
from quelea.journal.recorder import Recorder
from quelea.journal.retention import prune
from quelea.journal.rows import NodeRow
from quelea.journal.writer import Writer

ROOT = Path("runs")
FILE = "journal.sqlite"
LATEST = "latest"
SAME_SECOND_MAX = 1_000  # runs of one name that may start in one second
GIT_S = 2.0
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


class RunFolder(NamedTuple):
    """Where a run writes. note: why it is not where it was asked to be; empty when it is."""

    name: str
    path: Path
    note: str = ""

    @property
    def journal(self) -> Path:
        """Path of the journal's file."""
        return self.path / FILE

    def writer(self, clock_us: Callable[[], int] | None = None, bytes_max: int = 0) -> Writer:
        """Start the journal of this run; bytes_max: as Writer has it."""
        return Writer(self.journal, clock_us, bytes_max=bytes_max)


def open_run(name: str, root: Path | str = ROOT, keep: int = 0) -> RunFolder:
    """Make runs/<UTC time>-<name>/ and point runs/latest to it.

    keep: how many runs stay there, this one among them; older ones are removed. 0: all stay.
    Two runs that start in the same second get folders of their own (-2, -3 ...). Where root
    cannot be written the folder is made in the system's temporary folder and `note` says so: a
    run is not stopped by its disk. UserError for a name that is no name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot name a run",
            why="A run's name has 1 to 40 characters of a-z, 0-9 and inner dashes.",
        )
    root = Path(root)
    try:
        path = _make_folder(name, root)
    except OSError as error:
        root = Path(tempfile.mkdtemp(prefix="quelea-runs-"))
        note = f"{error.filename or root}: {error.strerror}; the run is in {root}"
        return RunFolder(name, _make_folder(name, root), note)
    _link_latest(root, path)
    if keep:
        prune(root, keep - 1, FILE, but=path)
    return RunFolder(name, path)


def _make_folder(name: str, root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    stem = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}"
    for number in range(1, SAME_SECOND_MAX + 1):
        path = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            continue
    raise OSError(0, f"more than {SAME_SECOND_MAX} runs in one second", str(root / stem))


def _link_latest(root: Path, path: Path) -> None:
    """Point root/latest to path in one step, whoever else does the same."""
    made = root / f".{LATEST}-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        made.symlink_to(path.name, target_is_directory=True)
        made.replace(root / LATEST)
    except OSError:  # no links here, or a folder of that name: find_run takes the newest run
        made.unlink(missing_ok=True)


def find_run(run: Path | str | None = None, root: Path | str = ROOT) -> Path:
    """Return the journal's path of a run: a folder, a file, or a name below root.

    None is the newest run. UserError when there is none.
    """
    root = Path(root)
    if run is None:
        latest = root / LATEST / FILE
        if latest.is_file():
            return latest.resolve()
        # folders are named by time; those of one second by number
        found = sorted(root.glob(f"*/{FILE}"), key=lambda path: (path.stat().st_mtime, path))
        if found:
            return found[-1]
        raise UserError(
            "no run has left a journal here",
            where=str(root),
            remedy="start one with `quelea fleet`, or name a run's folder.",
        )
    for path in (Path(run), root / run):
        if path.is_file():
            return path
        if (path / FILE).is_file():
            return path / FILE
    raise UserError(
        f"there is no run {str(run)!r}",
        where=str(root),
        why=f"Runs there: {', '.join(_names(root)) or 'none'}.",
        remedy="name a run's folder, its journal.sqlite, or leave the name out for the newest.",
    )


def _names(root: Path, newest: int = 5) -> list[str]:
    return sorted({path.parent.name for path in root.glob(f"*/{FILE}")} - {LATEST})[-newest:]


def begin(
    recorder: Recorder,
    *,
    name: str,
    nodes: Sequence[NodeRow] = (),
    seed: int | None = None,
    settings: Any = None,
    topology: Any = None,
    command: Sequence[str] | None = None,
) -> None:
    """Record what a run is: schema.RUN_KEYS from name to liars, and its members."""
    recorder.run("name", name)
    recorder.run("pid", os.getpid())
    recorder.run("started", datetime.now(UTC).isoformat(timespec="milliseconds"))
    recorder.run("version", quelea.__version__)
    recorder.run("git", git_commit())
    recorder.run("command", list(sys.argv if command is None else command))
    recorder.run("seed", seed)
    recorder.run("settings", settings)
    recorder.run("topology", topology)
    recorder.run("liars", [node.number for node in nodes if node.liar])
    recorder.nodes(nodes)


def git_commit() -> str | None:
    """Return the commit of the source tree that this code runs from, or None outside one."""
    here = Path(__file__).resolve().parent
    if not (here.parents[2] / ".git").exists():
        return None  # installed: a repository around the environment would be somebody else's
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=GIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
