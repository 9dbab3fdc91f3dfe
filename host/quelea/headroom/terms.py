"""The terms of a membership: leases, how long a reclaim waits, what it may add with liars.

docs/safety.md has the argument; the board's side is firmware/quelea_agent/members.py.
"""

from dataclasses import dataclass

from quelea_proto.limits import PERIOD_MS_MAX

from quelea.errors import UserError
from quelea.headroom.plan import Member, Split

DRIFT_PERCENT = 1  # a clock is at most so wrong
MEMBERS_MAX = 24  # of a group whose members may change: what pulses take of a board's heap
LEASE_MS_MAX = 600_000


@dataclass(frozen=True)
class Terms:
    """lease_ms: a node that nobody answered for so long falls to its floor. watchdog_ms: a board
    that hangs, or has no power, holds nothing above its floor after it. majority: whether members
    may find one gone without the host."""

    lease_ms: int = 10_000
    watchdog_ms: int = 8_000
    majority: bool = False

    def wait_ms(self, period_ms: int, settle_rounds: int) -> int:
        """Return how long after the last answer to a node its account is closed at the earliest.

        Its lease, or its watchdog if that takes longer; a round until it looks at its clock, one
        more in which it does so late; what its load takes to follow. Its clock may be slow and
        the one that waits fast.
        """
        true_ms = max(self.lease_ms, self.watchdog_ms) + (2 + settle_rounds) * period_ms
        return -(-true_ms * (100 + DRIFT_PERCENT) // (100 - DRIFT_PERCENT))

    def check(self, count: int, period_ms: int, where: str) -> None:
        """Raise UserError for terms that a group of so many cannot keep."""
        if count > MEMBERS_MAX:
            raise UserError(
                f"{count} members with leases", where, f"at most {MEMBERS_MAX}", "split the group"
            )
        low_ms = 4 * period_ms
        if not low_ms <= self.lease_ms <= LEASE_MS_MAX or period_ms > PERIOD_MS_MAX:
            raise UserError(
                f"a lease of {self.lease_ms} ms at rounds of {period_ms} ms",
                where,
                f"{low_ms} to {LEASE_MS_MAX} ms: a few rows may get lost",
                "correct one of them",
            )


def quorum(voters: int, faults_max: int) -> int:
    """Return how many must stay: any two such sets share an honest member."""
    return (voters + faults_max) // 2 + 1


def leases(voters: int, faults_max: int) -> int:
    """Return how many, the node itself among them, must have heard a node that is not at its
    floor: more than can be gone, liars who answer all the same included."""
    return voters - quorum(voters, faults_max) + faults_max + 1


def reclaim_worst_q(members: tuple[Member, ...], line_q: int, faults_max: int) -> int:
    """Return the most that can be drawn once accounts of gone members were taken over.

    A liar that was taken for gone goes on drawing its reserve, and its initial headroom is
    somebody else's now; what it could add by its lines it adds no more. For each number of liars
    and of these that are gone, over the worst choice of them.
    """
    honest_q = sum(one.floor_q + one.initial_q for one in members)
    best: dict[tuple[int, int], int] = {(0, 0): 0}  # (liars, gone of them) -> most
    for one in members:
        extra_q = one.reserve_q - one.floor_q - one.initial_q
        for (liars, gone), most_q in sorted(best.items(), reverse=True):
            if liars == faults_max:
                continue
            for key, more_q in (
                ((liars + 1, gone), extra_q),
                ((liars + 1, gone + 1), extra_q + one.initial_q),
            ):
                best[key] = max(best.get(key, most_q + more_q), most_q + more_q)
    count = len(members)
    return honest_q + max(
        most_q + (liars - gone) * line_q * (count - liars)
        for (liars, gone), most_q in best.items()
    )


def check_floors(split: Split, floors_q: dict[int, int], percent: int, unit: str) -> None:
    """Raise UserError, with the numbers, for floors and a part of the limit that cannot be.

    floors_q: by node, of all members. percent: of the limit.
    """
    if not 0 <= percent <= 100:
        raise UserError(
            f"{percent} percent of the limit", "PERCENT", "0 to 100",
            "for more than there is now configure the group anew",
        )  # fmt: skip
    there_q = split.budget_q * percent // 100
    members = split.members
    for one in members:
        floor_q = floors_q.get(one.node, one.floor_q)
        # What liars hold back of the others' lines cannot be counted on.
        others = len(members) - 1 - split.faults_max
        most_q = min(split.budget_q, one.floor_q + one.initial_q + others * split.line_q)
        if not one.floor_q <= floor_q <= most_q:
            raise UserError(
                f"a floor of {floor_q} {unit} for node {one.node}", "FLOOR",
                f"{one.floor_q} (as configured: it holds though nobody hears anybody) to {most_q}",
                "configure the group anew for another range",
            )  # fmt: skip
    total_q = sum(floors_q.values())
    if total_q > there_q:
        over_q = total_q - there_q
        largest = max(members, key=lambda one: floors_q[one.node] - one.floor_q)
        free_q = floors_q[largest.node] - largest.floor_q
        raise UserError(
            f"the floors would add up to {total_q} {unit}, {over_q} too much", "FLOOR",
            f"at most {there_q}: {percent} % of {split.budget_q}",
            f"lower others by {over_q} first, such as node {largest.node}'s by up to {free_q}"
            if free_q else f"lower it by {over_q}, or leave more of the limit",
        )  # fmt: skip


def check_reclaim(split: Split, where: str) -> None:
    """Raise UserError, with the numbers, where taking over could exceed the limit."""
    worst_q = reclaim_worst_q(split.members, split.line_q, split.faults_max)
    if worst_q > split.budget_q:
        raise UserError(
            f"once liars are taken for gone {worst_q} could be drawn",
            where,
            f"at most {split.budget_q}: they draw their reserve_q still, and what they owned at "
            "first is owned by others",
            f"lower reserve_q or initial_q by {worst_q - split.budget_q} in all, or leave out "
            "lease_s",
        )
