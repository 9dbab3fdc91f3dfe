"""Updates over the air, from the host: a signed release, its chunks, and what became of it.

The board's half is `firmware/quelea_agent/port/update.py`; `docs/updates.md` has the whole story.
"""

from quelea.update.release import Release, make

__all__ = ["Release", "make"]
