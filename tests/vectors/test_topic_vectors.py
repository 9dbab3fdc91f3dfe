"""Topics follow the grammar, written as regular expressions. REQ-TOPIC-1, REQ-TOPIC-2."""

from engines import rows
from quelea_proto import topics


def test_topics_build_and_parse_as_the_grammar_says():
    names = set()
    for line, row in rows("topics.jsonl"):
        place = f"topics.jsonl:{line}: {row}"
        if row["op"] == "build":
            names.add(row["parts"][0])
            assert topics.build(*row["parts"]) == row["topic"], place
            if "+" in row["topic"]:
                continue
        parts = topics.parse(row["topic"])
        assert (parts if parts is None else list(parts)) == row["parts"], place
    assert names == {row[0] for row in topics.TOPICS}, "every topic has vectors"


def test_every_topic_has_at_most_six_levels_and_fits():
    """REQ-TOPIC-1: at most six levels, and the longest topic is below TOPIC_CHARS_MAX."""
    longest = "a" * 16
    for row in topics.TOPICS:
        topic = topics.build(row[0], longest, longest, longest)
        assert topic.count("/") <= 5 and len(topic) <= 67
