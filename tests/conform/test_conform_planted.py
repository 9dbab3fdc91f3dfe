"""A planted difference is found and told: in vectors and scripts, or only by whole-node traces."""

import re

import pytest
from conftest import need
from quelea.conform import stage
from quelea.conform.conform import compare_lines, conform
from quelea.conform.targets import CPython, Unix, Wasm
from quelea.conform.traces import Truth, run_traces

FILES = stage.program_files()

# (file, what stands there, what is planted): each leaves the results plausible.
MUTATIONS = (
    ("quelea_proto/fixed.py", "(total + (count >> 1)) // count", "total // count"),
    ("quelea_proto/rules/wmsr.py", "total = own_q", "total = values_q[0]"),
    ("quelea_proto/flows.py", "residue = total_q - step_q * part", "residue = 0"),
    ("quelea_proto/fixed.py", "diff >= TICKS_HALF", "diff > TICKS_MASK"),
    ("quelea_agent/neighbours.py", "TICKS_MASK > fresh_ms", "TICKS_MASK >= fresh_ms"),
    ("quelea_agent/neighbours.py", "self.suspicion[slot] += 1", "pass"),
    ("quelea_agent/consensus.py", "2 * self.faults_max + 1", "self.faults_max + 1"),
    ("quelea_agent/consensus.py", "found - 1 - self.faults_max", "found - 1"),
    ("quelea_agent/agent.py", "self.counters.add(count.LATE)", "pass"),
    ("quelea_agent/outbox.py", "j = i + self.random", "j = self.random"),
)


def planted(path, old, new):
    """Return the staged files with one change; the text to change must be there."""
    assert FILES[path].count(old) >= 1, f"{old!r} is no longer in {path}: choose another change"
    return {path: FILES[path].replace(old, new)}


@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: f"{change[0]}: {change[2]}")
def test_traces_find_every_planted_difference(change):
    answer = run_traces(CPython(), {**FILES, **planted(*change)}, Truth(1), 30_000)
    found = answer.difference
    assert found is not None and found.bits > 0
    assert "seed 1, case" in found.where and "step" in found.where
    assert any(line.startswith("setting rule") for line in found.lines)
    assert any("reference" in line and "target" in line for line in found.lines) or any(
        line.startswith("frame out, target") for line in found.lines
    )


@pytest.mark.parametrize("make", [CPython, Unix])
def test_a_changed_rounding_is_reported_on_each_target(make):
    target = make()
    reason = target.available()
    need(reason is None, target.name, reason or "")
    report = conform([target], 3000, 1, asked=True, changed=planted(*MUTATIONS[0]))
    part = report.targets[0]
    assert not report.verdict and part.difference is not None
    wrong = "\n".join(part.wrong)
    assert "rules.jsonl:" in wrong and "fixed.jsonl:" in wrong
    assert "script fixed_rounding, line" in wrong and "script rule_wmsr, line" in wrong
    assert "script topics_table" not in wrong  # what the change does not touch agrees
    text = report.text()
    assert "first difference" in text and "state before, reference:" in text
    value = next(line for line in part.difference.lines if line.startswith("value_q"))
    reference, there = re.findall(r"(?:reference|target) (-?\d+)", value)
    assert abs(int(reference) - int(there)) == 1  # one rounding


def test_the_first_differing_step_is_the_first():
    """Up to the step named, a run of the changed files prints the digests of the honest ones."""
    from quelea.conform.traces import SCRIPT

    files = {**FILES, **planted(*MUTATIONS[4])}
    found = run_traces(CPython(), files, Truth(1), 30_000).difference
    assert found is not None
    words = found.where.replace(",", "").split()
    case, step = int(words[-3]), int(words[-1])
    call = SCRIPT.format(call=f"print_steps(1, {case})")
    honest = CPython().run(FILES, call, 60).splitlines()
    changed = CPython().run(files, call, 60).splitlines()
    assert honest[:step] == changed[:step] and honest[step] != changed[step]


@pytest.mark.parametrize("make", [CPython, Unix])
def test_a_target_that_raises_is_reported_with_its_words(make):
    call = "self._schedule(now_ms)"
    late = f"{call}\n        if self.seq > 40:\n            raise KeyError('planted')"
    files = planted("quelea_agent/agent.py", f"        {call}\n", f"        {late}\n")
    target = make()
    reason = target.available()
    need(reason is None, target.name, reason or "")
    found = run_traces(target, {**FILES, **files}, Truth(1), 1000).difference
    assert found is not None and "the target gave up" in found.where
    assert int(re.findall(r"step (\d+)", found.where)[0]) > 40
    assert any("planted" in line for line in found.lines)


def test_an_integer_beyond_31_bits_is_found_where_it_costs_heap():
    """The result is the same everywhere, so only the heap of a 32-bit target tells."""
    target = Wasm()
    reason = target.available()
    need(reason is None, target.name, reason or "")
    wide = planted(MUTATIONS[0][0], MUTATIONS[0][1], "(2 * total + count) // (2 * count)")
    tests, kits = stage.portable_tests(stage.portable_folder())
    files = {**FILES, **kits, **wide}
    lines = target.run(files, tests["heap_steady"], 60).splitlines()
    assert "FAIL" in compare_lines("heap_steady", ["SKIP"], lines)
    assert run_traces(CPython(), files, Truth(1), 1000).difference is None


def test_lines_are_compared_and_fail_counts_everywhere():
    assert compare_lines("x", ["a", "b"], ["a", "b"]) == ""
    assert compare_lines("x", ["a", "b"], ["a"]) == "x, line 2: expected b, got (no line)"
    assert compare_lines("x", ["a"], ["a", "c"]) == "x, line 2: expected (no line), got c"
    assert compare_lines("x", ["FAIL z"], ["FAIL z"]) == "x, line 1: FAIL z"
    assert compare_lines("x", ["SKIP no heap"], ["bytes 0"]) == ""
    assert compare_lines("x", ["SKIP no heap"], ["FAIL bytes 8"]) == "x, line 1: FAIL bytes 8"
