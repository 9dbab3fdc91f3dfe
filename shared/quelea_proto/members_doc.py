"""MEMBERS documents: who is a member of a group that shares limits. The body of a signed document.

Little endian: version u8 (2), digest u16, number u32, count u8, percent u8, and a place, ascending
by node:

    node u16, mark u8, state u8 (0 gone, 1 member), floor u24

mark: the incarnation of a member; of one that is gone, the first that could come back. All below
it are gone. digest: of the group's configuration. number: rises with each document. percent: of
the limit, 0 .. 100. floor: what the member is sure of while it has a lease; the configured one
where that is more. Hosts write documents (host/quelea/headroom/documents.py), boards read them.
"""

from quelea_proto.frames import get

VERSION = 2
HEAD = 9
PERCENT = 8
PLACE = 7
MARK_MAX = 63


def unpack(
    body: bytes | bytearray | memoryview,
) -> tuple[int, int, list[tuple[int, int, int, int]]] | None:
    """Return (digest, number, places), or None for bytes that are no such body. Never raises."""
    if len(body) < HEAD or body[0] != VERSION or body[PERCENT] > 100:
        return None
    if len(body) != HEAD + PLACE * body[7]:
        return None
    digest = get(body, 1, 2, False)
    number = get(body, 3, 4, False)
    places = []
    last = 0
    for at in range(HEAD, len(body), PLACE):
        node = get(body, at, 2, False)
        if node <= last or body[at + 2] > MARK_MAX or body[at + 3] > 1:
            return None
        last = node
        places.append((node, body[at + 2], body[at + 3], get(body, at + 4, 3, False)))
    return (digest, number, places) if number > 0 else None
