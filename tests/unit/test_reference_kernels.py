"""Rules, flows and frames of the reference against the protocol: all small inputs, then random."""

import random
import struct
from binascii import crc_hqx
from itertools import product

import pytest
from quelea_proto import frames
from quelea_proto.flows import Flows
from quelea_proto.frames import CAUSES, Frame
from quelea_proto.limits import ESTIMATE_MAX, FLOW_MAX, FRAME_BYTES_MAX, Q_MAX
from quelea_proto.rules import RULES
from reference_traces import backend, frame

BOTH = pytest.mark.parametrize("name", ["python", "cython"])
FRAMES = 100_000
HEAD = ("node", "session", "epoch", "seq", "input_q", "value_q")


# -- rules ----------------------------------------------------------------------------------------


def compare_rules(ours, own_q, values_q, faults_max):
    """Apply every rule of both; AssertionError names the first that differs."""
    count = len(values_q)
    for (rule, apply, tolerates), (our_rule, our_apply, our_tolerates) in zip(RULES, ours):
        assert (rule, tolerates) == (our_rule, our_tolerates)
        theirs_q = apply(own_q, [*values_q, 0], count, faults_max)
        ours_q = our_apply(own_q, values_q, count, faults_max)
        assert ours_q == theirs_q, (rule, own_q, values_q, faults_max)


@BOTH
def test_rules_agree_on_all_small_inputs(name):
    ours = backend(name)["rules"].RULES
    assert len(ours) == len(RULES)
    for count in range(5):
        for own_q, *values_q in product(range(-2, 3), repeat=count + 1):
            for faults_max in (0, 1):
                compare_rules(ours, own_q, values_q, faults_max)


@BOTH
def test_rules_agree_on_random_inputs(name, seed):
    rng = random.Random(seed)
    ours = backend(name)["rules"].RULES
    for _ in range(1500):
        reach = rng.choice([3, 100, Q_MAX])
        values_q = [rng.randint(-reach, reach) for _ in range(rng.randrange(20))]
        compare_rules(ours, rng.randint(-reach, reach), values_q, rng.randrange(9))
    for end_q in (-Q_MAX, Q_MAX):  # the largest sums
        for faults_max in (0, 1, 62):
            compare_rules(ours, end_q, [end_q] * 126, faults_max)
            compare_rules(ours, -end_q, [end_q] * 126, faults_max)


@BOTH
def test_rules_leave_their_values_and_refuse_what_does_not_fit(name):
    for rule, apply, _ in backend(name)["rules"].RULES:
        values_q = [9, -3, 5, 5, 1]
        apply(2, values_q, 5, 1)
        assert values_q == [9, -3, 5, 5, 1], rule
        for count, faults_max in ((127, 0), (-1, 0), (5, -1), (5, 63)):
            with pytest.raises(ValueError):
                apply(2, [0] * 200, count, faults_max)
        with pytest.raises(IndexError):
            apply(2, values_q, 6, 1)


# -- flows ----------------------------------------------------------------------------------------


def view(flows):
    """Return all that both kinds of Flows tell: estimate, input, waits and the columns."""
    return (
        flows.estimate_q, flows.input_q, flows.waits, list(flows.flow_q), list(flows.turn),
        list(flows.residue),
    )  # fmt: skip


def both_flows(name, node, neighbours, input_q):
    return [make(node, neighbours, input_q) for make in (Flows, backend(name)["flows"].Flows)]


@BOTH
def test_flows_agree_on_every_pair_of_turns(name):
    """An edge brought to each turn hears each turn, then moves; seen from both ends."""
    for node, own_turn, *edge in product((1, 3), range(7), (0, 5, 6), range(9), (0, 3, -128)):
        pair = both_flows(name, node, (2,), 100)
        for flows in pair:
            flows.hear(0, 1, 90, 5, own_turn, 2)
            flows.hear(0, 3, 95, *edge)
            flows.move(0)
        assert view(pair[0]) == view(pair[1]), (node, own_turn, edge)


@BOTH
def test_flows_agree_on_every_small_gap(name):
    for node, degree, gap_q, residue in product(
        (1, 3), (1, 2, 8, 63, 126), range(-130, 131, 1), (-127, -1, 0, 60)
    ):
        pair = both_flows(name, node, (2,), 0)
        took = []
        for flows in pair:
            flows.hear(0, degree, gap_q, 0, 1 if node == 1 else 2, residue)
            took.append(bool(flows.move(0)))
        assert took == [True, True]
        assert view(pair[0]) == view(pair[1]), (node, degree, gap_q, residue)


@BOTH
@pytest.mark.parametrize("sign", [1, -1])
def test_a_residue_moves_no_estimate_out_of_its_range(name, sign):
    for flows in both_flows(name, 1, (2,), sign * 100):
        flows.hear(0, 1, sign * ESTIMATE_MAX, sign * (FLOW_MAX - 100), 1, sign * -127)
        assert flows.estimate_q == sign * ESTIMATE_MAX
        assert not flows.move(0)
        assert (flows.estimate_q, flows.waits) == (sign * ESTIMATE_MAX, 1)


@BOTH
def test_flows_agree_at_the_ends_of_their_range(name, seed):
    rng = random.Random(seed)
    waits = 0
    for _ in range(3000):
        pair = both_flows(name, 5, (2, 9, 11), rng.choice([0, Q_MAX, -Q_MAX]))
        for _ in range(12):
            slot = rng.randrange(3)
            step = rng.randrange(4)
            near = rng.randrange(0, 200)
            edge = [rng.randrange(1, 127), rng.choice([1, -1]) * (ESTIMATE_MAX - near)]
            edge += [rng.choice([1, -1, 0]) * (FLOW_MAX - near), rng.randrange(8)]
            edge += [rng.choice([-128, -127, 127, 0])]
            input_q = rng.randint(-Q_MAX, Q_MAX)
            took = []
            for flows in pair:
                if step == 0:
                    flows.hear(slot, *edge)
                elif step == 1:
                    flows.set_input(input_q)
                elif step == 2 and near < 20:
                    flows.drop(slot)
                else:
                    took.append(bool(flows.move(slot)))
            assert took in ([], [True, True], [False, False]) and view(pair[0]) == view(pair[1])
        waits += pair[0].waits
        assert abs(pair[0].estimate_q) <= ESTIMATE_MAX
    assert waits > 0


# -- frames ---------------------------------------------------------------------------------------


def fields_of(payload):
    """Return what the protocol's unpack says, in the form of the reference's."""
    got = Frame()
    if frames.unpack(payload, got) is None:
        return CAUSES[got.cause], {}
    fields = dict(zip(HEAD, got.head))
    fields.update(kind=got.kind, flags=got.flags, count=got.count, crc=got.crc)
    slots = range(got.count)
    fields["used"] = tuple(got.used_at(slot) for slot in slots)
    if got.kind == frames.FLOW:
        fields["flow_q"] = tuple(got.flow_at(slot) for slot in slots)
        fields["turn"] = tuple(got.turn_at(slot) for slot in slots)
        fields["residue"] = tuple(got.residue_at(slot) for slot in slots)
    return "ok", fields


def random_frame(rng):
    """Return a good frame, or one whose fields lie just beyond their ranges."""
    kind = rng.choice([1, 2])
    count = rng.choice([126, 127] if rng.random() < 0.02 else [0, 1, 3, 8, 8, 8])
    q_max = Q_MAX if kind == 1 else ESTIMATE_MAX
    ends = [0, 1, -1, Q_MAX, -Q_MAX, -Q_MAX - 1, Q_MAX + 1, q_max, -q_max, q_max + 1, -q_max - 1]
    ends += [1 << 30, -(1 << 30), (1 << 30) - 1, -(1 << 31)]
    head = [rng.choice([0, 1, 513, 65535]), rng.choice([0, 1, 65535]), rng.randrange(65536)]
    head += [rng.choice([0, 77, (1 << 30) - 1, 1 << 30, (1 << 32) - 1])]
    if rng.random() < 0.6:
        head = [9, 1, head[2], 77]
    head += [rng.choice(ends) if rng.random() < 0.3 else 5 for _ in range(2)]
    columns = [(rng.randrange(-(1 << 28), 1 << 28), rng.randrange(8), rng.randrange(-128, 128))
               for _ in range(count)]  # fmt: skip
    flags = rng.randrange(256) if rng.random() < 0.1 else rng.randrange(4)
    version = rng.randrange(8) if rng.random() < 0.05 else 1
    return frame(kind, head, [rng.randrange(256) for _ in range(count)], columns, flags, version)


def mutate(rng, payload):
    """Return the payload as it is, or changed: bits, length, kind; often with a good checksum."""
    data = bytearray(payload)
    pick = rng.random()
    if pick < 0.3:
        return bytes(data)
    if pick < 0.45:
        data = data[: rng.randrange(len(data) + 1)]
    elif pick < 0.5:
        data += rng.randbytes(rng.choice([1, 6, FRAME_BYTES_MAX]))
    elif pick < 0.55:
        data[0] = 32 | rng.randrange(32)
    else:
        for _ in range(rng.choice([1, 2, 8])):
            data[rng.randrange(len(data))] = rng.randrange(256)
    if len(data) > 2 and rng.random() < 0.7:
        data[-2:] = struct.pack("<H", crc_hqx(bytes(data[:-2]), 0xFFFF))
    return bytes(data)


def test_mutated_frames_are_taken_or_refused_alike(seed):
    rng = random.Random(seed)
    unpacks = [backend(name)["frames"].unpack for name in ("python", "cython")]
    pool = [random_frame(rng) for _ in range(2000)]
    met = dict.fromkeys(CAUSES, 0)
    for _ in range(FRAMES):
        payload = mutate(rng, rng.choice(pool))
        theirs = fields_of(payload)
        for unpack in unpacks:
            assert unpack(payload) == theirs, payload.hex()
        met[theirs[0]] += 1
    assert min(met.values()) > 100, met


@BOTH
def test_good_frames_pack_to_the_very_bytes(name, seed):
    rng = random.Random(seed)
    module = backend(name)["frames"]
    packed = 0
    for _ in range(3000):
        payload = random_frame(rng)
        cause, fields = module.unpack(rng.choice([bytes, bytearray, memoryview])(payload))
        if cause == "ok":
            assert module.pack(fields) == payload
            packed += 1
    assert packed > 300


@BOTH
def test_pack_refuses_what_would_not_come_back(name):
    module = backend(name)["frames"]
    good = {
        "kind": 2, "flags": 1, "node": 3, "session": 1, "epoch": 0, "seq": 8, "input_q": 5,
        "value_q": 6, "used": (1, 2), "flow_q": (-7, 7), "turn": (1, 6), "residue": (-1, 127),
    }  # fmt: skip
    assert module.unpack(module.pack(good))[1].items() >= good.items()
    bad = [("kind", 3), ("flags", 4), ("node", 0), ("node", 65536), ("seq", 1 << 30)]
    bad += [("value_q", 1 << 28), ("input_q", 1 << 70), ("used", (1,) * 127), ("used", (256, 0))]
    bad += [("turn", (8, 0)), ("flow_q", (1 << 28, 0)), ("residue", (128, 0)), ("turn", (1,))]
    for key, value in bad:
        with pytest.raises(ValueError):
            module.pack({**good, key: value})
    with pytest.raises(ValueError):
        module.pack({key: value for key, value in good.items() if key != "epoch"})


@BOTH
def test_checksum_is_the_standard_one(name, seed):
    crc16 = backend(name)["frames"].crc16
    assert crc16(b"123456789", 9) == 0x29B1
    data = random.Random(seed).randbytes(64)
    for length in range(65):
        assert crc16(data, length) == crc_hqx(data[:length], 0xFFFF)
    with pytest.raises(ValueError):
        crc16(data, 65)
