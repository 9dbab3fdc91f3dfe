"""The simulator's own parts: what is stored, what is cut, what is damaged, what is watched."""

import random
from binascii import crc_hqx
from collections import Counter

import pytest
from fleets import complete, scenario_of, settings_of
from quelea.simulator import forgery, inputs, narrow
from quelea.simulator.cuts import Cuts
from quelea.simulator.faults import DELAY_MAX_MS, Faults
from quelea.simulator.faults import draw as draw_faults
from quelea.simulator.network import Network, seal, sealed
from quelea.simulator.run import run_seed
from quelea.simulator.storage import Storage
from quelea.simulator.world import World

FRAME = seal(bytes([33, 0, 1, 0, 7, 0, 3, 0, 9, 0, 0, 0, 5, 0, 0, 6, 0, 0, 0]))


def test_a_counter_that_was_set_back_is_noticed_until_it_is_enrolled() -> None:
    store = Storage()
    assert [store.begin() for _ in range(3)] == [1, 2, 3] and not store.reused
    store.swap()
    assert store.begin() == 1 and store.reused
    store.enrol()
    assert store.begin() == 4 and not store.reused


def test_sessions_go_round() -> None:
    store = Storage(65534)
    assert [store.begin() for _ in range(3)] == [65535, 1, 2] and not store.reused
    store.restore(random.Random(1))
    assert store.stored in (65534, 65535, 1, 2)


def test_damage_is_always_seen_by_the_checksum(seed: int) -> None:
    network = Network(Faults(damage=1.0, delay_ms=1.0), random.Random(seed))
    assert sealed(FRAME)
    for _ in range(3000):
        (delivery,) = network.send(0, 1, 2, FRAME)
        broken = delivery.payload
        assert len(broken) < 3 or len(broken) < len(FRAME) or not sealed(broken)
        assert broken != FRAME


def test_no_frame_is_late_for_ever(seed: int) -> None:
    network = Network(Faults(delay_ms=5000.0, tail=0.5), random.Random(seed))
    late_us = [network.send(0, 1, 2, FRAME)[0].t_us for _ in range(2000)]
    assert max(late_us) <= DELAY_MAX_MS * 1000 + 1 and len(set(late_us)) > 100


def test_a_partition_one_way_leaves_the_other_open(seed: int) -> None:
    cuts = Cuts(random.Random(seed), Counter())
    cuts.partition(range(1, 9), Faults(one_way=1.0))
    assert cuts.cut and not {(b, a) for a, b in cuts.cut} & cuts.cut
    cuts.clear()
    cuts.partition(range(1, 9), Faults(one_way=0.0))
    assert {(b, a) for a, b in cuts.cut} == cuts.cut


def test_what_clogged_last_is_free_first(seed: int) -> None:
    cuts = Cuts(random.Random(seed), Counter())
    cuts.clog(range(1, 9), Faults(swizzle=1.0))
    for _ in range(3):
        cuts.tick(range(1, 9))
    order = list(cuts.clogged)
    assert len(order) == len(set(order)) == 4
    cuts.heal()
    assert cuts.clogged == order[:-1]


def test_a_forged_head_has_a_good_checksum(seed: int) -> None:
    rng = random.Random(seed)
    kinds = Counter()
    for _ in range(300):
        kind, forged = forgery.forge(FRAME, (4, 5), rng)
        kinds[kind] += 1
        assert sealed(forged) and len(forged) == len(FRAME)
    assert set(kinds) == set(forgery.KINDS)
    assert forgery.future(FRAME)[0] == FRAME[0] + 32


def test_the_checksum_here_is_the_protocols() -> None:
    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1


@pytest.mark.parametrize("shape", inputs.SHAPES)
def test_readings_have_their_shape(shape: str, seed: int) -> None:
    values = inputs.draw(shape, 40, -50, 1000, random.Random(seed))
    assert len(values) == 40
    assert shape == "outside" or all(-50 <= value <= 1000 for value in values)
    if shape in ("edges", "one-hot"):
        assert set(values) <= {-50, 1000}
    if shape in ("equal", "neighbouring"):
        assert max(values) - min(values) <= (shape == "neighbouring")


def test_a_wide_intermediate_result_is_found(tmp_path, monkeypatch) -> None:
    """The sum leaves 31 bits although what is returned does not."""
    package = tmp_path / "quelea_proto"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "wide.py").write_text(
        "def mean(a, b):\n    total = a\n    total += b\n    return total >> 1\n"
    )
    narrow.drain()
    source = (package / "wide.py").read_text()
    tree = narrow.Wrap("wide").visit(narrow.ast.parse(source))
    names = {narrow.CHECK: narrow.checked}
    exec(compile(narrow.ast.fix_missing_locations(tree), "wide", "exec"), names)
    assert names["mean"](1 << 29, (1 << 29) - 1) == (1 << 29) - 1 and narrow.drain() == []
    assert names["mean"](1 << 29, 1 << 29) == 1 << 29
    assert narrow.drain() == [("wide:3", 1 << 30)]


def test_the_narrow_agent_is_the_agent(seed: int) -> None:
    """Watching changes nothing: the same seed, the same frames."""
    text = "[fleet]\nnodes = 5\ntopology = 'complete'\n[faults]\ndraw = true\n[phases]\n"
    text += "safety_s = 10.0\nliveness_s = 5.0\n"
    plain = run_seed(scenario_of(text), seed, chosen=())
    watched = run_seed(scenario_of(text + "[checks]\nnarrow = true\n"), seed, chosen=())
    assert plain.digest == watched.digest


def test_every_fault_that_can_be_drawn_is_drawn() -> None:
    calm = Faults().as_dict()
    drawn = [draw_faults(seed).as_dict() for seed in range(300)]
    for name, value in calm.items():
        assert any(options[name] != value for options in drawn), name


def test_a_node_that_raises_is_reported_and_rebooted(seed: int) -> None:
    world = World(settings_of(complete(3)), Faults(), seed)
    world.run(5_000_000)
    world.nodes[2].agent.mode.round = lambda demand_q: 1 // 0
    world.run(9_000_000)
    raised = [event for event in world.journal.journal().events(name="raised")]
    assert len(raised) == 1 and "ZeroDivisionError" in raised[0].detail["error"]
    assert world.nodes[2].agent.session == 2 and world.nodes[2].agent.seq > 0
