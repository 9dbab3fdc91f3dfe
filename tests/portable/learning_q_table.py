# Tabular Q-learning on every runtime: actions, values and chance over a long random course, and
# what a table becomes when it is stored, restored and damaged.
from kit import check

try:
    from quelea_agent.q_table import QTable, Schedule
    from quelea_proto.draws import Draws
except ImportError as error:
    print("SKIP", error)
    raise SystemExit from None

LARGEST = 1073741823
for row in ((3277, 32, 6, 243, 6, 3), (32767, 0, 3, 0, 1, 0), (16384, 5, 8, 999, 9, 1)):
    table = QTable(7, 5, Schedule(*row))
    draws = Draws(row[0] + 7, 3)
    state = 0
    for turn in range(600):
        action = table.act(state, draws)
        after = draws.below(8) - 1
        table.learn(state, action, draws.below(1200) - 80, after)
        state = max(0, after)
        if turn % 60 == 59:
            print(row[0], turn, state, action, table.chance(), table.values)
    check(max(table.values) * 243 <= LARGEST, "31 bits")
    buffer = bytearray(table.dump_bytes())
    table.dump(buffer)
    print("dump", len(buffer), buffer[:12], buffer[-6:])
    other = QTable(7, 5, Schedule(*row))
    check(other.restore(buffer), "restored")
    check(other.values == table.values and other.visits == table.visits, "the same")
    check(other.steps == table.steps, "steps")
    for at in range(0, len(buffer), 3):
        buffer[at] ^= 1 << at % 8
        check(not other.restore(buffer), "damaged at " + str(at))
        buffer[at] ^= 1 << at % 8
    check(not other.restore(buffer[:-1]), "short")
    check(not QTable(5, 7, Schedule(*row)).restore(buffer), "another shape")
    check(other.values == table.values, "unchanged")
