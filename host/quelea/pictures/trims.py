"""What a rule does with each received value, in a word or two; docs/protocol.md has the rules."""

from collections.abc import Sequence

KEPT = "kept"


def fates(rule: str, own_q: int, values_q: Sequence[int], faults_max: int) -> list[str]:
    """Return for each value what became of it; equal values are told apart by their order."""
    order = sorted(range(len(values_q)), key=lambda at: (values_q[at], at))
    if rule == "mean":
        return [KEPT] * len(values_q)
    if rule == "wmsr":
        return _wmsr(own_q, values_q, order, faults_max)
    if rule == "clipped-wmsr":
        out = _wmsr(own_q, values_q, order, faults_max)
        return _clipped(out, own_q, values_q, faults_max)
    if rule == "trim-and-clip":
        out = [KEPT] * len(values_q)
        _ends(out, order, faults_max)
        return _clipped(out, own_q, values_q, faults_max)
    return _with_own(rule, own_q, values_q, order, faults_max)


def _ends(out: list[str], order: Sequence[int], faults_max: int) -> None:
    for at in order[:faults_max]:
        out[at] = f"dropped: among the {faults_max} smallest"
    for at in order[len(order) - faults_max :]:
        out[at] = f"dropped: among the {faults_max} largest"


def _wmsr(own_q: int, values_q: Sequence[int], order: Sequence[int], faults_max: int) -> list[str]:
    out = [KEPT] * len(values_q)
    below = [at for at in order if values_q[at] < own_q][:faults_max]
    above = [at for at in reversed(order) if values_q[at] > own_q][:faults_max]
    for at in below:
        out[at] = f"dropped: among the {faults_max} smallest below its own"
    for at in above:
        out[at] = f"dropped: among the {faults_max} largest above its own"
    return out


def _clipped(out: list[str], own_q: int, values_q: Sequence[int], faults_max: int) -> list[str]:
    distances_q = sorted(abs(value_q - own_q) for value_q in values_q)
    tau_q = distances_q[len(values_q) - 2 * faults_max - 1]
    for at, value_q in enumerate(values_q):
        if out[at] == KEPT and abs(value_q - own_q) > tau_q:
            out[at] = f"clipped to {own_q + (tau_q if value_q > own_q else -tau_q):,}"
    return out


def _with_own(
    rule: str, own_q: int, values_q: Sequence[int], order: Sequence[int], faults_max: int
) -> list[str]:
    """The rules that sort the own value among the received: OWN stands for it."""
    own = len(values_q)
    among = sorted([*order, own], key=lambda at: (own_q if at == own else values_q[at], at))
    out = [KEPT] * (own + 1)
    if rule == "median":
        middle = {among[(own + 1) // 2], among[own // 2]}
        return [KEPT if at in middle else "not in the middle" for at in range(own)]
    _ends(out, among, faults_max)
    if rule == "midpoint":
        rest = among[faults_max : len(among) - faults_max]
        for at in rest[1:-1]:
            out[at] = "between the two ends that count"
    return out[:own]
