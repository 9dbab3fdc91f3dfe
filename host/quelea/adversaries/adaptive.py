"""Adaptive: searches, for each neighbour, the claim that moves it furthest from the honest mean.

A line search of at most `steps` (default 20) trials from the honest mean outwards, doubling the
step while it helps and shrinking it by four fifths when not, as in byzfl's Optimal attacks. A
trial applies the fleet's own rule to what the neighbour would hear: all values known, its own,
and F times the claim.
"""

DIRECT = True
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the best claim found; away from the mean on the neighbour's own side."""
    honest_q = view.honest_q()
    if not honest_q:
        return None
    mean_q = view.mean_q()
    peer_q = view.peer_q(slot)
    sign = 1 if peer_q >= mean_q else -1
    best_q = mean_q
    best = -1
    reach_q = 0
    step_q = max(1, (view.hi_q - view.lo_q) // 8)
    for _ in range(view.options.get("steps", 20)):
        trial_q = view.inside(mean_q + sign * (reach_q + step_q))
        damage = _damage(view, honest_q, peer_q, trial_q, sign, mean_q)
        if damage > best:
            best = damage
            best_q = trial_q
            reach_q += step_q
            step_q *= 2
        else:
            step_q = max(1, step_q * 4 // 5)
    return best_q


def _damage(  # type: ignore[no-untyped-def]
    view, honest_q: list[int], peer_q: int, trial_q: int, sign: int, mean_q: int
) -> int:
    """Return how far on its side of the mean a neighbour at peer_q would be after this claim."""
    faults_max = view.agent.settings.faults_max
    heard = len(view.agent.settings.numbers)
    # as many honest values as a neighbour hears, spread evenly over those known, its own left out
    wanted = min(len(honest_q), max(1, heard - faults_max))
    values_q = [honest_q[at * len(honest_q) // wanted] for at in range(wanted)]
    if peer_q in values_q and len(values_q) > 1:
        values_q.remove(peer_q)
    values_q += [trial_q] * faults_max
    count = len(values_q)
    values_q.append(0)  # rules ask for room for one more
    apply = getattr(view.agent.mode, "apply", None)
    if apply is None:
        return sign * (trial_q - mean_q)
    after_q: int = apply(peer_q, values_q, count, faults_max)
    return sign * (after_q - mean_q)
