"""What a policy sees of a server, in integers of 0..255: as the board computes it, in columns.

`firmware/quelea_agent/choice/policy.py` says what each is; a test holds these columns to it.
"""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

NAMES = (
    *("here", "near", "excess", "rest", "moves"),  # of the node
    *("mine", "there", "close", "gain", "part", "age"),  # of a server that it may use
)
FEATURES = len(NAMES)
TOP = 255
WHOLE = 1024
RATIO_MAX = 1 << 20
REST_TOP = 31
MOVE = 64
UNKNOWN = -1


def ratio(load_q: Integers, capacity_q: Integers) -> Integers:
    """Return load / capacity in 1/1024, at most RATIO_MAX."""
    found: Integers = np.minimum(RATIO_MAX, np.asarray(load_q) * WHOLE // capacity_q)
    return found


def byte(numbers: Integers) -> Integers:
    """Return numbers within 0..255."""
    found: Integers = np.clip(numbers, 0, TOP)
    return found


def rested(rest: Integers, moves: Integers, moved: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Return rest and moves after a round in which some moved; shapes (...,)."""
    fewer = moves - ((moves + 15) >> 4)
    return (
        np.where(moved, 0, np.minimum(REST_TOP, rest + 1)),
        np.where(moved, np.minimum(TOP, fewer + MOVE), fewer),
    )


def features(
    seen_q: Integers, believed_q: Integers, age: Integers, capacity_q: Integers,
    demand_q: Integers, at: Integers, rest: Integers, moves: Integers,
) -> NDArray[np.uint8]:  # fmt: skip
    """Return the features, shape (..., allowed, FEATURES).

    seen_q: the load of the server in use, shape (...,). believed_q, age, capacity_q: of the
    servers that a node may use, shape (..., allowed); believed_q is UNKNOWN where nothing is
    heard, age is in rounds; both are not looked at for the one in use, whose index is `at`.
    demand_q, at, rest (rounds since the last move, at most REST_TOP), moves: shape (...,).
    """
    allowed = capacity_q.shape[-1]
    mine = np.arange(allowed) == np.asarray(at)[..., None]
    own_q = np.take_along_axis(capacity_q, np.asarray(at)[..., None], -1)[..., 0]
    here = ratio(seen_q, own_q)
    heard = ratio(np.maximum(0, believed_q) + np.asarray(demand_q)[..., None], capacity_q)
    there = np.where(mine, here[..., None], heard)
    old = np.where(believed_q == UNKNOWN, TOP, byte(np.asarray(age) << 3))
    excess = np.where(here > WHOLE, ((here - WHOLE) << 8) // np.maximum(1, here), 0)
    node = (byte(here >> 3), byte(here - WHOLE + 128), excess, np.asarray(rest) << 3, moves)
    part = byte(ratio(np.broadcast_to(np.asarray(demand_q)[..., None], capacity_q.shape),
                      capacity_q) >> 2)  # fmt: skip
    server = (
        np.where(mine, TOP, 0), byte(there >> 3), byte(there - WHOLE + 128),
        byte(((here[..., None] - there) >> 2) + 128), part, np.where(mine, 0, old),
    )  # fmt: skip
    columns = [np.broadcast_to(one[..., None], capacity_q.shape) for one in node]
    found: NDArray[np.uint8] = np.stack([*columns, *server], -1).astype(np.uint8)
    return found
