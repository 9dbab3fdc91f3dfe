"""Rows on values that are already gathered: columns of a matrix, and single calls."""

import array
import importlib
from functools import partial
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from quelea import kernels
from quelea.kernels import _core
from quelea_proto.rules import RULES, find
from scipy.stats import trim_mean

from bench.measure import Row, after_others, cpu, per_call

VALUES, FAULTS = 16, 4
BIG, SMALL = 1_000_000, 10_000
Ints = NDArray[np.int32]


def optional(name: str) -> ModuleType | None:
    """Return a peer's module, or None if it is not installed, or only in part."""
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError):  # torch of one version and torchvision of another
        return None


def sort_mean(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Trimmed mean by sorting: also, word for word, what byzfl's TrMean does to numpy arrays."""
    kept = np.sort(values, axis=0)[FAULTS:-FAULTS]
    return np.asarray(kept.mean(axis=0), np.float64)


def partition_mean(values: Ints) -> NDArray[np.float64]:
    kept = np.partition(values, [FAULTS, VALUES - FAULTS - 1], axis=0)[FAULTS:-FAULTS]
    return np.asarray(kept.mean(axis=0), np.float64)


def half_up(means: NDArray[np.float64]) -> Ints:
    """Floats as we round: exact here, sums below 2^30 and a divisor of 8."""
    return np.floor(means + 0.5).astype(np.int32)


def must_equal(found: NDArray[np.generic], want: NDArray[np.generic], what: str) -> None:
    """Refuse to time what is wrong."""
    if not np.array_equal(found, want):
        raise AssertionError(f"{what}: results differ in {int((found != want).sum())} places")


def _matrix(agents: int, seed: int) -> Ints:
    draw = np.random.default_rng(seed)
    return draw.integers(-(1 << 22), 1 << 22, (VALUES, agents), dtype=np.int32)


def big_rows() -> list[Row]:
    """A million agents with 16 values: the memory's limit, and numpy and scipy."""
    values, out = _matrix(BIG, 1), np.empty(BIG, np.int32)
    name = f"trimmed mean {BIG:.0e} x {VALUES}, F={FAULTS}"

    def ours() -> None:
        kernels.columns("trimmed-mean", None, values, FAULTS, out=out)

    ours()
    must_equal(out, half_up(sort_mean(values)), "np.sort")
    must_equal(out, half_up(trim_mean(values, FAULTS / VALUES, axis=0)), "scipy")
    moved = (VALUES + 1) * BIG * 4  # bytes read and written by the rule
    half = np.ones(moved // 8, np.int32)
    copy = np.empty_like(half)
    whole, other = np.ones(VALUES * BIG, np.int32), np.empty(VALUES * BIG, np.int32)
    ours_s, copy_s, whole_s = cpu(
        [ours, lambda: np.copyto(copy, half), lambda: np.copyto(other, whole)], 40
    )
    peers_s = cpu([lambda: sort_mean(values), lambda: partition_mean(values)], 3)
    scipy_s = cpu([lambda: trim_mean(values, FAULTS / VALUES, axis=0)], 2)[0]
    cold_s, cold_copy_s, cold_sort_s = after_others(
        [ours, lambda: np.copyto(copy, half), lambda: sort_mean(values)],
        lambda: np.copyto(other, whole),
    )
    cold = f"{name}, after other work"
    most = "memcpy moving the same bytes"
    return [
        Row(name, ours_s, most, copy_s, ours_s / copy_s, "x its time", 1.3, True),
        Row(name, ours_s, "memcpy of the values", whole_s, ours_s / whole_s, "x its time"),
        Row(name, ours_s, "np.sort + mean", peers_s[0], peers_s[0] / ours_s, bound=15),
        Row(name, ours_s, "np.partition + mean", peers_s[1], peers_s[1] / ours_s),
        Row(name, ours_s, "scipy.stats.trim_mean", scipy_s, scipy_s / ours_s, bound=100),
        Row(cold, cold_s, most, cold_copy_s, cold_s / cold_copy_s, "x its time", 1.3, True),
        Row(cold, cold_s, "np.sort + mean", cold_sort_s, cold_sort_s / cold_s),
    ]


def small_rows() -> list[Row]:
    """16 x 10,000, which stays in the second cache: byzfl's case."""
    values, out = _matrix(SMALL, 2), np.empty(SMALL, np.int32)
    floats = values.astype(np.float64)
    byzfl = optional("byzfl")
    label, peer = "byzfl TrMean's numpy expression", sort_mean
    note = "byzfl itself: pip install '.[bench]'"
    if byzfl is not None:
        label, peer, note = "byzfl.TrMean", byzfl.TrMean(f=FAULTS), ""

    def ours() -> None:
        kernels.columns("trimmed-mean", None, values, FAULTS, out=out)

    ours()
    must_equal(out, half_up(np.asarray(peer(floats))), label)
    must_equal(out, half_up(np.asarray(peer(values))), label)
    ours_s, floats_s, ints_s = cpu([ours, lambda: peer(floats), lambda: peer(values)], 60)
    name = f"trimmed mean {SMALL} x {VALUES}"
    rows = [
        Row(name, ours_s, f"{label}, float64", floats_s, floats_s / ours_s, bound=30, note=note),
        Row(name, ours_s, f"{label}, int32", ints_s, ints_s / ours_s),
    ]
    torch = optional("torch")
    if byzfl is not None and torch is not None:
        torch.set_num_threads(1)
        small = values >> 7  # sums of 8 are exact in 24 bits
        given = torch.from_numpy(small.astype(np.float32))
        kernels.columns("trimmed-mean", None, small, FAULTS, out=out)
        must_equal(out, half_up(np.asarray(peer(given), np.float64)), "byzfl on torch")
        torch_s = cpu([lambda: peer(given)], 5)[0]
        of = f"{label}, torch float32"
        rows.append(Row(name, ours_s, of, torch_s, torch_s / ours_s, bound=30))
    bottleneck = optional("bottleneck")
    if bottleneck is not None:
        own = values[0].copy()
        must_equal(
            half_up(bottleneck.median(np.vstack([values, own[None]]), axis=0)),
            kernels.columns("median", own, values, 0),
            "bottleneck",
        )
        both = np.vstack([values, own[None]])
        works = [
            lambda: kernels.columns("median", own, values, 0, out=out),
            lambda: bottleneck.median(both, axis=0),
        ]
        median_s, peer_s = cpu(list(works), 9)
        rows.append(Row(f"median {SMALL} x 17", median_s, "bottleneck", peer_s, peer_s / median_s))
    return rows


def rule_rows() -> list[Row]:
    """Every rule for 16 neighbours and the own value."""
    rows = []
    values, own = _matrix(SMALL, 3), _matrix(SMALL, 4)[0].copy()
    for rule in [row[0] for row in RULES]:
        out = np.empty(SMALL, np.int32)
        ours = partial(kernels.columns, rule, own, values, 5, out=out)
        ours()
        column = [*values[:, 77].tolist(), 0]
        assert int(out[77]) == find(rule)[1](int(own[77]), column, VALUES, 5)
        ours_s, copy_s = cpu([ours, values.copy], 40)
        agent_ns = ours_s / SMALL * 1e9
        rows.append(Row(f"{rule} 16 + own, F=5", ours_s, "copy", copy_s, agent_ns, "ns an agent"))
    return rows


def wide_rows() -> list[Row]:
    """The trimmed mean of more values than registers hold: against sorting and selection."""
    rows = []
    for count in (33, 64, 127):
        draw = np.random.default_rng(5)
        wide = draw.integers(-(1 << 22), 1 << 22, (count, SMALL), dtype=np.int32)
        faults, out = count // 4, np.empty(SMALL, np.int32)
        last = count - faults
        ours = partial(kernels.columns, "trimmed-mean", None, wide, faults, out=out)

        def by_sort(wide: Ints = wide, first: int = faults, last: int = last) -> object:
            return np.sort(wide, axis=0)[first:last].mean(axis=0)

        def by_pick(wide: Ints = wide, first: int = faults, last: int = last) -> object:
            return np.partition(wide, [first, last - 1], axis=0)[first:last].mean(axis=0)

        ours()
        size = last - faults
        total = np.sort(wide, axis=0)[faults:last].sum(axis=0, dtype=np.int64)
        must_equal(out, (total + size // 2) // size, f"{count} values")
        ours_s, sort_s, pick_s = cpu([ours, by_sort, by_pick], 5)
        name = f"trimmed mean {SMALL} x {count}"
        rows.append(Row(name, ours_s, "np.sort + mean", sort_s, sort_s / ours_s))
        rows.append(Row(name, ours_s, "np.partition + mean", pick_s, pick_s / ours_s))
    return rows


def isa_rows() -> list[Row]:
    """The same work by each instruction set of this very build."""
    values, own, out = _matrix(SMALL, 6), _matrix(SMALL, 7)[0].copy(), np.empty(SMALL, np.int32)
    here = [name for name in kernels.ISAS if _core.available(name)]
    want = kernels.columns("trimmed-mean", own, values, 5)
    found: dict[str, float] = {}
    for name in here:
        _core.use(name)
        kernels.columns("trimmed-mean", own, values, 5, out=out)
        must_equal(out, want, name)
        work = [lambda: kernels.columns("trimmed-mean", own, values, 5, out=out)]
        found[name] = cpu(list(work), 40)[0]
    _core.use(kernels.ISA)
    best = here[0]
    return [
        Row(f"16 + own by {name}", found[name], best, found[best], found[best] / found[name])
        for name in here[1:]
    ]


def call_rows() -> list[Row]:
    """One agent, one call from Python."""
    draw = np.random.default_rng(8)
    values = draw.integers(-(1 << 22), 1 << 22, VALUES).tolist()
    own, faults = int(draw.integers(-(1 << 22), 1 << 22)), 5
    buffer = array.array("i", values)
    want = find("trimmed-mean")[1](own, [*values, 0], VALUES, faults)
    call = kernels.trimmed_mean
    assert call(own, values, faults) == call(own, buffer, faults) == want
    python = find("trimmed-mean")[1]
    both = [*values, own]
    scratch = [*values, 0]
    ours_s = per_call(lambda: call(own, values, faults), 20_000)
    wrap_s = per_call(lambda: None, 20_000)  # the lambda itself is not ours
    ours_s -= wrap_s
    buffer_s = per_call(lambda: call(own, buffer, faults), 20_000) - wrap_s
    python_s = per_call(lambda: python(own, scratch, VALUES, faults), 1_000)
    scipy_s = per_call(lambda: trim_mean(both, faults / 17), 100, 3)
    name = "one call, 16 values in a list"
    rows = [
        Row(name, ours_s, "160 ns", 160e-9, ours_s * 1e9, "ns", 160, True),
        Row(name, ours_s, "scipy.stats.trim_mean", scipy_s, scipy_s / ours_s, bound=1000),
        Row(name, ours_s, "quelea_proto in Python", python_s, python_s / ours_s),
        Row("the same in an array('i')", buffer_s, "list", ours_s, ours_s / buffer_s),
    ]
    bottleneck = optional("bottleneck")
    if bottleneck is not None:
        ready = np.array(both, np.float64)
        peer_s = per_call(lambda: bottleneck.median(ready), 20_000) - wrap_s
        rows.append(Row(name, ours_s, "bottleneck.median", peer_s, peer_s / ours_s))
    return rows
