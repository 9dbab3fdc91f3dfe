"""An adversary's own file asked node by node: for those that have no columns in claims.py.

What it sees stands for a liar that every honest node listens to: all honest values, the asked
node's value, and nothing that only a real node has. Slow: one call for each honest node.
"""

from types import ModuleType, SimpleNamespace

import numpy as np

from quelea.adversaries.forge import View
from quelea.attack.claims import Claim, Sight


def view_of(sight: Sight, rule: str = "wmsr") -> View:
    """Return what the file's claim_q(view, slot) is given; a slot is an honest node."""
    values_q = [int(value) for value in sight.own]
    numbers = tuple(range(1, len(values_q) + 1))
    agent = SimpleNamespace(
        settings=SimpleNamespace(
            node=len(values_q) + 1,
            numbers=numbers,
            lo_q=sight.lo,
            hi_q=sight.hi,
            faults_max=sight.faults_max,
            rule=rule,
            epoch_rounds=sight.rounds,
        ),
        session=1,
        epoch=0,
        value_q=sight.mean,
        input_q=int(sight.first[0]),
        mode=SimpleNamespace(rounds=sight.at + 1),
        neighbours=SimpleNamespace(
            numbers=numbers,
            live=[1] * len(values_q),
            epoch=[0] * len(values_q),
            value_q=values_q,
        ),
    )
    view = View(agent, {})
    view.round = sight.at + 1
    return view


def ask(lie: ModuleType, sight: Sight) -> Claim:
    """Return the claim of an adversary module with claim_q: a number, a column or silence."""
    view = view_of(sight)
    if not lie.DIRECT:
        claim_q = lie.claim_q(view, -1)
        return None if claim_q is None else int(claim_q)
    claims_q = [lie.claim_q(view, slot) for slot in range(len(sight.own))]
    if any(claim_q is None for claim_q in claims_q):
        return None
    return np.array(claims_q, dtype=np.int32)
