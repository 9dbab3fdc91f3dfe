"""METRICS: every metric as a row (name, kind, labels, meaning). `_q` are units of the signal.

How many series there are does not grow with the fleet, but for those of PER_NODE, which are left
out beyond a cap.
"""

from typing import NamedTuple

COUNTER, GAUGE, INFO = "counter", "gauge", "info"


class Metric(NamedTuple):
    """One family. name: as scraped; counters end in _total. labels: their names."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


FLEET = (
    Metric("quelea_fleet_info", INFO, ("fleet", "mode", "rule"), "What the fleet is; always 1."),
    Metric("quelea_up", GAUGE, (), "1 while the run is being written or the broker is heard."),
    Metric("quelea_broker_up", GAUGE, (), "1 while the host has its broker."),
    Metric(
        "quelea_nodes",
        GAUGE,
        ("status",),
        "Members by status: member, present, absent, holding, accused.",
    ),
    Metric("quelea_parts", GAUGE, (), "Groups of present nodes that hear each other; 1 is whole."),
    Metric("quelea_epoch", GAUGE, (), "Newest epoch that half of the trusted nodes are in."),
    Metric("quelea_spread_q", GAUGE, (), "Largest distance of two trusted values of that epoch."),
    Metric("quelea_last_frame_age_seconds", GAUGE, (), "Since anybody's newest good frame."),
    Metric("quelea_frames_total", COUNTER, (), "Good frames heard."),
    Metric("quelea_bytes_total", COUNTER, (), "Bytes of all payloads heard."),
    Metric("quelea_frames_lost_total", COUNTER, (), "Sequence numbers that never came."),
    Metric(
        "quelea_frames_refused_total", COUNTER, ("cause",), "Payloads that were no good frame."
    ),
    Metric("quelea_contradictions_total", COUNTER, (), "Second, different frames of one seq."),
    Metric("quelea_restarts_total", COUNTER, (), "New sessions of nodes since watching began."),
    Metric("quelea_heap_used_ratio", GAUGE, (), "Highest share of its heap that a node has used."),
    Metric("quelea_audit_findings_total", COUNTER, (), "Frames proved to break the protocol."),
    Metric("quelea_audit_behind_frames", GAUGE, (), "Frames that the audit has not seen yet."),
    Metric("quelea_attention", GAUGE, ("level",), "Things a person should look at: bad, warn."),
)
LIMIT = (
    Metric("quelea_limit_q", GAUGE, (), "The shared limit as configured."),
    Metric("quelea_budget_q", GAUGE, (), "The limit times its safety factor."),
    Metric("quelea_caps_q", GAUGE, (), "Sum of what all nodes may draw."),
    Metric("quelea_under_way_q", GAUGE, (), "Headroom given and not taken yet."),
    Metric("quelea_headroom_q", GAUGE, (), "Budget less caps less what is under way."),
    Metric("quelea_limit_violations_total", COUNTER, (), "Rows that broke the limit's invariant."),
)
JOURNAL = (
    Metric("quelea_journal_bytes", GAUGE, (), "Size of the journal with its log."),
    Metric("quelea_journal_dropped_rows_total", COUNTER, ("table",), "Rows it had to leave out."),
    Metric("quelea_journal_forgotten_frames_total", COUNTER, (), "Removed by --journal-mb."),
)
PER_NODE = (
    Metric("quelea_node_up", GAUGE, ("node",), "1 while the node is present."),
    Metric("quelea_node_value_q", GAUGE, ("node",), "What it says its value is."),
    Metric("quelea_node_input_q", GAUGE, ("node",), "What it says its own demand is."),
    Metric("quelea_node_cap_q", GAUGE, ("node",), "What it may draw."),
    Metric("quelea_node_frame_age_seconds", GAUGE, ("node",), "Since its newest good frame."),
    Metric("quelea_node_bytes_total", COUNTER, ("node",), "Bytes of its payloads."),
    Metric("quelea_node_heap_used_bytes", GAUGE, ("node",), "High-water mark of its heap."),
    Metric("quelea_node_findings_total", COUNTER, ("node",), "Its frames proved wrong."),
)
LEFT_OUT = Metric(
    "quelea_nodes_without_series", GAUGE, (), "Members whose own series the cap leaves out."
)
METRICS = (*FLEET, *LIMIT, *JOURNAL, *PER_NODE, LEFT_OUT)
BY_NAME = {metric.name: metric for metric in METRICS}
