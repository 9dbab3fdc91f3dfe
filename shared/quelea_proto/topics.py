"""TOPICS: rows (name, levels, QoS, retained, writer, payload); build, and parse -> parts or None.

Every topic begins `quelea/1/<fleet>/`. Each has one writer, so that a broker's access list can
hold node ids to their own topics. At most six levels; ids are [a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?.
"""

from quelea_proto.limits import ID_CHARS_MAX, TOPIC_CHARS_MAX

ROOT = "quelea/1"

# In `levels`, "<id>" stands for a node id and "<to>" for a second id or word of the same form.
TOPICS = (
    ("state", ("n", "<id>", "$state"), 1, True, "node; last will", "init|ready|sleeping|..."),
    ("birth", ("n", "<id>", "$birth"), 1, True, "node", "JSON: what the node is and runs"),
    ("frame", ("n", "<id>", "x"), 0, False, "node", "frame for all neighbours"),
    ("headroom", ("n", "<id>", "hr"), 0, False, "node", "headroom row"),
    ("cluster", ("n", "<id>", "cl"), 0, False, "node", "cluster row without entries"),
    ("table", ("n", "<id>", "ct"), 0, False, "node", "cluster row of a delegate"),
    ("status", ("n", "<id>", "status"), 0, False, "node", "JSON for people"),
    ("event", ("n", "<id>", "evt"), 1, False, "node", "JSON, rate bounded"),
    ("reply", ("n", "<id>", "rpl"), 1, False, "node", "JSON answer to a command"),
    ("direct", ("d", "<id>", "<to>"), 0, False, "node <id>", "frame for neighbour <to>"),
    ("command", ("cmd", "<id>", "<to>"), 1, False, "host", "JSON; <id> may be `all`"),
    ("config", ("cfg",), 1, True, "host", "JSON: the fleet's configuration"),
    ("update", ("ota",), 1, True, "host", "signed manifest of an update"),
    ("chunk", ("ota", "<id>"), 0, False, "host", "chunk of an update for node <id>"),
    ("need", ("n", "<id>", "need"), 0, False, "node", "JSON: which chunk is wanted"),
    ("host", ("host", "<id>", "$state"), 1, True, "host", "JSON: host online or not"),
)

_ID_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def is_id(text: str) -> bool:
    """Return whether text may name a node or a fleet: lower case, digits, inner dashes, 1..16."""
    if not 1 <= len(text) <= ID_CHARS_MAX:
        return False
    if text[0] == "-" or text[-1] == "-":
        return False
    for char in text:
        if char not in _ID_CHARS:
            return False
    return True


def row_of(name: str) -> tuple[str, tuple[str, ...], int, bool, str, str]:
    """Return the row of TOPICS with this name; KeyError for a name that our own code misspelt."""
    for row in TOPICS:
        if row[0] == name:
            return row
    raise KeyError(name)


def build(name: str, fleet: str, node_id: str = "", to: str = "") -> str:
    """Return the topic of this name; `+` is allowed for node_id and to, to subscribe."""
    levels = [ROOT, fleet]
    for level in row_of(name)[1]:
        if level == "<id>":
            level = node_id
        elif level == "<to>":
            level = to
        levels.append(level)
    return "/".join(levels)


def parse(topic: str) -> tuple[str, str, str, str] | None:
    """Return (name, fleet, node id, second id) of a topic, or None when it is none of ours.

    Missing ids are empty strings. Never raises on a str of any content.
    """
    if len(topic) > TOPIC_CHARS_MAX:
        return None
    parts = topic.split("/")
    if len(parts) < 4 or parts[0] != "quelea" or parts[1] != "1" or not is_id(parts[2]):
        return None
    for row in TOPICS:
        levels = row[1]
        if len(levels) != len(parts) - 3:
            continue
        node_id = ""
        to = ""
        for i in range(len(levels)):
            part = parts[3 + i]
            if levels[i] == "<id>" and is_id(part):
                node_id = part
            elif levels[i] == "<to>" and is_id(part):
                to = part
            elif levels[i] != part:
                break
        else:
            return row[0], parts[2], node_id, to
    return None
