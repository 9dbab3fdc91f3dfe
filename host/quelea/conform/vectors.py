"""Vectors on a target: the files of quelea_proto/vectors, as literals that all runtimes read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import quelea_proto

from quelea.conform.targets.base import DoesNotFit, Files, Target, TargetError

FOLDER = Path(quelea_proto.__file__).parent / "vectors"
ROWS = "rows.txt"
CHUNK_CHARS = 2_000_000
LINE_CHARS_SMALL = 1200  # a longer line may not fit a small heap and goes alone
FRAME_CHARS_SMALL = 400  # beside the code of frames there is little room
CHUNK_CHARS_SMALL = 6_000  # what a micro:bit keeps in its flash beside the code is 30 KB
TIMEOUT_S = 20.0
DEVICE = "quelea.conform.device"


@dataclass(frozen=True)
class Batch:
    """Rows for one script. name: as reported; groups: rows that must stay together, as text."""

    name: str
    source: str  # the vector file
    script: str
    groups: tuple[str, ...]
    small_chars: int = CHUNK_CHARS_SMALL  # rows at once on a small heap; known to fit, or halved

    def chunks(self, chars_max: int) -> list[tuple[str, ...]]:
        """Return the groups in tuples of at most chars_max; for a small heap long lines alone."""
        line_chars_max = CHUNK_CHARS if chars_max == CHUNK_CHARS else LINE_CHARS_SMALL
        chunks: list[tuple[str, ...]] = []
        alone: list[tuple[str, ...]] = []
        size = chars_max
        for group in self.groups:
            if max(map(len, group.splitlines())) > line_chars_max:
                alone.append((group,))
                continue
            size += len(group)
            if size > chars_max:
                chunks.append(())
                size = len(group)
            chunks[-1] += (group,)
        return chunks + alone


def _lines(folder: Path, name: str) -> list[tuple[int, dict[str, Any]]]:
    text = (folder / name).read_text(encoding="ascii")
    return [(number, json.loads(line)) for number, line in enumerate(text.splitlines(), 1)]


def _literal(*values: object) -> str:
    return repr(values).replace(" ", "") + "\n"


def _rule_batches(folder: Path) -> Iterator[Batch]:
    by_rule: dict[str, list[str]] = {}
    for number, row in _lines(folder, "rules.jsonl"):
        text = _literal(
            number, row["own_q"], [*row["values_q"], 0], row["faults_max"], row["estimate_q"]
        )
        by_rule.setdefault(row["rule"], []).append(text)
    for rule, texts in by_rule.items():
        script = (
            f"from {DEVICE}.vec_rule import run\n"
            f"from quelea_proto.rules.{rule.replace('-', '_')} import apply\n"
            f"run(apply, {ROWS!r})\n"
        )
        yield Batch(f"rule {rule}", "rules.jsonl", script, tuple(texts))


def _fixed_batches(folder: Path) -> Iterator[Batch]:
    texts, checksums, operations = [], [], set()
    for number, row in _lines(folder, "fixed.jsonl"):
        if row["op"] == "crc16":
            checksums.append(_literal(number, row["args"][0], row["result"]))
        else:
            texts.append(_literal(number, row["op"], row["args"], row["result"]))
            operations.add(row["op"])
    names = ", ".join(sorted(operations))
    table = ", ".join(f"{name!r}: {name}" for name in sorted(operations))
    script = (
        f"from {DEVICE}.vec_fixed import run\n"
        f"from quelea_proto.fixed import {names}\n"
        f"run({{{table}}}, {ROWS!r})\n"
    )
    yield Batch("fixed point", "fixed.jsonl", script, tuple(texts))
    script = f"from {DEVICE}.vec_crc import run\nrun({ROWS!r})\n"
    yield Batch("checksum", "fixed.jsonl", script, tuple(checksums))


FLOW_OPS = ("new", "input", "drop", "move", "hear")


def _flow_row(number: int, row: dict[str, Any]) -> str:
    op = row["op"]
    fields: list[object] = [number, FLOW_OPS.index(op), row["estimate_q"]]
    if op == "new":
        fields += [row["node"], tuple(row["neighbours"]), row["input_q"]]
    elif op == "input":
        fields.append(row["input_q"])
    else:
        fields += [row["slot"], *row["after"]]
    if op == "move":
        fields.append(row["took"])
    elif op == "hear":
        fields += [row[key] for key in ("count", "value_q", "flow_q", "turn", "residue")]
    return _literal(*fields)


def _flow_batch(folder: Path) -> Batch:
    """Each node's life by itself. Rows of op `sum` are left out: the others say the same."""
    lives: list[str] = []
    current: dict[tuple[str, int], int] = {}  # (case, node) -> its newest life
    for number, row in _lines(folder, "flows.jsonl"):
        if row["op"] == "sum":
            continue
        who = (row["case"], row["node"])
        if row["op"] == "new":
            current[who] = len(lives)
            lives.append("")
        lives[current[who]] += _flow_row(number, row)
    script = f"from {DEVICE}.vec_flows import run\nrun({ROWS!r})\n"
    return Batch("flows", "flows.jsonl", script, tuple(lives))


def _frame_batches(folder: Path) -> Iterator[Batch]:
    """One script reads and one writes: together they do not fit the micro:bit."""
    texts, taken = [], []
    for number, row in _lines(folder, "frames.jsonl"):
        fields = None
        if row["cause"] == "ok":
            keys = ("node", "session", "epoch", "seq", "input_q", "value_q")
            columns = [row[key] for key in ("used", "flow_q", "turn", "residue")]
            fields = (row["kind"], row["flags"], [row[key] for key in keys], *columns)
            taken.append(_literal(number, row["hex"], row["cause"], fields))
        texts.append(_literal(number, row["hex"], row["cause"], fields))
    script = f"from {DEVICE}.vec_unpack import run\nrun({ROWS!r})\n"
    yield Batch("frames read", "frames.jsonl", script, tuple(texts), FRAME_CHARS_SMALL)
    script = f"from {DEVICE}.vec_pack import run\nrun({ROWS!r})\n"
    yield Batch("frames written", "frames.jsonl", script, tuple(taken), FRAME_CHARS_SMALL)


def _topic_batch(folder: Path) -> Batch:
    texts = []
    for number, row in _lines(folder, "topics.jsonl"):
        parts = None if row["parts"] is None else tuple(row["parts"])
        texts.append(repr((number, row["op"], row["topic"], parts)) + "\n")
    script = f"from {DEVICE}.vec_topics import run\nrun({ROWS!r})\n"
    return Batch("topics", "topics.jsonl", script, tuple(texts))


def batches(folder: Path = FOLDER) -> list[Batch]:
    """Return all vectors of the folder, in the form that the device scripts read."""
    return [
        *_fixed_batches(folder),
        *_rule_batches(folder),
        _flow_batch(folder),
        *_frame_batches(folder),
        _topic_batch(folder),
    ]


@dataclass
class Answer:
    """What became of a batch. wrong: one line a mismatch; left_out: one line a chunk."""

    rows: int = 0
    wrong: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def _ask(target: Target, files: Files, batch: Batch, rows: str, answer: Answer) -> None:
    printed = target.run({**files, ROWS: rows}, batch.script, TIMEOUT_S)
    counted = 0
    for line in printed.splitlines():
        word, _, rest = line.partition(" ")
        if word == "WRONG":
            number, _, got = rest.partition(" ")
            answer.wrong.append(f"{batch.source}:{number}: got {got}")
        elif word == "ROWS":
            counted = int(rest)
    if counted != rows.count("\n"):
        raise TargetError(f"{counted} of {rows.count(chr(10))} rows were answered", printed)
    answer.rows += counted


def run_batch(target: Target, files: Files, batch: Batch) -> Answer:
    """Return what the target answers; TargetError when it gives up.

    A chunk that does not fit a small heap is halved until the groups that cannot are found.
    """
    answer = Answer()
    chars_max = batch.small_chars if target.heap_small else CHUNK_CHARS
    waiting = batch.chunks(chars_max)
    while waiting:
        groups = waiting.pop(0)
        try:
            _ask(target, files, batch, "".join(groups), answer)
        except DoesNotFit as error:
            half = len(groups) // 2
            if half and not error.loading:
                waiting[:0] = [groups[:half], groups[half:]]
                continue
            first = groups[0][1:].partition(",")[0]
            rows = "".join(groups).count("\n")
            last = int(groups[-1].splitlines()[-1][1:].partition(",")[0])
            lines = f"line {first}" if rows == 1 else f"{rows} rows of lines {first} to {last}"
            answer.left_out.append(f"{batch.name}, {batch.source} {lines}: {error}")
    return answer
