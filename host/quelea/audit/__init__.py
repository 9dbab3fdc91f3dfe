"""Audit: every node's step computed again from the frames it names, by the reference.

`setting` is what the run was to do, `voices` what was heard of whom, `step` the judgement of one
frame, `auditor` the order in which frames are judged, `report` the result. docs/audit.md says what
can be proved so and what not.
"""

from quelea.audit.auditor import Auditor, audit
from quelea.audit.report import report, text
from quelea.audit.setting import Setting, read_setting

__all__ = ["Auditor", "Setting", "audit", "read_setting", "report", "text"]
