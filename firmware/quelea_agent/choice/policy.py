"""Policy: a small network, trained on the host, scores each server; a draw by the scores decides.

One network serves all nodes and all of a node's servers, the one in use among them: to pick that
is to stay. A round makes FEATURES integers of 0..255 for each server, the network (dense.py) makes
one score of them, and a server is drawn with a chance in proportion to 2^score. Without the draw
all that hear the same would run to the same place.

    0 here     the load of the server in use, of its capacity, in 1/128
    1 near     the same close to 1: 128 is full, a step is 1/1024
    2 excess   what is too much there, of all its load, in 1/256
    3 rest     rounds since this node's last move, times 8
    4 moves    64 for each move, a sixteenth forgotten each round
    5 mine     255 for the server in use, else 0
    6 there    the load of the scored server with this node on it, in 1/128; not heard of: empty
    7 close    the same close to 1, as `near`
    8 gain     128 more than (load here - load there), in 1/256
    9 part     the own demand of that capacity, in 1/256
    10 age     rounds since what is believed was seen, times 8; not heard of: 255; in use: 0

The file (QNN1, dense.py) is me.memory, or given; the shift of its last layer says how many bits of
a score are below one octave. Without a file that fits, the node moves as damped.py does.
"""

from quelea_proto.limits import const

from quelea_agent import dense
from quelea_agent.choice.best import WHOLE, ratio
from quelea_agent.choice.damped import Damped
from quelea_agent.dense_native import scorer
from quelea_agent.rumours import UNKNOWN

FEATURES = const(11)
TOP = const(255)
REST_TOP = const(31)  # rounds
MOVE = const(64)
STEP_BITS = const(4)  # a chance is known to a 16th of an octave
OCTAVES = const(16)  # a chance 2^-16 of the best is none
CHANCES = (32768, 31379, 30048, 28774, 27554, 26386, 25268, 24196,
           23170, 22188, 21247, 20347, 19484, 18658, 17867, 17109)  # 2^(15 - i / 16)  # fmt: skip


def byte(number: int) -> int:
    """Return number within 0..255."""
    return 0 if number < 0 else TOP if number > TOP else number


def loaded(memory):  # type: ignore[no-untyped-def]
    """Return (network, None), or (None, what is wrong with the file)."""
    network, problem = dense.load(memory)
    if network is None:
        return None, problem
    if network.inputs != FEATURES or network.outputs != 1:
        return None, "another number of inputs or outputs than a policy has"
    if network.layers[-1].shift < STEP_BITS:
        return None, "the scores are too coarse for a draw"
    return network, None


class Policy:
    """problem: why there is no network, or None. scores: of the last round, by index."""

    def __init__(self, me, file=None) -> None:  # type: ignore[no-untyped-def]
        self.me = me
        file = me.memory if file is None else file
        self.network, self.problem = loaded(file)
        self._score = scorer(file, self.network) if self.network is not None else None
        self.values = bytearray(FEATURES)
        self.scores = [0] * len(me.allowed)
        self.rest = REST_TOP  # rounds since the last move
        self.moves = 0
        self._here = 0
        self._chances = [0] * len(me.allowed)
        self._else = Damped(me)

    def choose(self) -> int:
        """Return the index that the scores and a draw lead to."""
        me = self.me
        if me.seen_q == UNKNOWN:
            return me.at
        if self.network is None:
            return self._else.choose()
        self.look_here()
        for index in range(len(self.scores)):
            self.look_at(index)
            self.scores[index] = self._score(self.values)
        index = self._drawn()
        self.note(index)
        return index

    def note(self, index: int) -> None:
        """Count a round in which this index is chosen."""
        self.rest = min(REST_TOP, self.rest + 1)
        self.moves -= self.moves + 15 >> 4
        if index != self.me.at:
            self.rest = 0
            self.moves = min(TOP, self.moves + MOVE)

    def look_here(self) -> None:
        """Set the values that are the same for all servers."""
        me = self.me
        values = self.values
        here = ratio(me.seen_q, me.capacities_q[me.server])
        self._here = here
        values[0] = byte(here >> 3)
        values[1] = byte(here - WHOLE + 128)
        values[2] = (here - WHOLE << 8) // here if here > WHOLE else 0
        values[3] = self.rest << 3
        values[4] = self.moves

    def look_at(self, index: int) -> None:
        """Set the values of a server."""
        me = self.me
        values = self.values
        capacity_q = me.capacities_q[me.allowed[index]]
        there = self._here
        age = mine = 0
        if index == me.at:
            mine = TOP
        else:
            load_q = me.believed_q(index)
            age = TOP if load_q == UNKNOWN else byte(me.rumours.age() << 3)
            there = ratio(max(0, load_q) + me.demand_q, capacity_q)
        values[5] = mine
        values[6] = byte(there >> 3)
        values[7] = byte(there - WHOLE + 128)
        values[8] = byte((self._here - there >> 2) + 128)
        values[9] = byte(ratio(me.demand_q, capacity_q) >> 2)
        values[10] = age

    def _drawn(self) -> int:
        """Return an index, each with a chance in proportion to 2^score."""
        scores = self.scores
        top = scores[0]
        for score in scores:
            if score > top:
                top = score
        shift = self.network.layers[-1].shift - STEP_BITS
        total = 0
        for index in range(len(scores)):
            below = top - scores[index] >> shift
            chance = 0
            if below < OCTAVES << STEP_BITS:
                chance = CHANCES[below & 15] >> (below >> STEP_BITS)
            self._chances[index] = chance
            total += chance
        point = self.me.draws.below(total)
        for index in range(len(scores)):
            point -= self._chances[index]
            if point < 0:
                break
        return index
