"""Game-optimal: the play that holds the honest apart the longest, from the solved games.

On a complete graph of four nodes with one liar, or seven with two, the game is solved for three
rules (`quelea games`, docs/games.md): TABLES say for every state of small spread what to tell
each node. Larger spreads, other graphs and other rules: the end of the honest hull on each
neighbour's own side. With two liars `liars` in the options tells which of the two lies is whose.

A row of TABLES: rule, honest nodes, liars, widest spread, digits. States are ascending honest
values less the smallest, in lexical order; for each state, each node of it and each liar one
digit: what to claim, less the smallest honest value, plus one.
"""

DIRECT = True
OMNISCIENT = True

# -- derived by `quelea games --write` ---
# fmt: off
TABLES = (
    ("wmsr", 3, 1, 5,
     "000002000033005004100103102104106002024023005103105104104106105"),
    ("trimmed-mean", 3, 1, 5,
     "000002002004004006000003003005005002004004006003005005004006005"),
    ("midpoint", 3, 1, 5,
     "000002002004004006000003003005005002004004006003005005004006005"),
    ("wmsr", 5, 2, 4,
     "0000000000000000002200000000020000444434000044440500000000020000000000000033022400000000"
     "5500000033330000003304000000004500000003030000000035000003252500000000000000000033000000"
     "0004000044444500000023230000002303000033233500000244440000024425000002050511110000031111"
     "0303441111005525111100343411110034051111045555000000002400002424550000034545000000353511"
     "0000000011000000331100000003110000004511000000031100000002110000003511000044441100004405"
     "1100000404000000000200000202440000005505000000343400000034040000035555000000000400000404"
     "5500000245450100000035000000000000000000440000000004000000040400000004030000025555010000"
     "000301000000550100004545110000000511000000021100000055110000050511000000040100000003"),
    ("trimmed-mean", 5, 2, 4,
     "0000000000000000000000000033330000003333000000333300000022220000002222000000222200002255"
     "5500000003030000034444000003444400000334340000033434000000255500000002020000000202000002"
     "4444000002444400000233330000023333000002333300000224240000002455000000054500000023230000"
     "0023230000235555000004444400000444440000043535000003343400000334340000002555000000054500"
     "0000000000000000000000004444000000444400000033330000003333000000333300000004040000045555"
     "0000044545000000030300000003030000035555000003444400000344440000033535000002343400000234"
     "3400000005550000044545000000020200000002020000025555000002444400000244440000020505000000"
     "040400000004040000045555000003454500000003030000000303000003555500000205050000000404"),
    ("midpoint", 5, 2, 4,
     "0000000000000000002200000000220000000044000000004400000000020000000002000000004400000000"
     "4400000000020000000044000000004400000000040000000004000000000400000000000000000033000000"
     "0033000000005500000000230000000023000000005500000000040000000055000000002500000000220000"
     "0000440000000044000000003400000000340000000025000000003300000000550000000045000000004400"
     "0000000000000000330000000033000000005500000000030000000003000000005500000000030000000055"
     "0000000005000000000200000000440000000044000000003400000000340000000005000000003300000000"
     "5500000000450000000044000000000200000000440000000044000000000400000000040000000004000000"
     "000300000000550000000045000000004400000000030000000055000000000500000000040000000004"),
)
# fmt: on
# -- end ---


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return what the solved game says for this neighbour in the state known now."""
    honest_q = view.honest_q()
    if not honest_q:
        return None
    peer_q = view.peer_q(slot)
    low_q = honest_q[0]
    row = _row(view, honest_q)
    if row is None or peer_q not in honest_q:
        median_q = honest_q[len(honest_q) // 2]
        return honest_q[-1] if peer_q >= median_q else low_q
    state = [value_q - low_q for value_q in honest_q]
    liars = row[2]
    at = (rank(state, row[3]) * len(state) + _place(view, slot, peer_q)) * liars
    return low_q + int(row[4][at + _turn(view, liars)]) - 1


def _row(view, honest_q: list[int]) -> tuple | None:  # type: ignore[no-untyped-def,type-arg]
    """Return the row of TABLES for this fleet and state, or None."""
    settings = view.agent.settings
    fleet = (settings.rule, len(honest_q), settings.faults_max)
    for row in TABLES:
        if row[:3] == fleet and len(settings.numbers) + 1 == row[1] + row[2]:
            return row if honest_q[-1] - honest_q[0] <= row[3] else None
    return None


def _place(view, slot: int, peer_q: int) -> int:  # type: ignore[no-untyped-def]
    """Return the place of a neighbour among the honest ones by value, then by number."""
    numbers = view.agent.settings.numbers
    place = 0
    for other in range(len(numbers)):
        if other != slot and not view.is_liar(numbers[other]):
            other_q = view.peer_q(other)
            if other_q < peer_q or (other_q == peer_q and other < slot):
                place += 1
    return place


def _turn(view, liars: int) -> int:  # type: ignore[no-untyped-def]
    """Return which of the liars this is, by number; 0 if they are not known."""
    before = 0
    for number in view.options.get("liars", ()):
        if number < view.agent.settings.node:
            before += 1
    return before if before < liars else 0


def rank(state: list[int], spread: int) -> int:
    """Return the place of an ascending state from 0 among all up to this spread, in order."""
    place = 0
    least = 0
    for at in range(1, len(state)):
        for value in range(least, state[at]):
            place += _count(len(state) - at - 1, spread - value)
        least = state[at]
    return place


def _count(length: int, span: int) -> int:
    """Return how many ascending tuples of this length there are over span + 1 values."""
    count = 1
    for i in range(length):
        count = count * (span + 1 + i) // (i + 1)
    return count
