"""Every bound and scale of the protocol: value, unit, reason; relations asserted beneath.

Numbers only, no names of other modules: this file is compiled into the firmware, derived into
the Cython include `host/quelea/reference/_limits.pxi` and printed in `docs/protocol.md`.
"""

try:
    from micropython import const
except ImportError:  # CPython has no such module; on a board const() folds the number in

    def const(value: int) -> int:
        return value


# -- the wire ---------------------------------------------------------------------------------
VERSION = const(1)  # protocol version in the top 3 bits of a frame's first byte
VERSION_MAX = const(7)  # 3 bits
KIND_MAX = const(31)  # 5 bits; kinds are append-only, the numbers are the protocol
FRAME_BYTES_MAX = const(1024)  # a longer payload is refused before it is read
ID_CHARS_MAX = const(16)  # node and fleet ids: [a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?
TOPIC_CHARS_MAX = const(96)  # the longest built topic has 67 characters
NODE_MAX = const(65535)  # node numbers are 1..NODE_MAX; 0 stands for unknown and for broadcast
SESSION_MAX = const(65535)  # boots; compared wrap-safe in 16 bits
EPOCH_MASK = const(65535)  # epochs are compared wrap-safe in 16 bits
SEQ_MAX = const(1073741823)  # 2^30 - 1 frames a session: 34 years at one a second
USED_MOD = const(255)  # `used` names an input by 1 + seq % 255; 0 says "not used"

# -- numbers ----------------------------------------------------------------------------------
SMALL_MAX = const(1073741823)  # 2^30 - 1, the largest small integer of a 32-bit MicroPython
Q_MAX = const(8388607)  # 2^23 - 1: a value fits 24 bits signed
SUM_VALUES_MAX = const(127)  # values that may meet in one sum: 127 * (2^23 - 1) < 2^30
NEIGHBOURS_MAX = const(126)  # neighbours of a node: with its own value 127 meet in one sum
FAULTS_MAX = const(62)  # 2F + 1 <= NEIGHBOURS_MAX

# -- exact mode: flows ------------------------------------------------------------------------
FLOW_MAX = const(268435455)  # 2^28 - 1: a flow fits 29 bits signed
ESTIMATE_MAX = const(268435455)  # 2^28 - 1: |value - sum of flows|; a move beyond it waits
TURN_MAX = const(6)  # turns go 1..6 and round again; 0 says "not in step yet"
RESIDUE_MAX = const(127)  # a residue fits 8 bits signed; at least the largest divisor, 127
DAMP = const(8)  # a gap of one unit counts for 1/DAMP of its size: see flows.py

# -- headroom ---------------------------------------------------------------------------------
HEADROOM_Q_MAX = const(8388607)  # 2^23 - 1: the limit shared, and any cap, in q
PEERS_MAX = const(63)  # neighbours that units are exchanged with: a group of 64
SHARED_LIMITS_MAX = const(8)  # limits of a fleet, such as one a phase: numbered 0..7

# -- clusters ---------------------------------------------------------------------------------
CLUSTERS_MAX = const(160)  # of a fleet: a row has an entry of 6 bytes for each
CANDIDATES_MAX = const(63)  # members of a cluster that may speak for it
CLUSTER_SIZE_MAX = const(16384)  # members of a cluster
FLEET_SIZE_MAX = const(8388608)  # members of all clusters: a mean weighted by them fits 31 bits

# -- time -------------------------------------------------------------------------------------
TICKS_MASK = const(1073741823)  # ticks wrap at 2^30 ms (12.4 days), as MicroPython's do
TICKS_HALF = const(536870912)  # 2^29: half of the ring, the longest difference told apart
PERIOD_MS_MIN = const(20)  # 50 rounds a second: above it the broker, not the rule, decides
PERIOD_MS_MAX = const(3600000)  # an hour
FRESH_ROUNDS_MAX = const(100)  # with QUIET_ROUNDS_MAX, times PERIOD_MS_MAX: below TICKS_HALF
QUIET_ROUNDS_MAX = const(48)  # rounds from one frame to the next of a node that has no news
EPOCH_ROUNDS_MAX = const(1000000)
FANOUT_MAX = const(126)

# -- queues of the board ----------------------------------------------------------------------
INBOX_FRAMES_MAX = const(64)  # frames kept between two steps; the oldest goes first
STATUS_MS_MIN = const(200)
RECONNECT_MS_MIN = const(500)  # first wait after a lost broker
RECONNECT_MS_MAX = const(8000)  # doubled up to this; jitter by node number
CONNECT_MS_MIN = const(1000)  # a half keepalive, kept between these two, bounds each answer of
CONNECT_MS_MAX = const(5000)  # the broker: TCP, CONNACK, SUBACK, PUBACK, PINGRESP
KEEPALIVE_S_MAX = const(600)  # above it a lost broker would be noticed too late to matter
PACKET_BYTES_MAX = const(1536)  # a frame or status with topic and MQTT header; others are skipped
SEND_QUEUE_MAX = const(32)  # messages waiting for a slow broker; the oldest of QoS 0 goes first
SUBSCRIPTIONS_MAX = const(136)  # each neighbour's topic and the ten of a node's own
IN_FLIGHT_MAX = const(8)  # messages of QoS 1 that the broker has not yet acknowledged
TOKENS_MAX = const(8)  # commands remembered, so that a redelivered one is not done twice
TOKEN_CHARS_MAX = const(32)  # of the text by which a redelivered command is known
EVENTS_MAX = const(4)  # events a node publishes within EVENTS_MS; the others are only counted
EVENTS_MS = const(10000)  # ten seconds: what people can read
TRACE_VALUES_MAX = const(4096)  # readings of a recorded sensor: 16 KB

# Relations: what breaks if one of the numbers above is raised alone.
assert SUM_VALUES_MAX * Q_MAX + (SUM_VALUES_MAX >> 1) <= SMALL_MAX  # the sum, and half its divisor
assert NEIGHBOURS_MAX + 1 <= SUM_VALUES_MAX
assert 2 * FAULTS_MAX + 1 <= NEIGHBOURS_MAX
# a gap between two estimates plus a residue: 2 * (2^28 - 1) + 127 < 2^30
assert 2 * ESTIMATE_MAX + RESIDUE_MAX <= SMALL_MAX
# an estimate minus the change of a flow: (2^28 - 1) + 2 * (2^28 - 1) < 2^30
assert ESTIMATE_MAX + 2 * FLOW_MAX <= SMALL_MAX
assert Q_MAX * 2 + ESTIMATE_MAX <= SMALL_MAX  # an input changed from one end to the other
assert TICKS_MASK == SMALL_MAX and 2 * TICKS_HALF - 1 == TICKS_MASK
assert (FRESH_ROUNDS_MAX + QUIET_ROUNDS_MAX) * PERIOD_MS_MAX < TICKS_HALF
assert PACKET_BYTES_MAX >= 5 + 2 + TOPIC_CHARS_MAX + 2 + FRAME_BYTES_MAX
assert SUBSCRIPTIONS_MAX >= NEIGHBOURS_MAX + 10
assert RESIDUE_MAX >= NEIGHBOURS_MAX + 1  # or an edge's weight would be 0
# what a node owns is its initial share plus one term a neighbour, each at most HEADROOM_Q_MAX
assert (PEERS_MAX + 1) * HEADROOM_Q_MAX <= SMALL_MAX
assert 18 + 11 * PEERS_MAX + 2 <= FRAME_BYTES_MAX  # a headroom row
assert 17 + 6 * CLUSTERS_MAX + 2 <= FRAME_BYTES_MAX  # a cluster row
assert CLUSTERS_MAX * CLUSTER_SIZE_MAX <= FLEET_SIZE_MAX
assert 64 * FLEET_SIZE_MAX + 63 * FLEET_SIZE_MAX <= SMALL_MAX  # rest and digit: see weighted.py
assert TURN_MAX % 2 == 0  # whose turn it is follows from its parity, also when it goes round
