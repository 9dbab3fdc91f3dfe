"""The reference is the agent, bit for bit: frames sent and whole state after every step."""

import os
import random
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest
import quelea.reference.twin
from quelea.reference.twin.frames import unpack
from quelea_agent.agent import Agent
from quelea_agent.counters import NAMES
from quelea_agent.settings import load
from quelea_proto.limits import SEQ_MAX
from reference_traces import Difference, backend, configuration, play

TRACES = int(os.environ.get("QUELEA_REFERENCE_TRACES", "150"))
STEPS = 60
COUNTERS_AT = 11  # where the counters begin in state()


def agent(cfg, session):
    settings, problem = load(cfg)
    assert problem is None, problem
    return Agent(settings, session)


@pytest.mark.parametrize("name", ["python", "cython"])
def test_traces_are_bit_identical(name, seed):
    machine = backend(name)["machine"].Machine
    counted = [0] * len(NAMES)
    for trace in range(seed, seed + TRACES):
        state = play(trace, [agent, machine], STEPS, unpack)
        for i in range(len(NAMES)):
            counted[i] += state[COUNTERS_AT + i]
    assert min(counted) > 0, f"never happened: {[NAMES[i] for i in range(21) if not counted[i]]}"


def test_counters_have_the_agents_names():
    for name in ("python", "cython"):
        assert backend(name)["machine"].COUNTERS == NAMES


@pytest.mark.parametrize("name", ["python", "cython"])
def test_counters_and_figures_of_a_node_are_readable(name, seed):
    cfg = {**configuration(random.Random(seed)), "mode": "resilient", "fanout": 0}
    pair = [make(cfg, 3) for make in (agent, backend(name)["machine"].Machine)]
    for node in pair:
        node.sense(0, cfg["hi_q"] + 1)
        node.step(5, [(1, b"short")])
    figures = ("value_q", "input_q", "settled_q", "epoch", "seq", "held", "next_wake_ms")
    ours, theirs = [[getattr(node, figure) for figure in figures] for node in pair]
    assert ours == theirs and type(pair[1].held) is bool
    assert pair[1].counters() == pair[0].counters.named()


@pytest.mark.parametrize("name", ["python", "cython"])
@pytest.mark.parametrize("mode", ["resilient", "exact"])
def test_a_node_falls_silent_at_the_end_of_its_session(name, mode, seed):
    cfg = {**configuration(random.Random(seed)), "mode": mode, "quiet_rounds_max": 0}
    pair = [make(cfg, 65535) for make in (agent, backend(name)["machine"].Machine)]
    for node in pair:
        node.seq = SEQ_MAX - 2
        node.step(0, ())
    spoke = []
    for _ in range(5):
        now_ms = pair[0].next_wake_ms
        sent = [[(to, bytes(data)) for to, data in node.step(now_ms, ())] for node in pair]
        assert sent[0] == sent[1] and pair[0].state() == pair[1].state()
        spoke.append(bool(sent[0]))
    assert spoke[-1] is False and any(spoke)


@pytest.mark.parametrize("quiet", [0, 16])
@pytest.mark.parametrize("mode", ["resilient", "exact"])
def test_a_fleet_of_machines_is_a_fleet_of_agents(mode, quiet, seed):
    """Eight nodes hear one another over a net that loses, repeats and reorders.

    REQ-CADENCE-1: also with the cadence, where the twin, the compiled reference and the agent are
    silent in the same rounds.
    """
    rng = random.Random(seed)
    makes = (agent, backend("cython")["machine"].Machine, backend("python")["machine"].Machine)
    cfgs = [
        {
            **configuration(rng), "mode": mode, "rule": "wmsr", "faults_max": 1, "node": node,
            "id": f"n{node}", "fanout": rng.choice([0, 3]), "period_ms": 100, "epoch_rounds": 15,
            "lo_q": 0, "hi_q": 1 << 20, "quiet_rounds_max": quiet, "dead_band_q": 1 << 19,
            "neighbours": [[to, f"n{to}", node - 1 - (to < node)]
                           for to in range(1, 9) if to != node],
        }
        for node in range(1, 9)
    ]  # fmt: skip
    fleets = [[make(cfg, 1) for make in makes] for cfg in cfgs]
    inboxes = [[] for _ in cfgs]
    for now_ms in range((1 << 30) - 5000, (1 << 30) + 5000, 50):
        outboxes = []
        for trio, inbox in zip(fleets, inboxes):
            demand_q = rng.randrange(1 << 20)
            senses = rng.random() < (0.02 if quiet else 0.1)
            sent = []
            for node in trio:
                if senses:
                    node.sense(now_ms % (1 << 30), demand_q)
                out = node.step(now_ms % (1 << 30), inbox)
                sent.append([(to, bytes(data)) for to, data in out])
            assert sent[0] == sent[1] == sent[2]
            assert trio[0].state() == trio[1].state() == trio[2].state()
            outboxes.append(sent[0])
        inboxes = [[] for _ in cfgs]
        for i, outbox in enumerate(outboxes):
            for to, data in outbox:
                for j in range(8):
                    if j != i and to in (0, j + 1):
                        copies = rng.choice([0, 1, 1, 1, 1, 2])
                        inboxes[j] += [(i + 1, data)] * copies
        for inbox in inboxes:
            rng.shuffle(inbox)
    values_q = [trio[0].value_q for trio in fleets]
    seqs = {trio[0].seq for trio in fleets}
    assert max(values_q) > 0 and (max(seqs) < 95 if quiet else len(seqs) <= 2)


# (file, text, planted instead): each an error that somebody could make
PLANTED = [
    ("rules", "(2 * total + count) // (2 * count)", "total // count"),  # floor
    ("rules", "(2 * total + count) //", "(2 * total + count - 1) //"),  # half down
    ("rules", "GIVEN[count] = own_q", "GIVEN[count] = values[0]"),  # own value left out
    ("rules", "min(above, faults_max)", "faults_max"),  # trims what is not above
    ("rules", "count, kept - 1)", "count, count - 1)"),
    ("rules", "count - 2 * faults_max - 1)", "count - 1)"),
    ("flows", "edge.residue = edge.carried", "edge.residue = 0"),  # residue dropped
    ("flows", "return owed // part if owed > 0 else -(-owed // part)", "return owed // part"),
    ("flows", "on < 3", "on < 2"),
    ("flows", "on == 3 and not self.lower", "on == 3"),
    ("flows", "return not self.lower and flow_q != self.flow_q", "return False"),
    ("flows", "given_q = sign *", "given_q ="),  # flow sign
    ("codec", "self.flags < 4", "self.flags < 8"),
    ("codec", "abs(self.value_q) <= value_max", "abs(self.value_q) <= limits.ESTIMATE_MAX"),
    ("codec", "self.session > 0", "self.session >= 0"),
    ("machine", "age_ms > self.fresh_ms", "age_ms >= self.fresh_ms"),
    ("machine", "age_ms < 0 or ", ""),
    ("machine", "self.as_far(lead) > self.faults_max", "self.as_far(lead) >= self.faults_max"),
    ("machine", "self.lost = not self.in_step", "self.lost = False"),
    ("machine", "self.lost and live > 2 * self.faults_max", "live > 2 * self.faults_max"),
    ("machine", "frame.seq > peer.seq", "frame.seq >= peer.seq"),
    ("machine", "boots = peers.around(frame.session, peer.session, 32768)",
     "boots = frame.session - peer.session"),
    ("machine", "peers.around(peer.epoch, self.epoch, 32768)", "peer.epoch - self.epoch"),
    ("machine", "peer.live and peer.epoch == self.epoch", "peer.live"),
    ("machine", "behind_ms >= self.period_ms", "behind_ms > self.period_ms"),
    ("machine", "(self.next_wake_ms + self.period_ms) & limits.TICKS_MASK",
     "self.next_wake_ms + self.period_ms"),
    ("machine", "j = i + self.random % (self.degree - i)", "j = self.random % self.degree"),
    ("machine", "self.value_q if self.begun else", "self.value_q if True else"),
    ("machine", "self.held = found <= 2 * self.faults_max", "self.held = found == 0"),
    ("machine", "max(self.lo_q, min(self.hi_q, peer.value_q))", "peer.value_q"),
    ("machine", "self.value_q = self.value_q if heard else before_q", ""),
    ("machine", "max(self.quiet, 1) - 1", "0"),
    ("machine", "away > self.faults_max", "away > 0"),
    ("machine", "not self.in_step or self.rounds + 1 >= longest", "self.rounds + 1 >= longest"),
    ("machine", "if peer.live and self.lead(peer) > 0", "if peer.live and self.lead(peer) > 1"),
    ("machine", "self.pace.voiced_q = self.value_q", ""),
    ("machine", "            self.settled_q = self.value_q\n        return heard",
     "            pass\n        return heard"),
    ("pace", "self.agitation -= self.agitation // 8", ""),
    ("pace", "if boots != self.answered", "if False"),
    ("pace", "faults_max <= below", "faults_max < below"),
    ("pace", "(self.longest - 1) * min", "self.longest * min"),
    ("pace", "by_q = max(by_q, ", "by_q = max("),
]  # fmt: skip


@pytest.mark.parametrize(("noun", "text", "instead"), PLANTED)
def test_a_planted_error_is_found(noun, text, instead, tmp_path, monkeypatch, seed):
    name = f"planted_{PLANTED.index((noun, text, instead))}"
    shutil.copytree(Path(quelea.reference.twin.__file__).parent, tmp_path / name)
    path = tmp_path / name / f"{noun}.py"
    source = path.read_text()
    assert source.count(text) == 1, f"{noun}.py no longer says {text!r} once"
    path.write_text(source.replace(text, instead))
    monkeypatch.syspath_prepend(tmp_path)
    planted = import_module(f"{name}.machine").Machine
    assert sys.modules[f"{name}.{noun}"].__file__ == str(path)
    machine = backend("python")["machine"].Machine
    with pytest.raises(Difference):
        for trace in range(seed, seed + 2000):
            play(trace, [machine, planted], STEPS, unpack)
