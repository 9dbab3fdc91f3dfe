"""The conformance run: vectors, portable tests and whole-node traces on every target."""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

from quelea.conform import stage, traces, vectors
from quelea.conform.coverage import coverage_of_tree
from quelea.conform.report import Report, TargetReport
from quelea.conform.targets import DoesNotFit, Files, Target, TargetError
from quelea.conform.targets.cpython import CPython

SCRIPT_TIMEOUT_S = 120.0
FAIL, SKIP = "FAIL", "SKIP"

Progress = Callable[[str], None]


def _first_line(error: Exception) -> str:
    return " / ".join(str(error).splitlines())[-300:]


def _run_vectors(target: Target, files: Files, report: TargetReport) -> None:
    for batch in vectors.batches():
        try:
            answer = vectors.run_batch(target, files, batch)
        except TargetError as error:
            report.wrong.append(f"vectors of {batch.name}: {_first_line(error)}")
            continue
        report.vector_rows += answer.rows
        report.wrong += answer.wrong
        report.left_out += answer.left_out


def _expected_lines(files: Files, tests: dict[str, str]) -> dict[str, list[str]]:
    """Return what CPython prints for each portable test; TargetError if one raises there."""
    judge = CPython()
    return {
        name: judge.run(files, text, SCRIPT_TIMEOUT_S).splitlines() for name, text in tests.items()
    }


def compare_lines(name: str, expected: list[str], got: list[str]) -> str:
    """Return "" if a script's lines are as expected, else where they are not.

    Lines that begin with FAIL are wrong whatever is expected; where CPython skips, only those
    count.
    """
    for at, line in enumerate(got, 1):
        if line.startswith(FAIL):
            return f"{name}, line {at}: {line}"
    if expected[:1] and expected[0].startswith(SKIP):
        return ""
    for at in range(max(len(expected), len(got))):
        one = expected[at] if at < len(expected) else "(no line)"
        other = got[at] if at < len(got) else "(no line)"
        if one != other:
            return f"{name}, line {at + 1}: expected {one}, got {other}"
    return ""


def _run_scripts(
    target: Target, files: Files, tests: dict[str, str], expected: dict[str, list[str]],
    report: TargetReport,
) -> None:  # fmt: skip
    for name, text in tests.items():
        try:
            got = target.run(files, text, SCRIPT_TIMEOUT_S).splitlines()
        except DoesNotFit as error:
            report.left_out.append(f"script {name}: {_first_line(error)}")
            continue
        except TargetError as error:
            report.wrong.append(f"script {name}: {_first_line(error)}")
            continue
        if got[:1] and got[0].startswith(SKIP):
            report.left_out.append(f"script {name}: {got[0].partition(' ')[2]}")
            continue
        report.scripts += 1
        report.script_lines += len(got)
        wrong = compare_lines(name, expected[name], got)
        if wrong:
            report.wrong.append(f"script {wrong}")


def _run_target(
    target: Target, files: Files, tests: dict[str, str], expected: dict[str, list[str]],
    truth: traces.Truth, node_rounds: int, report: TargetReport, progress: Progress,
) -> None:  # fmt: skip
    report.description = target.describe()
    progress(f"{target.name}: vectors")
    _run_vectors(target, files, report)
    progress(f"{target.name}: portable tests")
    _run_scripts(target, files, tests, expected, report)
    wanted = int(node_rounds * target.rounds_share)
    if target.heap_small:
        report.left_out.append("whole-node traces: the agent does not fit the heap")
    elif wanted:
        report.node_rounds_asked = wanted
        answer = traces.run_traces(target, files, truth, wanted, progress)
        report.trace_cases, report.node_rounds = answer.cases, answer.rounds
        report.trace_s, report.difference = answer.wall_s, answer.difference


def _ignore_interrupt() -> None:
    """Leave Ctrl-C to the parent, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def conform(
    targets: Sequence[Target],
    node_rounds: int,
    seed: int,
    asked: bool = False,
    progress: Progress = lambda text: None,
    changed: Files | None = None,
    tests_folder: Path | None = None,
    processes: int = 2,
) -> Report:
    """Hold every target to the vectors, the portable tests and the reference; return the report.

    node_rounds: for a target of full speed, slower ones take their share of it. seed: 0..2^30 - 1.
    asked: the targets were named, so that one which is not there is a failure. changed: staged
    files to replace, {path: text}, to plant a difference. tests_folder: of the portable tests,
    default tests/portable of the source tree. processes: for the reference in long runs.
    """
    report = Report(seed, traces.reference_name())
    folder = tests_folder or stage.portable_folder()
    tests, kits = stage.portable_tests(folder) if folder else ({}, {})
    honest = {**stage.program_files(), **kits}
    expected = _expected_lines(honest, tests)
    files = {**honest, **(changed or {})}
    with ExitStack() as stack:
        pool: Executor | None = None
        if node_rounds >= traces.BULK_ROUNDS:
            # Spawned, not forked: the run has threads by then.
            workers = ProcessPoolExecutor(
                processes, mp_context=get_context("spawn"), initializer=_ignore_interrupt
            )
            pool = stack.enter_context(workers)
        truth = traces.Truth(seed, pool)
        for target in targets:
            stack.callback(target.close)
            part = TargetReport(target.name, asked, target.available() or "")
            report.targets.append(part)
            if part.reason:
                continue
            try:
                _run_target(target, files, tests, expected, truth, node_rounds, part, progress)
            except TargetError as error:
                part.wrong.append(f"{target.name} gave up: {_first_line(error)}")
            if folder is None:
                part.left_out.append("portable tests: they are in the source tree only")
    root = Path(__file__).resolve().parents[3]
    report.coverage = coverage_of_tree(root)
    return report
