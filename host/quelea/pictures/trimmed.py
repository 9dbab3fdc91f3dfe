"""How often each node's value was kept, and how often the rules of its neighbours left it out."""

from collections import Counter
from collections.abc import Iterator

from quelea_proto.fixed import clamp

from quelea.audit.auditor import LATE_US
from quelea.audit.setting import read_setting
from quelea.audit.voices import Voice
from quelea.errors import UserError
from quelea.journal import FrameRow, Journal
from quelea.pictures.trims import KEPT, fates

FRAMES_MAX = 40_000  # of a longer run WINDOWS parts with as many frames in all
WINDOWS = 8
LOW, HIGH, OTHER = "left out as low", "left out as high", "not among those that count"
WORDS = (KEPT, LOW, HIGH, OTHER)


def read_trims(journal: Journal) -> tuple[dict[int, Counter[str]], int]:
    """Return ({sender: what became of its values, in WORDS}, steps looked at).

    Only honest nodes' steps count; nothing in exact mode, and where the run's settings are
    missing.
    """
    found: dict[int, Counter[str]] = {}
    try:
        setting = read_setting(journal)
    except UserError:
        return found, 0
    if setting.mode == "exact":
        return found, 0
    liars = {row.number for row in journal.nodes() if row.liar}
    steps = 0
    for rows in _windows(journal):
        voices: dict[int, Voice] = {}
        for row in rows:
            voices.setdefault(row.source, Voice(setting.period_ms * 1000)).hear(row)
        for row in rows:
            if row.source in liars or row.restart or row.held:
                continue
            before = voices[row.source].before(row)[0]
            frame = row.frame()
            if before is None or frame is None or row.source not in setting.neighbours:
                continue
            named = []
            near = setting.neighbours[row.source]
            for slot, source in enumerate(near[: frame.count]):
                voice = voices.get(source)
                if frame.used_at(slot) and voice is not None:
                    used = voice.named(frame.used_at(slot), row, row.t_us + LATE_US)[0]
                    if used is not None:
                        value_q = clamp(used.value_q, setting.lo_q, setting.hi_q)
                        named.append((source, value_q))
            if len(named) < setting.needed:
                continue
            steps += 1
            values_q = [value_q for _, value_q in named]
            words = fates(setting.rule, before.value_q, values_q, setting.faults_max)
            for (source, value_q), word in zip(named, words):
                found.setdefault(source, Counter())[_short(word, value_q, before.value_q)] += 1
    return found, steps


def _short(word: str, value_q: int, own_q: int) -> str:
    if word == KEPT:
        return KEPT
    if word.startswith("dropped"):
        return LOW if "smallest" in word else HIGH
    if word.startswith("clipped"):
        return HIGH if value_q > own_q else LOW
    return OTHER


def _windows(journal: Journal) -> Iterator[list[FrameRow]]:
    total = sum(row.frames for row in journal.traffic())
    if total <= FRAMES_MAX:
        yield list(journal.frames())
        return
    end_us = journal.end_us()
    forgotten = journal.forgotten
    begin_us = forgotten.until_us if forgotten else 0
    length_us = max(1, (end_us - begin_us) * FRAMES_MAX // total // WINDOWS)
    for part in range(WINDOWS):
        from_us = begin_us + (end_us - begin_us) * part // WINDOWS
        yield list(journal.frames(from_us, from_us + length_us))
