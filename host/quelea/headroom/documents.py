"""The body of a document about members, as `shared/quelea_proto/members_doc.py` reads it."""

import struct
from collections.abc import Iterable

from quelea_proto.members_doc import VERSION

Place = tuple[int, int, bool, int]  # node, mark, member, floor_q


def pack(digest: int, number: int, places: Iterable[Place], percent: int = 100) -> bytes:
    """Return the body. places: ascending by node. percent: of the limit, 0 .. 100."""
    rows = [
        struct.pack("<HBB", node, mark, member) + struct.pack("<I", floor_q)[:3]
        for node, mark, member, floor_q in places
    ]
    return struct.pack("<BHIBB", VERSION, digest, number, len(rows), percent) + b"".join(rows)
