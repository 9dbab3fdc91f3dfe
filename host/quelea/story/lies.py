"""LIES: what a liar writes into its rumour rows, always as seen this very moment.

In MicroPython's subset: staged beside the firmware of emulated liars too. A lie is a function
(server, capacity_q, truth_q, round, draws) -> load in q. `sly` liars know which server the
receiver uses and tell the truth about that one, since it can be checked, and random loads else.
"""

from quelea_proto.rumour_row import HEAD, pack_server, seal

CROWD_ROUNDS = 10


def _random(server, capacity_q, truth_q, round_, draws):  # type: ignore[no-untyped-def]
    return draws.below(2 * capacity_q + 1)


def _empty(server, capacity_q, truth_q, round_, draws):  # type: ignore[no-untyped-def]
    return 0


def _full(server, capacity_q, truth_q, round_, draws):  # type: ignore[no-untyped-def]
    return 2 * capacity_q


def _flip(server, capacity_q, truth_q, round_, draws):  # type: ignore[no-untyped-def]
    return max(0, 2 * capacity_q - truth_q)


def _crowd(server, capacity_q, truth_q, round_, draws):  # type: ignore[no-untyped-def]
    return 0 if round_ // CROWD_ROUNDS % 8 == server else 2 * capacity_q


LIES = (
    ("random", _random),
    ("empty", _empty),
    ("full", _full),
    ("flip", _flip),
    ("crowd", _crowd),
    ("sly", _random),
)


def find(name: str):  # type: ignore[no-untyped-def]
    """Return the function of this name, or None."""
    for row in LIES:
        if row[0] == name:
            return row[1]
    return None


def forge(row, lie, capacities_q, truths_q, spared, round_, draws):  # type: ignore[no-untyped-def]
    """Rewrite the loads of a packed row in place; spared: a server told truthfully, or -1."""
    count = row[HEAD - 1]
    for server in range(count):
        said_q = truths_q[server]
        if server != spared:
            said_q = lie(server, capacities_q[server], said_q, round_, draws)
        pack_server(row, server, said_q, 0)
    seal(row)
