"""What a conformance run found, for people and as one JSON object."""

from dataclasses import dataclass, field
from typing import Any

from quelea.conform.coverage import Coverage
from quelea.conform.difference import Difference
from quelea.conform.targets.base import Description

WRONG_SHOWN_MAX = 5
DIFFERENCE_LINES_MAX = 60


@dataclass
class TargetReport:
    """One target. reason: why it did not run, "" when it did; asked: it was named by the user."""

    name: str
    asked: bool
    reason: str = ""
    description: Description | None = None
    vector_rows: int = 0
    scripts: int = 0
    script_lines: int = 0
    trace_cases: int = 0
    node_rounds: int = 0
    node_rounds_asked: int = 0
    trace_s: float = 0.0
    wrong: list[str] = field(default_factory=list)  # vectors and scripts, a line each
    difference: Difference | None = None
    left_out: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        """Everything that was compared: rows, scripts and traced cases."""
        return self.vector_rows + self.scripts + self.trace_cases

    def checks(self) -> list[dict[str, Any]]:
        """Return the checks of this target, as --json gives them."""
        if self.reason:
            return [_check(f"{self.name}: available", False, 1, "target")] if self.asked else []
        bits = self.difference.bits if self.difference else 0
        rows = [
            _check(f"{self.name}: vectors and scripts differing", len(self.wrong), 0, "case"),
            _check(f"{self.name}: differing bits", bits, 0, "bit"),
        ]
        if self.node_rounds_asked:
            enough = self.node_rounds >= self.node_rounds_asked or self.difference is not None
            rows.append(
                _check(
                    f"{self.name}: node-rounds", self.node_rounds, self.node_rounds_asked,
                    "round", ok=enough,
                )
            )  # fmt: skip
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return the target's part of the JSON object."""
        who = self.description
        return {
            "target": self.name,
            "available": not self.reason,
            "reason": self.reason,
            "runtime": who.name if who else "",
            "version": who.version if who else "",
            "small_int_bits": who.small_int_bits if who else 0,
            "cases": self.cases,
            "vector_rows": self.vector_rows,
            "scripts": self.scripts,
            "trace_cases": self.trace_cases,
            "node_rounds": self.node_rounds,
            "us_per_node_round": round(self.us_per_round, 1),
            "differing_bits": self.difference.bits if self.difference else 0,
            "wrong": self.wrong,
            "first_difference": _difference_dict(self.difference),
            "left_out": self.left_out,
        }

    @property
    def us_per_round(self) -> float:
        """Wall time of a traced node-round on this target, generator included."""
        return self.trace_s * 1e6 / self.node_rounds if self.node_rounds else 0.0


def _difference_dict(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {"where": difference.where, "lines": list(difference.lines)}


def _check(
    name: str, value: object, bound: object, unit: str, ok: bool | None = None
) -> dict[str, Any]:
    holds = value == bound if ok is None else ok
    return {"name": name, "ok": holds, "value": value, "bound": bound, "unit": unit}


@dataclass
class Report:
    """A whole run. against: who the traces were compared with."""

    seed: int
    against: str
    targets: list[TargetReport] = field(default_factory=list)
    coverage: Coverage | None = None

    def checks(self) -> list[dict[str, Any]]:
        """Return all checks: those of the targets, and that at least one of them ran."""
        ran = sum(not target.reason for target in self.targets)
        rows = [_check("targets that ran", ran, 1, "target", ok=ran >= 1)]
        return rows + [check for target in self.targets for check in target.checks()]

    @property
    def verdict(self) -> bool:
        """Return whether every check holds."""
        return all(check["ok"] for check in self.checks())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of --json."""
        found = self.coverage
        return {
            "verdict": self.verdict,
            "checks": self.checks(),
            "seed": self.seed,
            "compared_with": self.against,
            "targets": [target.to_dict() for target in self.targets],
            "requirements": found
            and {
                "total": len(found.required),
                "tested": len(found.required) - len(found.missing),
                "missing": found.missing,
                "unknown": found.unknown,
            },
        }

    def text(self) -> str:
        """Return the report for people, lines of at most 99 columns but for data."""
        lines = [
            f"Conformance with {self.against}, seed {self.seed}",
            "",
            f"{'target':<14}{'runtime':<22}{'int bits':>8}{'rows':>7}{'scripts':>8}"
            f"{'node-rounds':>13}{'us/round':>9}  differing bits",
        ]
        lines += [_row(target) for target in self.targets]
        for target in self.targets:
            lines += _details(target)
        if self.coverage is not None:
            lines += ["", _coverage_line(self.coverage)]
        verdict = "zero differing bits" if self.verdict else "NOT conforming"
        return "\n".join([*lines, "", f"verdict: {verdict}", ""])


def _row(target: TargetReport) -> str:
    if target.reason or target.description is None:
        return f"{target.name:<14}not run: {target.reason.splitlines()[0]}"
    who = target.description
    bits = target.difference.bits if target.difference else 0
    said = f"{bits}" if not target.wrong else f"{bits}, and {len(target.wrong)} cases wrong"
    return (
        f"{target.name:<14}{who.name + ' ' + who.version:<22}{who.small_int_bits or '-':>8}"
        f"{target.vector_rows:>7}{target.scripts:>8}{target.node_rounds:>13,}"
        f"{target.us_per_round:>9.0f}  {said}"
    )


def _details(target: TargetReport) -> list[str]:
    lines = []
    if target.wrong:
        lines += ["", f"{target.name}: wrong, the first of {len(target.wrong)}"]
        lines += [f"  {line}" for line in target.wrong[:WRONG_SHOWN_MAX]]
    if target.difference is not None:
        lines += ["", f"first difference: {target.difference.where}"]
        lines += [f"  {line}" for line in target.difference.lines[:DIFFERENCE_LINES_MAX]]
    if target.left_out:
        lines += ["", f"{target.name}: left out"]
        lines += [f"  {line}" for line in _by_reason(target.left_out)]
    return lines


def _by_reason(left_out: list[str]) -> list[str]:
    """Return the lines "what: reason" with those of one reason joined."""
    joined: dict[str, list[str]] = {}
    for line in left_out:
        what, _, reason = line.partition(": ")
        joined.setdefault(reason, []).append(what)
    return [f"{', '.join(what)}: {reason}" for reason, what in joined.items()]


def _coverage_line(found: Coverage) -> str:
    total = len(found.required)
    line = f"requirements with a test: {total - len(found.missing)} of {total}"
    if found.missing:
        line += "; none for " + ", ".join(found.missing)
    if found.unknown:
        line += "; unknown in tests: " + ", ".join(found.unknown)
    return line
