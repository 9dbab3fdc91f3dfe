"""The auditor: takes frames in the order heard, judges each when what it rests on is in.

A frame is judged once LATE_US have gone by, since a listener may hear an input after the node
that used it. A mismatch is held against a node only when every sender it names has spoken again,
in the same session: so nobody is accused on a frame that another life may have said.
"""

from collections import Counter, deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from quelea_proto.frames import FLOW, Frame

from quelea import reference
from quelea.audit.edges import moved
from quelea.audit.setting import Setting, read_setting
from quelea.audit.step import Named, Wrong, alone, follow, onward
from quelea.audit.voices import Twins, Voice
from quelea.journal import FrameRow, Journal
from quelea.journal.rows import SENDER

LATE_US = 500_000  # by which a listener may hear a frame later than the node that used it
WAIT_PERIODS = 8  # for named senders to speak again, before a mismatch is given up
KEPT_FINDINGS = 1000  # of one node; beyond it they are only counted
TWICE = 2  # what one damaged frame in 65,536 could look like must be seen so often
PAUSE_ROUNDS = 64  # after a silence so long a node may work off old frames ...
SETTLE_ROUNDS = 8  # ... for so many rounds

VERIFIED, UNVERIFIABLE, WRONG = "verified", "unverifiable", "wrong"


class Finding(NamedTuple):
    """A frame that breaks the protocol. evidence: all frames it is proved with, itself first."""

    source: int
    t_us: int
    session: int
    seq: int
    wrong: Wrong
    evidence: tuple[FrameRow, ...]
    witnesses: tuple[int, ...] = ()  # others whose frames are needed for the proof


class _Waiting(NamedTuple):
    row: FrameRow
    before: FrameRow | None
    settled: bool  # whether a mismatch may be held against the node
    inputs: tuple[tuple[int, int], ...]  # (source, mark)


class Auditor:
    """hear() takes rows in order of time, finish() ends; then counts, reasons and findings."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.period_us = setting.period_ms * 1000
        self.apply = reference.rule(setting.rule)
        self.voices: dict[int, Voice] = {}
        self.counts: dict[int, Counter[str]] = {}
        self.reasons: Counter[str] = Counter()
        self.found: list[Finding] = []
        self.bytes = 0
        self.used_bytes = 0
        self._broken: dict[int, list[FrameRow]] = {}
        self._waiting: deque[_Waiting] = deque()
        self._doubted: list[tuple[_Waiting, int]] = []
        self._pause_end: dict[int, int] = {}
        self._frame = Frame()

    @property
    def findings(self) -> list[Finding]:
        """What stands: without the proofs that rest on a sender who contradicts itself."""
        return [
            finding
            for finding in self.found
            if not any(self.voices[number].equivocates for number in finding.witnesses)
        ]

    def hear(self, row: FrameRow) -> None:
        """Take one row of the journal, good or bad."""
        self._settle(row.t_us)
        if row.source not in self.setting.neighbours:
            return
        if row.cause is not None:
            self._bad(row)
            return
        counts = self.counts.setdefault(row.source, Counter())
        voice = self.voices.setdefault(
            row.source, Voice(self.period_us, self.setting.silence_rounds)
        )
        known = (row.session, row.seq) in voice.frames
        self._note_pause(voice, row)
        twins = voice.hear(row)
        if twins is not None:
            self._equivocation(twins)
        if known:
            return
        counts["frames"] += 1
        self._judge(row, voice)

    def _note_pause(self, voice: Voice, row: FrameRow) -> None:
        newest = voice.newest
        if newest and row.t_us - newest.t_us > PAUSE_ROUNDS * self.period_us:
            self._pause_end[row.source] = row.t_us + SETTLE_ROUNDS * self.period_us

    def _bad(self, row: FrameRow) -> None:
        """Frames with a sound checksum that no honest node can have sent."""
        if row.cause not in (SENDER, "range"):
            return
        rows = self._broken.setdefault(row.source, [])
        rows.append(row)
        if len(rows) < TWICE:
            return
        what = "it spoke in another node's name" if row.cause == SENDER else "a value out of range"
        kind = "sender" if row.cause == SENDER else "range"
        wrong = Wrong(kind, f"{what}, under a sound checksum")
        self._accuse(row, wrong, tuple(rows[-TWICE:]))
        del rows[0]

    def _equivocation(self, twins: Twins) -> None:
        first, second = twins
        what = f"seq {second.seq} said twice: value {first.value_q} and {second.value_q}"
        if first.value_q == second.value_q:
            what = f"seq {second.seq} said twice with different contents"
        wrong = Wrong("equivocation", what, first.value_q, second.value_q)
        self._accuse(second, wrong, (second, first))

    def _judge(self, row: FrameRow, voice: Voice) -> None:
        frame = row.frame()
        assert frame is not None  # the journal keeps frames with a cause apart
        self.bytes += len(row.payload)
        self.used_bytes += frame.count
        wrong = alone(self.setting, row, frame)
        before, certain = voice.before(row)
        evidence = [row]
        if wrong is None and before is not None and self.setting.mode == "resilient":
            wrong = onward(row, before)
            evidence += [before] if before.payload else []
            if wrong is not None and not certain:
                self._count(row, UNVERIFIABLE, "its session may have been said twice")
                return
        if wrong is not None:
            self._count(row, WRONG)
            self._accuse(row, wrong, tuple(evidence))
        elif row.restart or (row.kind == FLOW and row.seq == 1):
            self._count(row, VERIFIED)
        elif before is None:
            self._count(row, UNVERIFIABLE, "its frame before was not heard")
        elif row.held and row.kind != FLOW:
            self._count(row, VERIFIED)
        else:
            near = self.setting.neighbours[row.source]
            marks = [(near[slot], frame.used_at(slot)) for slot in range(frame.count)]
            settled = certain and row.t_us >= self._pause_end.get(row.source, 0)
            inputs = tuple(pair for pair in marks if pair[1])
            self._waiting.append(_Waiting(row, before, settled, inputs))

    # -- moves, judged later --------------------------------------------------------------------
    def _settle(self, now_us: int) -> None:
        while self._waiting and self._waiting[0].row.t_us + LATE_US < now_us:
            waiting = self._waiting.popleft()
            if not self._follow(waiting, last=False):
                wait_us = WAIT_PERIODS * self.setting.silence_rounds * self.period_us
                until_us = waiting.row.t_us + LATE_US + wait_us
                self._doubted.append((waiting, until_us))
        if self._doubted:
            self._doubted = [
                (waiting, until_us)
                for waiting, until_us in self._doubted
                if not self._follow(waiting, last=now_us > until_us)
            ]

    def finish(self) -> None:
        """Judge what still waits; what would need later frames is unverifiable."""
        for waiting in (*self._waiting, *(pair[0] for pair in self._doubted)):
            self._follow(waiting, last=True)
        self._waiting.clear()
        self._doubted.clear()

    def inputs(self, row: FrameRow, pairs: Iterable[tuple[int, int]]) -> list[Named]:
        """Return the frames that (source, mark) pairs of a row mean, as far as they are known."""
        out = []
        for source, mark in pairs:
            voice = self.voices.get(source)
            found = voice.named(mark, row, row.t_us + LATE_US) if voice else (None, False)
            out.append(Named(source, mark, *found))
        return out

    def _follow(self, waiting: _Waiting, last: bool) -> bool:
        """Judge a move; return False when it should be looked at again later."""
        row, before = waiting.row, waiting.before
        assert before is not None
        if self.voices[row.source].unclear & {row.session}:
            self._count(row, UNVERIFIABLE, "its session was said twice")
            return True
        inputs = self.inputs(row, waiting.inputs)
        wrong, why = self._step(row, before, inputs)
        if wrong is None and why == "":
            self._count(row, VERIFIED)
            return True
        if wrong is not None and waiting.settled:
            sure = [(one.source, one.frame) for one in inputs if one.frame and one.certain]
            self._count(row, WRONG)
            told = [before] if before.payload else []
            evidence = (row, *told, *(frame for _, frame in sure))
            self._accuse(row, wrong, evidence, tuple(source for source, _ in sure))
            return True
        if last:
            self._count(row, UNVERIFIABLE, why or "an input may be another frame")
        return last

    def _step(
        self, row: FrameRow, before: FrameRow, inputs: list[Named]
    ) -> tuple[Wrong | None, str]:
        if row.kind != FLOW:
            return follow(self.setting, self.apply, row, before, inputs)
        frame, then = row.frame(), before.frame()
        if frame is None or then is None or then.count != frame.count:
            return None, "its frame before was of another graph"
        return moved(self.setting, row, frame, before, then, inputs)

    def _count(self, row: FrameRow, outcome: str, why: str = "") -> None:
        self.counts[row.source][outcome] += 1
        if why:
            self.reasons[why] += 1

    def _accuse(
        self,
        row: FrameRow,
        wrong: Wrong,
        evidence: tuple[FrameRow, ...],
        witnesses: tuple[int, ...] = (),
    ) -> None:
        counts = self.counts.setdefault(row.source, Counter())
        counts["findings"] += 1
        if counts["findings"] <= KEPT_FINDINGS:
            self.found.append(
                Finding(
                    row.source,
                    row.t_us,
                    row.session or 0,
                    row.seq or 0,
                    wrong,
                    evidence,
                    witnesses,
                )
            )


def audit(journal: Journal, rows_max: int | None = None) -> Auditor:
    """Return the auditor after the journal's first rows_max frames, None: after all of them.

    UserError when the journal lacks the run's settings.
    """
    auditor = Auditor(read_setting(journal))
    for row in islice(journal.frames(good=None), rows_max):
        auditor.hear(row)
    auditor.finish()
    return auditor
