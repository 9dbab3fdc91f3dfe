"""Whole-node traces: the same random cases on the reference and on a target, digests compared."""

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from quelea.conform.device import trace
from quelea.conform.difference import Difference, Step, compare
from quelea.conform.targets.base import Files, Target, TargetError

CASES_PER_CHUNK = 20  # about 5,500 node-rounds: half a second on the unix port
CASES_PER_CHUNK_BULK = 100
BULK_ROUNDS = 2_000_000  # from here on the reference runs in processes of its own
AHEAD = 2  # chunks under way at once: as many as cores
TIMEOUT_S = 600.0
PROGRESS_EVERY_S = 2.0
SCRIPT = "from quelea.conform.device import trace\ntrace.{call}\n"

Make = Callable[[dict[str, Any], int], Any]


def reference_name() -> str:
    """Return who the targets are compared with."""
    try:
        from quelea import reference
    except ModuleNotFoundError:
        return "the agent on CPython"
    return f"the reference ({reference.BACKEND})"


def make_reference(settings: dict[str, Any], session: int) -> Any:
    """Return the reference machine; the agent itself as long as there is none."""
    try:
        from quelea.reference import Machine
    except ModuleNotFoundError:
        return trace.make_agent(settings, session)
    return Machine(settings, session)


def reference_chunk(seed: int, first: int, count: int) -> list[str]:
    """Return the lines that the reference gives for the cases from first on."""
    lines = []
    for case in range(first, first + count):
        rounds, digest = trace.run_case(seed, case, make_reference)
        lines.append(f"C {case} {rounds} {digest}")
    return lines


def _rounds(lines: list[str]) -> int:
    return sum(int(line.split()[2]) for line in lines)


class Truth:
    """The reference's lines by chunk, computed once for all targets of a run.

    executor: where to compute them, for long runs; None: here.
    """

    def __init__(self, seed: int, executor: Executor | None = None) -> None:
        self.seed = seed
        self.cases = CASES_PER_CHUNK if executor is None else CASES_PER_CHUNK_BULK
        self._executor = executor
        self._futures: dict[int, Future[list[str]]] = {}
        self._lines: dict[int, list[str]] = {}

    def prepare(self, chunk: int) -> None:
        """Begin with a chunk in the background if there is an executor."""
        if self._executor is not None and chunk not in self._futures:
            task = (self.seed, chunk * self.cases, self.cases)
            self._futures[chunk] = self._executor.submit(reference_chunk, *task)

    def lines(self, chunk: int) -> list[str]:
        """Return the lines of a chunk."""
        self.prepare(chunk)
        if self._executor is not None:
            return self._futures[chunk].result()
        if chunk not in self._lines:
            self._lines[chunk] = reference_chunk(self.seed, chunk * self.cases, self.cases)
        return self._lines[chunk]


@dataclass
class TraceAnswer:
    """What became of the traces on a target. wall_s: on the target, generator included."""

    cases: int = 0
    rounds: int = 0
    wall_s: float = 0.0
    difference: Difference | None = None
    left_out: list[str] = field(default_factory=list)


def _script(call: str) -> str:
    return SCRIPT.format(call=call)


def _captured(call: Callable[[], None]) -> str:
    """Return what call prints; only for the thread that owns standard output."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        call()
    return text.getvalue()


def _first_differing(expected: list[str], got: list[str]) -> int:
    """Return the index of the first line that differs, or -1."""
    for at, line in enumerate(expected):
        if at >= len(got) or got[at] != line:
            return at
    return -1 if len(got) == len(expected) else len(expected)


def _gave_up(where: str, error: TargetError) -> Difference:
    return Difference(f"{where}: the target gave up", 1, tuple(str(error).splitlines()))


def explain(target: Target, files: Files, seed: int, case: int) -> Difference:
    """Return the first differing step of a case whose digests differ, with both states."""
    where = f"{target.name}: seed {seed}, case {case}"
    expected = _captured(lambda: trace.print_steps(seed, case, make_reference)).splitlines()
    try:
        got = target.run(files, _script(f"print_steps({seed}, {case})"), TIMEOUT_S).splitlines()
    except TargetError as error:
        got = error.printed.splitlines()
        if expected[: len(got)] == got:  # nothing differs before the step that fails
            return _gave_up(f"{where}, step {len(got)}", error)
    step = _first_differing(expected, got)
    if step < 0:
        return Difference(where, 1, ("run again it gives the same digests: not repeatable",))
    where = f"{where}, step {step}"
    one = _captured(lambda: trace.print_step(seed, case, step, make_reference))
    try:
        other = target.run(files, _script(f"print_step({seed}, {case}, {step})"), TIMEOUT_S)
    except TargetError as error:
        return _gave_up(where, error)
    return compare(where, Step.parse(one), Step.parse(other))


def _chunks(rounds_wanted: int, truth: Truth) -> Iterator[tuple[int, list[str]]]:
    """Yield (chunk, reference lines) until there are rounds enough, a chunk at least."""
    rounds, chunk = 0, 0
    while rounds < rounds_wanted or chunk == 0:
        for ahead in range(AHEAD):
            truth.prepare(chunk + ahead)
        lines = truth.lines(chunk)
        yield chunk, lines
        rounds += _rounds(lines)
        chunk += 1


def run_traces(
    target: Target,
    files: Files,
    truth: Truth,
    rounds_wanted: int,
    progress: Callable[[str], None] = lambda text: None,
) -> TraceAnswer:
    """Run at least rounds_wanted node-rounds on the target; stop at the first difference."""
    answer = TraceAnswer()
    began_s = said_s = time.monotonic()
    pending: list[tuple[list[str], Future[str]]] = []

    def take() -> None:
        lines, future = pending.pop(0)
        try:
            got = future.result().splitlines()
        except TargetError as error:
            got = error.printed.splitlines()
        at = _first_differing(lines, got)
        if at < 0:
            answer.cases += len(lines)
            answer.rounds += _rounds(lines)
            return
        case = int(lines[min(at, len(lines) - 1)].split()[1])
        answer.difference = explain(target, files, truth.seed, case)

    with ThreadPoolExecutor(AHEAD if target.parallel else 1) as pool:
        for chunk, lines in _chunks(rounds_wanted, truth):
            first = chunk * truth.cases
            call = _script(f"print_cases({truth.seed}, {first}, {truth.cases})")
            pending.append((lines, pool.submit(target.run, files, call, TIMEOUT_S)))
            if len(pending) >= AHEAD:
                take()
                if time.monotonic() >= said_s + PROGRESS_EVERY_S:
                    said_s = time.monotonic()
                    progress(f"{target.name}: {answer.rounds:,} of {rounds_wanted:,} node-rounds")
            if answer.difference is not None:
                break
        while pending and answer.difference is None:
            take()
    answer.wall_s = time.monotonic() - began_s
    return answer
