"""The journal: one SQLite file a run, written off the hot path, read by everything that judges.

`folder` makes and finds runs, `schema` is what a file holds, `recorder` what producers call,
`writer` puts rows into a file and `memory` into none, `reader` is the only way to read them.
"""

from quelea.journal.folder import RunFolder, begin, find_run, open_run
from quelea.journal.memory import MemoryRecorder
from quelea.journal.reader import Journal
from quelea.journal.recorder import Forgotten, Incomplete, Recorder
from quelea.journal.rows import (
    Check,
    Decoder,
    EventRow,
    FaultRow,
    FrameRow,
    NodeRow,
    StateRow,
    StatusRow,
)
from quelea.journal.tally import Second
from quelea.journal.totals import Epoch, Traffic
from quelea.journal.writer import Writer

__all__ = [
    "Check",
    "Decoder",
    "Epoch",
    "EventRow",
    "FaultRow",
    "Forgotten",
    "FrameRow",
    "Incomplete",
    "Journal",
    "MemoryRecorder",
    "NodeRow",
    "Recorder",
    "RunFolder",
    "Second",
    "StateRow",
    "StatusRow",
    "Traffic",
    "Writer",
    "begin",
    "find_run",
    "open_run",
]
