"""The topic grammar as one regular expression a topic; and its vectors."""

import re
from collections.abc import Iterator

Row = dict[str, object]
ID = r"[a-z0-9](?:[a-z0-9-]{0,14}[a-z0-9])?"
# name, what stands behind quelea/1/<fleet>/, with {id} and {to} for its ids
FORMS = (
    ("state", "n/{id}/$state"),
    ("birth", "n/{id}/$birth"),
    ("frame", "n/{id}/x"),
    ("headroom", "n/{id}/hr"),
    ("cluster", "n/{id}/cl"),
    ("table", "n/{id}/ct"),
    ("status", "n/{id}/status"),
    ("event", "n/{id}/evt"),
    ("reply", "n/{id}/rpl"),
    ("direct", "d/{id}/{to}"),
    ("command", "cmd/{id}/{to}"),
    ("config", "cfg"),
    ("update", "ota"),
    ("chunk", "ota/{id}"),
    ("need", "n/{id}/need"),
    ("host", "host/{id}/$state"),
)


def parse(topic: str) -> list[str] | None:
    """Return [name, fleet, id, second id], or None."""
    for name, form in FORMS:
        tail = (
            re.escape(form).replace(r"\{id\}", f"(?P<id>{ID})").replace(r"\{to\}", f"(?P<to>{ID})")
        )
        found = re.fullmatch(f"quelea/1/(?P<fleet>{ID})/{tail}", topic)
        if found and len(topic) <= 96:
            parts = found.groupdict()
            return [name, parts["fleet"], parts.get("id", ""), parts.get("to", "")]
    return None


BAD = (
    ("", "empty"),
    ("quelea", "one level"),
    ("quelea/1/demo", "no topic of the fleet"),
    ("quelea/2/demo/n/n03/x", "another version of the protocol"),
    ("other/1/demo/n/n03/x", "another root"),
    ("/quelea/1/demo/n/n03/x", "a leading slash"),
    ("quelea/1/demo/n/n03/x/", "a trailing slash"),
    ("quelea/1/demo/n/n03/x/y", "a seventh level"),
    ("quelea/1/demo/n//x", "an empty id"),
    ("quelea/1//n/n03/x", "an empty fleet"),
    ("quelea/1/demo/n/N03/x", "capital letters"),
    ("quelea/1/demo/n/-n03/x", "a dash at the start of an id"),
    ("quelea/1/demo/n/n03-/x", "a dash at the end of an id"),
    ("quelea/1/demo/n/n.03/x", "a dot in an id"),
    ("quelea/1/demo/n/n 03/x", "a blank in an id"),
    ("quelea/1/demo/n/" + "a" * 17 + "/x", "an id of 17 characters"),
    ("quelea/1/demo/n/+/x", "a wildcard is no id"),
    ("quelea/1/demo/n/n03/y", "an unknown leaf"),
    ("quelea/1/demo/n/n03/state", "the dollar sign left out"),
    ("quelea/1/demo/d/n03", "an addressed frame without its receiver"),
    ("quelea/1/demo/n/n\u00e9/x", "a letter beyond ASCII"),
    ("q" * 200, "longer than any topic"),
)


def rows() -> Iterator[Row]:
    """Yield the rows of topics.jsonl: build rows with their topic, parse rows with their parts."""
    longest = "a" + "-" * 14 + "z"
    for name, form in FORMS:
        for fleet, node_id, to in (("demo", "n03", "n11"), ("0", "1", "2"), (longest,) * 3):
            topic = f"quelea/1/{fleet}/" + form.format(id=node_id, to=to)
            parts = parse(topic)
            assert parts is not None and parts[0] == name, topic
            yield {
                "op": "build",
                "parts": parts,
                "topic": topic,
                "why": f"{name} topic",
            }
    for parts, topic, why in (
        (["frame", "demo", "+", ""], "quelea/1/demo/n/+/x", "a subscription to all frames"),
        (["direct", "demo", "+", "n03"], "quelea/1/demo/d/+/n03", "what is addressed to a node"),
    ):
        yield {"op": "build", "parts": parts, "topic": topic, "why": why}
    for topic, why in BAD:
        assert parse(topic) is None, topic
        yield {"op": "parse", "parts": None, "topic": topic, "why": f"none of ours: {why}"}
