"""A measured figure beside its theory: three sigma, confidence bounds, one second look.

Of figures that are right, 0.27 % fall outside of three sigma; a run has some hundred. So one that
falls outside is measured again by itself with four times the shots and judged by that alone; the
figure then says `again`. A wrong figure fails both times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SIGMAS = 3.0
P_MIN = 0.0027  # of a chi-square test: what three sigma are to a normal variable
AGAIN = 4  # times the shots at a second look

Draw = Callable[[int, np.random.Generator], NDArray[np.float64]]


@dataclass(frozen=True)
class Figure:
    """One measured number. value, theory, low, high in `unit`; low..high: 99.73 % confidence.

    relation: "3 sigma", ">=", "<=" or "=": what `ok` says of value against theory.
    """

    section: str
    name: str
    value: float
    theory: float
    low: float
    high: float
    count: int
    ok: bool
    relation: str = "3 sigma"
    unit: str = "probability"
    again: bool = False
    series: str = ""  # the curve of the picture that it is a point of
    at: float = 0.0  # its place along the curve

    def on(self, series: str, at: float) -> Figure:
        """Return the figure as a point of a curve."""
        return replace(self, series=series, at=at)

    def as_check(self) -> dict[str, object]:
        """Return the figure as one of a command's checks."""
        return {
            "name": f"{self.section}: {self.name}", "ok": self.ok, "value": self.value,
            "bound": self.theory, "unit": self.unit, "relation": self.relation, "low": self.low,
            "high": self.high, "count": self.count, "again": self.again,
        }  # fmt: skip


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return a generator of its own for every figure, so that none depends on another."""
    return np.random.default_rng([seed, crc32("/".join(names).encode())])


def wilson(hits: float, count: int) -> tuple[float, float]:
    """Return Wilson's 99.73 % interval of a probability."""
    share, z2 = hits / count, SIGMAS**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = SIGMAS * sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def _near(value: float, theory: float, sigma: float) -> bool:
    return abs(value - theory) <= SIGMAS * sigma + 1e-12


def probability(
    section: str, name: str, theory: float, draw: Draw, shots: int, seed: int
) -> Figure:
    """Measure a share of hits; draw(shots, random) returns them as 0 and 1, at least `shots`."""
    for again in (False, True):
        hits = draw(shots * (AGAIN if again else 1), stream(seed, section, name, str(again)))
        count, value = len(hits), float(np.mean(hits))
        ok = _near(value, theory, sqrt(max(0.0, theory * (1 - theory)) / count))
        if ok:
            break
    low, high = wilson(float(np.sum(hits)), count)
    return Figure(section, name, value, theory, low, high, count, ok, again=again)


def mean(
    section: str, name: str, theory: float, draw: Draw, runs: int, seed: int, unit: str
) -> Figure:
    """Measure a mean; sigma is the sample's own standard error."""
    for again in (False, True):
        seen = draw(runs * (AGAIN if again else 1), stream(seed, section, name, str(again)))
        value, sigma = float(np.mean(seen)), float(np.std(seen, ddof=1) / sqrt(len(seen)))
        ok = _near(value, theory, sigma)
        if ok:
            break
    half = SIGMAS * sigma
    return Figure(
        section, name, value, theory, value - half, value + half, len(seen), ok,
        unit=unit, again=again,
    )  # fmt: skip


def independent(
    section: str, name: str, draw: Draw, shots: int, seed: int, wanted: bool = True
) -> Figure:
    """Test a table of counts (shape: settings, outcomes) for independence by chi-square.

    wanted: whether the outcomes are not to depend on the settings; else the test has to find it.
    """
    from scipy.stats import chi2_contingency

    for again in (False, True):
        table = draw(shots * (AGAIN if again else 1), stream(seed, section, name, str(again)))
        table = table[:, table.sum(axis=0) > 0]
        p_value = float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0
        ok = (p_value >= P_MIN) == wanted
        if ok:
            break
    return Figure(
        section, name, p_value, P_MIN, p_value, p_value, int(table.sum()), ok,
        ">=" if wanted else "<=", "p-value", again,
    )  # fmt: skip


def uniform(section: str, name: str, draw: Draw, shots: int, seed: int) -> Figure:
    """Test counts (shape: outcomes) for equal chances by chi-square."""
    from scipy.stats import chisquare

    for again in (False, True):
        counts = draw(shots * (AGAIN if again else 1), stream(seed, section, name, str(again)))
        p_value = float(chisquare(counts).pvalue)
        if p_value >= P_MIN:
            break
    return Figure(
        section, name, p_value, P_MIN, p_value, p_value, int(counts.sum()), p_value >= P_MIN,
        ">=", "p-value", again,
    )  # fmt: skip


def exact(
    section: str, name: str, value: float, bound: float, count: int, relation: str, unit: str
) -> Figure:
    """Compare without any spread; relation: "<=", ">=" or "="."""
    ok = {"<=": value <= bound, ">=": value >= bound, "=": value == bound}[relation]
    return Figure(section, name, value, bound, value, value, count, ok, relation, unit)
