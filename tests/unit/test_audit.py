"""The audit: names who breaks the rules, never who keeps them, and says what it cannot know."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from audit_runs import HI_Q, KNOWN, Run
from journals import NODES, payload
from quelea import adversaries
from quelea.audit import Auditor, audit, report, text
from quelea.audit.command import command
from quelea.errors import UserError
from quelea.journal import MemoryRecorder, begin
from quelea_proto.crc import crc16
from quelea_proto.frames import HELD, INPUT_Q, RESTART, SEQ, VALUE_Q, Frame, unpack
from quelea_proto.rules import find

SEED = int(os.environ.get("QUELEA_SEED", random.SystemRandom().randrange(1 << 30)))
RULES = ("wmsr", "trimmed-mean", "midpoint", "median", "trim-and-clip", "clipped-wmsr", "mean")
ROUNDS = 44


def accused(auditor: Auditor) -> set[int]:
    return {finding.source for finding in auditor.findings}


@pytest.mark.parametrize("rule", RULES)
def test_an_undisturbed_honest_fleet_is_verified_whole(rule: str) -> None:
    run = Run(SEED, rule=rule)
    auditor = run.play(ROUNDS)
    result = report(auditor)
    assert result["verdict"] and result["wrong"] == 0
    assert result["verified"] == result["frames"] == ROUNDS * 7


@pytest.mark.parametrize("attack", adversaries.names())
def test_a_liar_is_named_and_nobody_else(attack: str) -> None:
    print(f"QUELEA_SEED={SEED}")
    run = Run(SEED, attack, liars=(3,))
    auditor = run.play(ROUNDS)
    assert accused(auditor) == {3}
    assert report(auditor, run.liars)["liars_named"] == 1


@pytest.mark.parametrize("attack", adversaries.names())
def test_two_liars_with_loss_reboots_and_a_deaf_journal(attack: str) -> None:
    reboots = 0
    for seed in (SEED, SEED + 1):
        print(f"QUELEA_SEED={seed}")
        run = Run(
            seed, attack, liars=(2, 5), loss=0.1, deaf=0.08, reboot=0.02, epoch_rounds=15,
            faults_max=2,
        )  # fmt: skip
        auditor = run.play(ROUNDS)
        assert accused(auditor) <= {2, 5}, auditor.findings[0]
        assert run.unheard > 0
        reboots += run.reboots
    assert reboots > 0


def test_honest_nodes_are_never_accused_under_loss_and_reboots() -> None:
    verified = 0
    for seed in range(SEED, SEED + 12):
        print(f"QUELEA_SEED={seed}")
        rng = random.Random(seed)
        run = Run(
            seed, loss=rng.random() * 0.5, deaf=rng.random() * 0.4, reboot=rng.random() * 0.05,
            rule=rng.choice(RULES), epoch_rounds=rng.choice((0, 7, 20)),
        )  # fmt: skip
        auditor = run.play(ROUNDS)
        assert auditor.findings == []
        verified += report(auditor)["verified"]
    assert verified > 500


QUIET = {"quiet_rounds_max": 12, "dead_band_q": 150, "epoch_rounds": 15}


def test_who_is_silent_for_long_is_not_accused_and_a_liar_is() -> None:
    """Nodes with a cadence: most rounds are silent, and what is said follows all the same."""
    verified = silent = 0
    for seed in range(SEED, SEED + 4):
        print(f"QUELEA_SEED={seed}")
        rng = random.Random(seed)
        losses = {"loss": rng.random() * 0.3, "deaf": rng.random() * 0.2, "reboot": 0.01}
        mode = rng.choice(("resilient", "exact"))
        run = Run(seed, rule=rng.choice(RULES), mode=mode, **losses, **QUIET)
        auditor = run.play(2 * ROUNDS)
        assert auditor.findings == [], auditor.findings[0]
        verified += report(auditor)["verified"]
        silent += 7 * 2 * ROUNDS - sum(one.seq for one in run.agents.values())
    assert verified > 100 and silent > 100
    for attack in ("ramp", "equivocate"):
        run = Run(SEED, attack, liars=(3,), **QUIET)
        assert accused(run.play(2 * ROUNDS)) == {3}, attack


class Watched(Run):
    """A run that notes the rounds in which node 3 breaks the rules, by what it really had heard.

    A claim that the rule makes of the liar's own last claim breaks none, true or not.
    """

    def _publish(self, number: int, dest: int, payload: bytes) -> None:
        frame = unpack(payload, Frame())
        if number == 3 and frame is not None:
            self._judge(frame)
        super()._publish(number, dest, payload)

    def _judge(self, frame: Frame) -> None:
        claims, broken = (
            vars(self).setdefault("claims", {}),
            vars(self).setdefault("broken", set()),
        )
        seq, value_q = frame.head[SEQ], frame.head[VALUE_Q]
        table = self.agents[3].neighbours
        heard = [table.value_q[slot] for slot in range(frame.count) if frame.used_at(slot)]
        if frame.flags & RESTART:
            right_q = frame.head[INPUT_Q]
        elif frame.flags & HELD:
            right_q = claims.get(seq - 1, value_q)
        else:
            own_q = claims.get(seq - 1, value_q)
            right_q = find("wmsr")[1](own_q, [*heard, 0], len(heard), KNOWN["faults_max"])
        if value_q != right_q or claims.get(seq, value_q) != value_q:
            broken.add(seq)
        claims[seq] = value_q


@pytest.mark.parametrize("attack", ["drift", "ramp", "mimic", "in-hull", "noise", "const-max"])
def test_two_lying_rounds_are_enough(attack: str) -> None:
    """The first proof is of the first or second frame that breaks the rules.

    Seeds 30, 63, 64, 82 and 83 needed a third before: in them the liar's first frames came at odd
    times, so that the frame before might have been of another life.
    """
    print(f"QUELEA_SEED={SEED}")
    for seed in (1, 30, 63, 64, 82, 83, SEED):
        run = Watched(seed, attack, liars=(3,))
        auditor = run.play(ROUNDS)
        broken = sorted(vars(run)["broken"])
        first = auditor.findings[0]
        assert first.seq <= broken[1], (seed, broken[:3], first.wrong)


def test_a_lie_about_the_own_sensor_cannot_be_seen() -> None:
    run = Run(SEED)
    run.agents[3].sense = lambda now_ms, demand_q: None  # type: ignore[method-assign]
    run.agents[3].demand.demand_q = HI_Q
    assert run.play(ROUNDS).findings == []


def test_a_named_node_is_not_named_by_a_wrong_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault in the reference accuses everybody: the audit does compute."""
    from quelea import reference

    def wrong(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
        return reference.RULES[0][1](own_q, values_q, count, 0) + 1

    monkeypatch.setattr("quelea.audit.auditor.reference.rule", lambda name: wrong)
    assert len(accused(Run(SEED).play(ROUNDS))) == 7


VALUE_AT = 16  # in a flow frame: after kind, flags, node, session, epoch, seq and input


class Thief(Run):
    """Node 3 takes from its first neighbour what is not its turn to take; its sum stays right."""

    stolen = 0

    def _publish(self, number: int, dest: int, payload: bytes) -> None:
        frame = unpack(payload, Frame())
        if number == 3 and frame is not None and frame.head[SEQ] >= 12:
            at = len(payload) - 2 - 5 * frame.count  # its first edge
            word = int.from_bytes(payload[at : at + 4], "little")
            flow_q = (frame.flow_at(0) - 40) & 0x1FFFFFFF
            value_q = frame.head[VALUE_Q] + 40
            body = bytearray(payload[:-2])
            body[at : at + 4] = (word & 0xE0000000 | flow_q).to_bytes(4, "little")
            body[VALUE_AT : VALUE_AT + 4] = value_q.to_bytes(4, "little", signed=True)
            payload = bytes(body) + crc16(body, len(body)).to_bytes(2, "little")
            self.stolen += 1
        super()._publish(number, dest, payload)


def test_exact_mode_names_who_moves_out_of_turn() -> None:
    """Always named, and nobody else; in two rounds when no two frames of a neighbour came at once.

    Of 400 runs 254 name it within two rounds, the last one in its fourteenth.
    """
    at_once = 0
    for seed in range(SEED, SEED + 12):
        print(f"QUELEA_SEED={seed}")
        run = Thief(seed, mode="exact", faults_max=0)
        auditor = run.play(ROUNDS)
        assert run.stolen > 20 and accused(auditor) == {3}
        first = auditor.findings[0]
        assert first.wrong.rule == "moves"
        assert len(first.evidence) > 3, "itself, its frame before and the named ones"
        at_once += first.seq <= 13
    assert at_once >= 2


def test_exact_mode_accuses_nobody_under_loss_and_reboots() -> None:
    verified = 0
    for seed in range(SEED, SEED + 8):
        print(f"QUELEA_SEED={seed}")
        rng = random.Random(seed)
        run = Run(
            seed, mode="exact", faults_max=0, loss=rng.random() * 0.5, deaf=rng.random() * 0.3,
            reboot=rng.random() * 0.05,
        )  # fmt: skip
        auditor = run.play(ROUNDS)
        assert auditor.findings == [], auditor.findings[0]
        verified += report(auditor)["verified"]
    assert verified > 200


def test_exact_mode_values_are_input_less_flows() -> None:
    run = Run(SEED, mode="exact", faults_max=0, loss=0.2)
    auditor = run.play(ROUNDS)
    assert auditor.findings == [] and report(auditor)["verified"] == ROUNDS * 7
    lying = Run(SEED, "drift", liars=(3,), mode="exact", faults_max=0)
    assert accused(lying.play(ROUNDS)) == {3}


def small(*rows: tuple[int, int, bytes]) -> Auditor:
    """Audit three nodes' frames: (t_ms, source, payload)."""
    recorder = MemoryRecorder()
    begin(recorder, name="t", nodes=NODES, settings={"mode": "resilient", **KNOWN})
    for t_ms, source, data in rows:
        recorder.frame(t_ms * 1000, "x", source, 0, data)
    return audit(recorder.journal())


BEGIN = payload(1, 1, flags=2)


@pytest.mark.parametrize(
    ("second", "breach"),
    [
        (payload(1, 5, flags=1, value_q=101), "held"),
        (payload(1, 5, flags=1, used=(2, 0)), "held"),
        (payload(1, 5, used=(2, 2)), "faults-max"),
        (payload(1, 5, flags=1, input_q=101), "input"),
        (payload(1, 5, flags=1, epoch=1), "restart"),
        (payload(1, 5, flags=2), "restart"),
        (payload(1, 5, flags=2, epoch=1, value_q=5), "restart"),
        (payload(1, 5, flags=2, epoch=1, used=(1, 1)), "restart"),
        (payload(1, 5, flags=1, used=(0, 0, 0)), "neighbours"),
        (payload(1, 5, flags=1, input_q=-1), "range"),
        (payload(1, 5, flags=1, value_q=HI_Q + 1), "range"),
    ],
)
def test_one_frame_can_prove_a_breach(second: bytes, breach: str) -> None:
    auditor = small((0, 1, payload(1, 4, flags=2)), (1000, 1, second))
    assert [finding.wrong.rule for finding in auditor.findings] == [breach]


def test_equivocation_and_a_boot_counter_set_back_are_told_apart() -> None:
    one, other = payload(1, 2, flags=1), payload(1, 2, flags=1, epoch=0, input_q=100, used=(0, 0))
    assert one == other
    lie = payload(1, 2, flags=1, value_q=7)
    within = small((0, 1, BEGIN), (1000, 1, one), (1001, 1, lie))
    assert [finding.wrong.rule for finding in within.findings] == ["equivocation"]
    again = payload(1, 2, flags=1, value_q=7, input_q=7)
    life = payload(1, 1, flags=2, value_q=7, input_q=7)
    rows = ((0, 1, BEGIN), (1000, 1, one), (5000, 1, life), (6000, 1, again))
    assert small(*rows).findings == []


def test_the_report_carries_the_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(SEED, "const-max", liars=(3,))
    run.play(ROUNDS)
    path = tmp_path / "journal.sqlite"
    run.recorder.save(path)
    assert command(path, as_json=True) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["wrong_nodes"] == ["n03"] and result["honest_accused"] == 0
    proof = next(node for node in result["nodes"] if node["findings"])["proofs"][0]
    assert bytes.fromhex(proof["frames"][0]["payload"])[2] == 3
    assert proof["expected"] != proof["found"]
    assert "n03 is wrong" in text(result)


def test_following_ends_when_the_writer_was_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(SEED, "const-max", liars=(3,))
    run.play(ROUNDS)
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    run.recorder.run("pid", gone.pid)
    run.recorder.save(tmp_path / "journal.sqlite")
    assert command(tmp_path, follow=True) == 1
    told = capsys.readouterr()
    assert "n03 is wrong" in told.err and "Wrong: n03." in told.out


def test_a_journal_without_settings_is_refused() -> None:
    recorder = MemoryRecorder()
    begin(recorder, name="t", nodes=NODES)
    with pytest.raises(UserError, match="mode"):
        audit(recorder.journal())


def test_adversary_modules_may_be_given() -> None:
    """A liar that follows the rules but for one unit in one round is named for that round."""
    lie = ModuleType("one_unit")
    lie.DIRECT = False  # type: ignore[attr-defined]
    lie.claim_q = lambda view, slot: view.agent.value_q + (view.round == 9)  # type: ignore[attr-defined]
    auditor = Run(SEED, lie, liars=(3,)).play(ROUNDS)
    assert {(one.source, one.seq) for one in auditor.findings} <= {(3, 9), (3, 10)}
    assert accused(auditor) == {3}


def test_a_life_that_nobody_heard_may_have_been_meant() -> None:
    """Node 3's first session is unheard; its second says another value under the same mark."""
    lower, upper = (
        payload(2, 1, flags=2),
        payload(3, 1, flags=2, session=2, input_q=900, value_q=900),
    )
    rows = [(0, 2, lower), (10, 1, payload(1, 1, flags=2)), (900, 2, payload(2, 2, flags=1))]
    rows += [(1000, 1, payload(1, 2, flags=1)), (1010, 1, payload(1, 3, flags=1))]
    row = payload(1, 4, value_q=100, used=(2, 2))
    more = [
        (2450, 2, payload(2, 3, flags=1)),
        (2500, 3, payload(3, 2, session=2, flags=1, input_q=900, value_q=900)),
    ]
    unsure = one_less([*rows, (1850, 3, upper), (1900, 1, row), *more])
    assert unsure.findings == []
    heard = payload(3, 1, flags=2, input_q=900, value_q=900)
    later = payload(3, 2, flags=1, input_q=900, value_q=900)
    known = one_less([*rows, (1850, 3, heard), (1900, 1, row), more[0], (2500, 3, later)])
    assert [finding.wrong.rule for finding in known.findings] == ["rule"]
    after = one_less([*rows, (1900, 1, row), (1950, 3, heard), more[0], (2500, 3, later)])
    assert after.findings == [], "heard only after it was used"


def one_less(rows: list[tuple[int, int, bytes]]) -> Auditor:
    """Audit rows as `small` does, with F = 0."""
    recorder = MemoryRecorder()
    begin(
        recorder, name="t", nodes=NODES, settings={"mode": "resilient", **KNOWN, "faults_max": 0}
    )
    for t_ms, source, data in rows:
        recorder.frame(t_ms * 1000, "x", source, 0, data)
    return audit(recorder.journal())


def test_an_audit_may_be_cut_short() -> None:
    run = Run(SEED)
    run.play(ROUNDS)
    assert report(audit(run.recorder.journal(), 50))["frames"] == 50
