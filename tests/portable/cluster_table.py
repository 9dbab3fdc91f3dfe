# Three clusters in a row agree on one value in spite of a lying delegate and one that dies; every
# runtime goes through the same states, and a round allocates nothing. REQ-CLUSTER-3, 5.
import gc

from kit import check
from quelea_agent.cluster import Cluster, Plan
from quelea_proto.cluster_row import pack_entry, pack_head, row_bytes, seal
from quelea_proto.weighted import weighted_mean

TOP = 8388607
print("mean", weighted_mean([TOP, -TOP, TOP, 5], [16384, 16384, 1, 0], 4))
print("mean", weighted_mean([-TOP, -TOP], [8388607, 1], 2), weighted_mean([1, 2], [1, 1], 2))

SIZES = (4, 200, 5)
MEMBERS = ((1, 2, 3, 4), (11, 12, 13, 14), (21, 22, 23, 24, 25))
NEAR = ((1,), (0, 2), (1,))
VALUES = (900000, 100000, -500000)
LIAR = 12
DEAD = 22


def node(cluster, number):
    near = tuple([(at, MEMBERS[at]) for at in NEAR[cluster]])
    plan = Plan(number, cluster, SIZES, MEMBERS[cluster], near, 1, 100, -TOP, TOP, 1, 9)
    return Cluster(plan, 1)


nodes = []
for cluster in range(3):
    for number in MEMBERS[cluster]:
        nodes.append((cluster, number, node(cluster, number)))


def lie(machine, turn):
    out = bytearray(row_bytes(3))
    claim_q = TOP if turn & 1 else -TOP
    pack_head(out, LIAR, 1, turn + 1, 65535, 1, claim_q, 3)
    for at in range(3):
        pack_entry(out, at, claim_q, 65535, turn & 255)
    seal(out)
    return out


trace = 0
elected = -1
now_ms = 1073741823 - 2000  # the clock goes round on the way
for turn in range(60):
    said = []
    for cluster, number, machine in nodes:
        if number == DEAD and turn >= 30:
            continue
        row = machine.round(now_ms, VALUES[cluster] + number, SIZES[cluster])
        if number == LIAR:
            row = lie(machine, turn)
        if row is not None:
            said.append((cluster, number, bytes(row)))
    for cluster, number, row in said:
        for own, other, machine in nodes:
            if other != number and (own == cluster or own in NEAR[cluster]):
                machine.hear(now_ms, number, row)
    now_ms = (now_ms + 100) & 1073741823
    for _, _, machine in nodes:
        trace = (trace * 31 + (machine.fleet_q & 65535) + machine.term + machine.seated) & 65535
    if turn in (0, 1, 2, 3, 5, 29, 33, 59):
        honest = [one[2] for one in nodes if one[1] != LIAR and one[1] != DEAD]
        speakers = [one[1] for one in nodes if one[2].seated and one[1] != DEAD]
        values = [one.fleet_q for one in honest]
        print(turn, "fleet", min(values), max(values), "held", sum([one.held for one in honest]))
        print(turn, "seats", speakers, "term", honest[0].term, "trace", trace)
ages = [one[2].age for one in nodes if one[1] == 1]
print("ages", ages, [one[2].size for one in nodes if one[1] == 1])
# (4 * 900002 + 200 * 100013 - 5 * 499976) / 209 or so: between the members' own numbers
check(100900 < values[0] < 101100, "weighted", values[0])

if hasattr(gc, "mem_alloc"):
    machine = nodes[4][2]
    fresh = []
    for turn in range(6):
        for cluster, number in ((0, 1), (0, 2), (0, 3), (1, 13), (1, 14), (2, 21)):
            out = bytearray(row_bytes(3))
            pack_head(out, number, 1, 90000 + turn, 7, cluster, 5, 3)
            seal(out)
            fresh.append((number, out))
    gc.collect()
    gc.disable()
    for turn in range(6):
        now_ms = (now_ms + 100) & 1073741823
        for i in range(6):
            number, out = fresh[6 * turn + i]
            machine.hear(now_ms, number, out)
        machine.round(now_ms, turn, 200)
        if turn == 0:  # the first time something may be set up
            before = gc.mem_alloc()
    after = gc.mem_alloc()
    gc.enable()
    if after != before:
        print("FAIL bytes", after - before)
