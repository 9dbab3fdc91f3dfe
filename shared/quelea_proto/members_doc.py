"""MEMBERS documents: who is a member of a group that shares limits. The body of a signed document.

Little endian: version u8 (1), digest u16, number u32, count u8, and a place, ascending by node:

    node u16, mark u8, state u8 (0 gone, 1 member), floor u24

mark: the incarnation of a member; of one that is gone, the first that could come back. All below
it are gone. digest: of the group's configuration. number: rises with each document.
"""

from quelea_proto.frames import get, put

VERSION = 1
HEAD = 8
PLACE = 7
MARK_MAX = 63


def doc_bytes(count: int) -> int:
    """Return the length in bytes of the body for count places."""
    return HEAD + PLACE * count


def pack(digest: int, number: int, places: list[tuple[int, int, bool, int]]) -> bytearray:
    """Return the body. places: (node, mark, member, floor_q) rows, ascending by node."""
    body = bytearray(doc_bytes(len(places)))
    body[0] = VERSION
    put(body, 1, 2, digest)
    put(body, 3, 4, number)
    body[7] = len(places)
    at = HEAD
    for node, mark, member, floor_q in places:
        put(body, at, 2, node)
        body[at + 2] = mark
        body[at + 3] = 1 if member else 0
        put(body, at + 4, 3, floor_q)
        at += PLACE
    return body


def unpack(
    body: bytes | bytearray | memoryview,
) -> tuple[int, int, list[tuple[int, int, int, int]]] | None:
    """Return (digest, number, places), or None for bytes that are no such body. Never raises."""
    if len(body) < HEAD or body[0] != VERSION or len(body) != doc_bytes(body[7]):
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
