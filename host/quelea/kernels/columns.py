"""A rule on many agents whose values are already gathered, one row a neighbour."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import FAULTS_MAX, NEIGHBOURS_MAX, Q_MAX, SUM_VALUES_MAX
from quelea_proto.rules import RULES, names

from quelea.errors import UserError
from quelea.kernels import _core

IntArray = NDArray[Any]  # int32 or int16, as each function says

# The rows' order is that of `enum rule` in src/kernel.h.
NUMBERS: tuple[str, ...] = (
    "mean", "trimmed-mean", "wmsr", "midpoint", "median", "trim-and-clip", "clipped-wmsr"
)  # fmt: skip
assert tuple(row[0] for row in RULES) == NUMBERS, "src/kernel.h: enum rule follows RULES"

THREADS_MAX = 64


@lru_cache(maxsize=256)
def _made(rule: str, received: int, faults_max: int, has_own: bool, isa: str) -> _core.Plan:
    """Return the plan, the same for the same question; isa: that of _core.used()."""
    del isa
    return _core.Plan(NUMBERS.index(rule), received, has_own, faults_max)


def plan(rule: str, received: int, faults_max: int, has_own: bool = True) -> _core.Plan:
    """Return a rule made ready for `received` values; refuses what no node could be asked."""
    if rule not in NUMBERS:
        raise UserError(f"{rule!r} is no rule", "rule", f"allowed: {names()}")
    most = NEIGHBOURS_MAX if has_own else SUM_VALUES_MAX
    if not 0 <= received <= most:
        raise UserError(f"{received} values for an agent", "values_q", f"0..{most} are allowed")
    if not 0 <= faults_max <= FAULTS_MAX:
        raise UserError(f"faults_max is {faults_max}", "faults_max", f"0..{FAULTS_MAX}")
    if not has_own and (rule != "trimmed-mean" or received < 2 * faults_max + 1):
        raise UserError(
            f"rule {rule} with F = {faults_max} on {received} values and no own value",
            "own_q",
            "only the trimmed mean of 2F + 1 values or more does without",
            "pass own_q",
        )
    return _made(rule, received, faults_max, has_own, _core.used())


def check_range(values_q: IntArray) -> None:
    """Refuse values outside |q| < 2^23; one pass over the memory."""
    if values_q.size and (int(values_q.max()) > Q_MAX or int(values_q.min()) < -Q_MAX):
        raise UserError(
            f"values from {values_q.min()} to {values_q.max()}",
            "values_q",
            f"|q| <= {Q_MAX}",
            "clamp them to the signal's range: numpy.clip(values_q, lo_q, hi_q)",
        )


def check_threads(threads: int) -> None:
    """Refuse a number of threads that cannot be meant."""
    if not 1 <= threads <= THREADS_MAX:
        raise UserError(f"{threads} threads", "threads", f"1..{THREADS_MAX}")


def _whole(array: Any, shape: tuple[int, ...], kind: np.dtype[Any], where: str) -> None:
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != kind:
        raise UserError(
            f"{where} is {getattr(array, 'dtype', type(array).__name__)} of shape "
            f"{getattr(array, 'shape', ())}",
            where,
            f"{kind} of shape {shape} is needed, as values_q",
        )
    if not array.flags.c_contiguous or not array.flags.aligned:
        raise UserError(f"{where} has gaps", where, remedy="numpy.ascontiguousarray")


def columns(
    rule: str,
    own_q: IntArray | None,
    values_q: IntArray,
    faults_max: int,
    *,
    out: IntArray | None = None,
    threads: int = 1,
) -> IntArray:
    """Return the rule's estimate for each of many agents.

    values_q: (k, agents), int32 or int16, any strides: for agents in rows pass `rows.T` (slower).
    own_q: (agents,) of the same type; None for the trimmed mean of the k values alone. |q| < 2^23.
    Agents with fewer than 2F + 1 values keep own_q. The result may be written over own_q.
    """
    shown = values_q if isinstance(values_q, np.ndarray) else np.empty(0)
    if shown.ndim != 2 or shown.dtype not in (np.dtype(np.int32), np.dtype(np.int16)):
        raise UserError(
            f"values_q is {shown.dtype} in {shown.ndim} dimensions",
            "values_q",
            "int32 or int16 of shape (values, agents) is needed",
            "values_q.astype(numpy.int32)",
        )
    check_threads(threads)
    lanes = (values_q.shape[1],)
    made = plan(rule, values_q.shape[0], faults_max, own_q is not None)
    if own_q is not None:
        _whole(own_q, lanes, values_q.dtype, "own_q")
    if out is None:
        out = np.empty(lanes, values_q.dtype)
    else:
        _whole(out, lanes, values_q.dtype, "out")
        if np.may_share_memory(out, values_q):
            raise UserError("out overlaps values_q", "out", remedy="give it memory of its own")
    if made.holds:
        np.copyto(out, values_q[0] if own_q is None else own_q)
    elif lanes[0]:
        _core.run_columns(made, values_q, own_q, out, threads)
    return out
