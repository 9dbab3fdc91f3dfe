"""Edge cases of every rule, for the scripts rule_*.py. REQ-RULE-1 to -6, REQ-RULE-10."""

from kit import check

TOP = 8388607
CASES = (
    (5, (), 0),
    (5, (), 1),
    (5, (9,), 0),
    (5, (9, 9), 1),
    (5, (9, 9, 9), 1),
    (5, (1, 9), 1),
    (0, (0, 7, 7, 0), 1),
    (0, (1, 2, 3, 4), 0),
    (-1, (0, 0, 1), 0),
    (1, (-1, -2, -2), 1),
    (3, (1, 2, 3, 4, 5), 1),
    (3, (1, 2, 3, 4, 5), 2),
    (3, (3, 3, 3, 3, 3), 2),
    (100, (1, 2, 3, 4, 5), 2),
    (-100, (1, 2, 3, 4, 5), 2),
    (TOP, (TOP, TOP, TOP), 1),
    (-TOP, (-TOP, -TOP, -TOP), 1),
    (TOP, (-TOP, -TOP, -TOP), 1),
    (0, (TOP, -TOP, TOP, -TOP, 1), 2),
    (7, (5, 6, 8, 9, 5, 6, 8, 9), 3),
)


def one(apply, own_q: int, given, faults_max: int) -> int:
    """Return the estimate; room for one value more, and rubbish beyond the count."""
    values = list(given) + [TOP]
    return int(apply(own_q, values, len(given), faults_max))


def show(apply) -> None:
    """Print a rule's results, and check what holds for every rule."""
    for own_q, given, faults_max in CASES:
        print(own_q, given, faults_max, one(apply, own_q, given, faults_max))
    state = 12345
    for turn in range(60):
        given = []
        for _ in range(turn % 11):
            state = (state * 75 + 74) % 65537
            given.append(state % 50 - 25)
        state = (state * 75 + 74) % 65537
        own_q = state % 50 - 25
        faults_max = turn % 3
        got = one(apply, own_q, given, faults_max)
        around = [own_q] + given
        check(min(around) <= got <= max(around), "hull", turn, got)
        moved = [value + 1000 for value in given]
        check(one(apply, own_q + 1000, moved, faults_max) == got + 1000, "shift", turn)
        given.reverse()
        check(one(apply, own_q, given, faults_max) == got, "order", turn)


def show_wide(apply) -> None:
    """Print a rule's results with as many neighbours as there can be, at the format's edges.

    One list for all: on the micro:bit there is no room for two.
    """
    values = [0] * 127
    for faults_max in (0, 1, 31, 62):
        for own_q, even_q, odd_q, step_q in (
            (TOP, TOP, TOP, 0),
            (-TOP, -TOP, -TOP, 0),
            (TOP, -TOP, -TOP, 0),
            (0, TOP, -TOP, 0),
            (-TOP, TOP, TOP, -1),
        ):
            for i in range(126):
                values[i] = (odd_q if i & 1 else even_q) + step_q * i
            print("wide", apply(own_q, values, 126, faults_max))
