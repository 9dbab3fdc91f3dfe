"""Ben-Or's randomised Byzantine agreement, many runs in step, against an all-seeing adversary.

Ben-Or 1983, the Byzantine form for n > 5f. A round: (1) each node reports its value and waits for
n - f reports; more than (n + f) / 2 alike: it proposes that value, else nothing. (2) It waits for
n - f proposals: more than (n + f) / 2 for a value decide it, f + 1 make the node keep it, else it
tosses its coin. The adversary writes the f liars' messages and chooses, for every receiver, which
f messages come too late.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.quantum.interface import UNDECIDED, Bits, Coin

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """What the runs came to, one entry a run.

    tosses: rounds in which nodes needed the coin, up to the decision; decided: all honest nodes;
    broken: two honest nodes decided differently.
    """

    tosses: NDArray[np.int64]
    decided: Bools
    broken: Bools
    values: Bits


def late(preferred: Bools, faults: int) -> Bools:
    """Return which `faults` senders are late: the preferred ones first; shape as given."""
    first = np.cumsum(preferred, axis=-1)
    rest = first[..., -1:] + np.cumsum(~preferred, axis=-1)
    return np.where(preferred, first, rest) <= faults


def count(messages: Bits, is_late: Bools, value: int) -> NDArray[np.int64]:
    """Return how many messages in time carry the value; senders are the last axis."""
    counts: NDArray[np.int64] = ((messages == value) & ~is_late).sum(axis=-1)
    return counts


class Adversary:
    """Keeps every honest node but one, the scout, from proposing; feeds that proposal to `keep`.

    So `keep` nodes hold the leading value whatever the coin shows, and the coin has to hit it.
    """

    def __init__(self, honest: int, faults: int) -> None:
        self.honest, self.faults = honest, faults

    def leading(self, values: Bits) -> Bits:
        """Return the value of the most honest nodes, shape (runs,)."""
        lead: Bits = (2 * values.sum(axis=1) > self.honest).astype(np.int8)
        return lead

    def reports(self, values: Bits, leading: Bits) -> tuple[Bits, Bools]:
        """Return (messages, late) of step 1, shape (runs, receivers, senders)."""
        runs = len(values)
        shape = (runs, self.honest, self.honest + self.faults)
        scout = np.arange(self.honest)[None, :, None] == 0
        lead = leading[:, None, None]
        messages = np.empty(shape, np.int8)
        messages[:, :, : self.honest] = values[:, None, :]
        messages[:, :, self.honest :] = np.where(scout, lead, 1 - lead)
        return messages, late((messages == lead) != scout, self.faults)

    def proposals(
        self, proposed: Bits, leading: Bits, keep: NDArray[np.int64]
    ) -> tuple[Bits, Bools]:
        """Return (messages, late) of step 2; UNDECIDED proposes nothing."""
        runs = len(proposed)
        fed = np.arange(self.honest)[None, :, None] < keep[:, None, None]
        messages = np.empty((runs, self.honest, self.honest + self.faults), np.int8)
        messages[:, :, : self.honest] = proposed[:, None, :]
        messages[:, :, self.honest :] = np.where(fed, leading[:, None, None], UNDECIDED)
        return messages, late((messages != UNDECIDED) != fed, self.faults)

    def keep(self, leading: Bits, coming: Bits | None) -> NDArray[np.int64]:
        """Return how many nodes shall keep the leading value: one, the least that hinders.

        coming: the next round's coin, if known: then the majority after this round is made the
        other value.
        """
        if coming is None:
            return np.ones(len(leading), np.int64)
        return np.where(leading != coming, self.honest // 2 + 1, 1)


def split(honest: int, runs: int, leading: Bits | None) -> Bits:
    """Return the worst inputs: one more of a value (drawn 1, or as given) than of the other."""
    lead = np.ones(runs, np.int8) if leading is None else leading
    first = np.arange(honest) <= honest // 2
    return np.where(first[None, :], lead[:, None], 1 - lead[:, None]).astype(np.int8)


def step(values: Bits, coin: Coin, adversary: Adversary) -> tuple[Bits, Bits]:
    """Do one round; return (values, decisions), UNDECIDED where none."""
    honest, faults = adversary.honest, adversary.faults
    enough = honest + 2 * faults  # n + f, against twice a count
    leading = adversary.leading(values)
    messages, is_late = adversary.reports(values, leading)
    ones, zeros = (2 * count(messages, is_late, bit) > enough for bit in (1, 0))
    proposed = np.where(ones, 1, np.where(zeros, 0, UNDECIDED)).astype(np.int8)
    tossed = coin.toss(leading, honest, faults)
    # Asked after the toss, so this is the next round's coin.
    keep = adversary.keep(leading, coin.foreseen(len(values), honest, faults))
    messages, is_late = adversary.proposals(proposed, leading, keep)
    ones_count, zeros_count = (count(messages, is_late, bit) for bit in (1, 0))
    kept = np.where(ones_count > faults, 1, np.where(zeros_count > faults, 0, tossed))
    decided = np.where(
        2 * ones_count > enough, 1, np.where(2 * zeros_count > enough, 0, UNDECIDED)
    )
    return kept.astype(np.int8), decided.astype(np.int8)


def agree(
    coin: Coin, nodes: int = 11, faults: int = 2, runs: int = 400, rounds_max: int = 20_000,
    inputs: Bits | None = None,
) -> Agreement:  # fmt: skip
    """Run to the decision of all honest nodes or to rounds_max.

    inputs: shape (runs, nodes - faults); default: the worst, known coins taken into account.
    UserError unless nodes > 5 faults.
    """
    if faults < 1 or nodes <= 5 * faults:
        raise UserError(f"{nodes} nodes, {faults} liars", "", "Ben-Or needs n > 5 f and f >= 1")
    honest = nodes - faults
    adversary = Adversary(honest, faults)
    known = coin.foreseen(runs, honest, faults)
    values = inputs
    if values is None:
        values = split(honest, runs, None if known is None else (1 - known).astype(np.int8))
    values = values.copy()
    decisions = np.full((runs, honest), UNDECIDED, np.int8)
    tosses = np.zeros(runs, np.int64)
    everyone = going = np.arange(runs)
    for _ in range(rounds_max):
        values[going], decided = step(values[going], coin, adversary)
        before = decisions[going]
        decisions[going] = np.where(before == UNDECIDED, decided, before)
        undecided = (decisions == UNDECIDED).any(axis=1)
        tosses += undecided
        if not undecided.any():
            break
        # A coin that is known ahead belongs to its run, so there all runs go on.
        going = np.flatnonzero(undecided) if known is None else everyone
    made = decisions != UNDECIDED
    broken = ((decisions == 1) & made).any(axis=1) & ((decisions == 0) & made).any(axis=1)
    return Agreement(tosses, made.all(axis=1), broken, decisions)
