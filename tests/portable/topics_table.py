# Topics: what is built can be parsed; everything else is none of ours.
# REQ-TOPIC-1, REQ-TOPIC-2.
from kit import check
from quelea_proto.topics import TOPICS, build, is_id, parse, row_of

LONGEST = "a" + "-" * 14 + "z"


def built(fleet: str, node_id: str, to: str) -> None:
    for row in TOPICS:
        topic = build(row[0], fleet, node_id, to)
        parts = parse(topic)
        print(len(topic), topic, parts)
        check(parts is not None and parts[0] == row[0] and parts[1] == fleet, "name", row[0])
        check(row_of(row[0]) is row, "row")


def ids(*texts: str) -> None:
    for text in texts:
        print("id", [ord(char) for char in text], is_id(text))


def parsed(*topics: str) -> None:
    for topic in topics:
        print("parse", [ord(char) for char in topic][8:], parse(topic))


# Few at a time: the micro:bit keeps what one statement names.
built("demo", "n03", "n1")
built("a", "b", "c")
built(LONGEST, LONGEST, LONGEST)
print(build("direct", "demo", "+", "n03"), build("command", "demo", "all", "+"))
ids("a", "0", "a-b", "n03", LONGEST)
ids("", "-a", "a-", "A", "a_b", "a" * 17, "é", "a b", "+", "#", "a/b")
parsed("", "/", "quelea", "quelea/1", "quelea/1/demo", "quelea/1/demo/", "quelea/2/demo/n/a/x")
parsed("quelea/1/demo/n/a/x/", "quelea/1/demo/n/a/y", "quelea/1/demo/n//x", "quelea/1/demo/n/+/x")
parsed("quelea/1/Demo/n/a/x", "quelea/1/demo/n/a/$birth", "quelea/1/demo/cfg")
parsed("quelea/1/demo/cfg/x", "quelea/1/demo/d/a/b", "quelea/1/demo/d/a/B", "x" * 97)
parsed("quelea/1/demo/cmd/all/reset", "quelea/1/demo/n/a/x\x00", "$SYS/broker")
parsed("quelea/1/demo/host/h1/$state", "quelea/1/demo/host/h1/x")
