"""An intersection's agent: detectors and claims in, a phase asked of the head, a claim out.

    sense -> claims in -> brakes -> worth of every phase -> head -> claim out

A phase is worth the cars that it would pass a second over the best span of green:

    n(p, g) = sum over its lanes of min(flow * green, standing + coming within setup + g)
    worth   = max over g of n(p, g) / (setup + g)

in the manner of Laemmer and Helbing, "Self-control of traffic lights and vehicle flows in urban
road networks", 2008. Cars that cannot arrive in time are no demand. The green phase keeps its
place unless another is worth STAY percent of it; a lane that has waited RED_S_MAX goes first. What
neighbours say is in neighbourhood.py. Integers of 31 bits: cars in units of 1/60, seconds.
"""

from quelea_proto.fixed import clamp
from quelea_proto.limits import const

from quelea_agent.neighbourhood import Neighbourhood
from quelea_agent.signal_head import GREEN, Head

CAR_Q = const(60)  # a car; divisible by the ways that it may take
LANE_Q_MAX = const(6000)  # of a lane: 100 cars; times flow, weight and spans it stays below 2^30
BIN_S = const(2)  # of arrivals
BINS = const(14)
SPANS_S = (4, 6, 8, 10, 12, 16, 20, 26, 32)
PERCENT = const(100)

# One set for all intersections; a plan may name others for a study.
OPTIONS = (
    ("start_s", 1),  # lost when a green begins
    ("flow_q", 30),  # a second and lane: a car every two seconds
    ("weak_q", 15),  # the same where oncoming cars go first
    ("stay", 130),  # percent: what the green phase counts for
    ("green_s_min", 5),
    ("green_s_max", 120),
    ("red_s_max", 120),
    ("age", 5),  # percent a lane's cars gain in ten seconds of red
    ("stuck_s", 5),  # a lane whose first car stands so long at green is served by another phase
    ("hollow_s", 3),  # a queue that nobody leaves, and that is not at the stop line, cannot go
    ("low", 60),  # percent full: an exit's brake begins
    ("high", 95),  # percent full: nothing is sent there
    ("trust", 60),  # percent by which a claim may exceed what the own exit detector sees
    ("ahead", 0),  # 1: cars that neighbours have sent, and detectors do not see yet, count
)


class Plan:
    """What the agent knows of its place.

    phases: by phase rows (lane, weak, most_q, exits). rooms_q: by lane, what fits into its
    detector. exits: how many lanes lead out. exit_slots: by exit the neighbour that it leads to,
    or -1. slots: by neighbour rows (lanes from it, seconds that the detector sees ahead, seconds
    before that, weight). back_slots: own place in each neighbour's list. shared: lanes of whose
    detector a part is in front of other lanes too.
    """

    def __init__(self, given: dict) -> None:
        self.node = given["node"]
        self.numbers = tuple(given["numbers"])
        self.back_slots = tuple(given["back_slots"])
        self.phases = given["phases"]
        self.rooms_q = given["rooms_q"]
        self.exits = given["exits"]
        self.exit_slots = given["exit_slots"]
        self.slots = given["slots"]
        self.shared = given["shared"]
        self.yellow_s = given["yellow_s"]
        self.red_s = given["red_s"]
        self.options = {}
        for name, value in OPTIONS:
            self.options[name] = given.get("options", {}).get(name, value)


class Crossing:
    """One intersection; head: its lamps. The edge writes the newest readings before each step:

    queue_q by lane, coming_q by lane and bin of arrival, stands by lane: 1 if a car stands at the
    stop line, exit_full in percent by exit, left: cars that went to each neighbour in this second,
    box: cars that stand inside the junction.
    """

    def __init__(self, plan: Plan, session: int) -> None:
        take = plan.options
        self.plan = plan
        self.head = Head(len(plan.phases), plan.yellow_s, plan.red_s, take["green_s_min"])
        lanes = len(plan.rooms_q)
        self.lanes = lanes
        self.queue_q = [0] * lanes
        self.coming_q = [[0] * BINS for _ in range(lanes)]
        self.stands = [0] * lanes
        self.box = 0
        self.exit_full = [0] * plan.exits
        self.left = [0] * len(plan.numbers)
        self.red_s = [0] * lanes
        self.braked = [0] * plan.exits  # percent
        self.neighbourhood = Neighbourhood(plan, session)
        self._cars_q = [[0] * (BINS + 1) for _ in range(lanes)]
        self._lit = [0] * lanes
        self._stood_s = [0] * lanes  # at green
        self._hollow_s = [0] * lanes
        self._hollow_s_min = take["hollow_s"]
        self._stuck_s = take["stuck_s"]
        self._start_s = take["start_s"]
        self._flow_q = take["flow_q"]
        self._weak_q = take["weak_q"]
        self._stay = take["stay"]
        self._green_s_max = take["green_s_max"]
        self._red_s_max = take["red_s_max"]
        self._age = take["age"]
        self._low = take["low"]
        self._high = take["high"]
        self._trust = take["trust"]

    def step(self, frames_in):  # type: ignore[no-untyped-def]
        """Do a second's work; frames_in: (source, payload). Return the claim to publish or None.

        The head has then been asked; the lamps of this second are its.
        """
        near = self.neighbourhood
        for i in range(len(frames_in)):
            near.take(frames_in[i][0], frames_in[i][1])
        self._count_red()
        self.head.hold = self.box > 0
        if self.head.may_change():
            self._brake()
            self._decide()
        return near.speak(self)

    def _count_red(self) -> None:
        head = self.head
        lit = self._lit
        for lane in range(self.lanes):
            lit[lane] = 0
        for row in self.plan.phases[head.phase]:
            lit[row[0]] = 1
        for lane in range(self.lanes):
            if lit[lane] and head.stage == GREEN:
                self.red_s[lane] = 0
                self._stood_s[lane] = self._stood_s[lane] + 1 if self.stands[lane] else 0
            elif self.queue_q[lane] > 0 or self.red_s[lane] > 0:
                self.red_s[lane] += 1
            if head.stage != GREEN:
                self._stood_s[lane] = 0
        for lane in self.plan.shared:
            coming = self.coming_q[lane]
            if self.stands[lane] or not self.queue_q[lane] or coming[0] or coming[1]:
                self._hollow_s[lane] = 0  # it stands in front, or moves
            elif self._hollow_s[lane] < self._hollow_s_min:
                self._hollow_s[lane] += 1

    def _brake(self) -> None:
        """Work out how much less an exit is worth, the fuller the road behind it is."""
        near = self.neighbourhood
        low = min(self._high - 1, max(self._low, near.agreed))
        for way in range(self.plan.exits):
            full = self.exit_full[way]
            slot = self.plan.exit_slots[way]
            if slot >= 0:
                full = max(full, min(near.full[slot], full + self._trust))
            self.braked[way] = clamp((full - low) * PERCENT // (self._high - low), 0, PERCENT)

    def _gather(self) -> None:
        """Sum up the cars of every lane that can be at the stop line until the end of a bin."""
        for lane in range(self.lanes):
            total = self.queue_q[lane]
            row, coming = self._cars_q[lane], self.coming_q[lane]
            if self._hollow_s[lane] >= self._hollow_s_min:
                for at in range(BINS + 1):
                    row[at] = 0
                continue
            row[0] = min(LANE_Q_MAX, total)
            ahead = self.neighbourhood.is_ahead(lane)
            for at in range(BINS):
                total += coming[at]
                if ahead:
                    total += self.neighbourhood.ahead_q(lane, at)
                row[at + 1] = min(LANE_Q_MAX, total)

    def _weight(self, lane: int, exits) -> int:  # type: ignore[no-untyped-def]
        """Return what a lane's cars count for in percent, given where they may go."""
        if not exits:
            return PERCENT
        brake = 0
        for way in exits:
            brake += self.braked[way]
        value = PERCENT + min(1000, self.red_s[lane] * self._age // 10)
        return value * (PERCENT - brake // len(exits)) // PERCENT

    def worth(self, phase: int) -> tuple:
        """Return (cars in q, seconds) of the best span of a phase."""
        head = self.head
        setup_s = 0
        if phase != head.phase:
            setup_s = head.yellow_s + head.red_s
        best_q, best_s = 0, 1
        for span_s in SPANS_S:
            end_s = setup_s + span_s
            at = min(BINS, end_s // BIN_S)
            total = 0
            for lane, weak, most_q, exits in self.plan.phases[phase]:
                flow_q = self._weak_q if weak else self._flow_q
                cars_q = self._cars_q[lane][at]
                if self._stood_s[lane] >= self._stuck_s:
                    if phase == head.phase:
                        continue  # who is first cannot go: oncoming cars, or no room behind
                    most_q = LANE_Q_MAX
                if cars_q:
                    can_q = flow_q * (end_s if self._lit[lane] else span_s - self._start_s)
                    cars_q = min(cars_q, can_q, most_q)
                    total += cars_q * self._weight(lane, exits) // PERCENT
            if total * best_s > best_q * end_s:
                best_q, best_s = total, end_s
        return best_q, best_s

    def _late(self) -> int:
        """Return the lane that has waited longest beyond the bound and could go, or -1."""
        late, most_s = -1, self._red_s_max
        for lane in range(self.lanes):
            if self.red_s[lane] >= most_s and self.queue_q[lane] > 0 and self._could_go(lane):
                late, most_s = lane, self.red_s[lane]
        return late

    def _could_go(self, lane: int) -> bool:
        for phase in self.plan.phases:
            for row in phase:
                if row[0] == lane and self._weight(lane, row[3]) > 0:
                    return True
        return False

    def _decide(self) -> None:
        """Ask for the phase that is worth most; a guard's choice comes before it."""
        head = self.head
        self._gather()
        late = self._late()
        best = head.phase
        best_q, best_s = self.worth(best)
        best_q = best_q * self._stay // PERCENT
        if late >= 0 or head.age_s >= self._green_s_max:
            best_q, best_s = -1, 1
        for phase in range(head.phases):
            if phase == head.phase or (late >= 0 and not self._serves(phase, late)):
                continue
            cars_q, seconds = self.worth(phase)
            if cars_q * best_s > best_q * seconds:
                best, best_q, best_s = phase, cars_q, seconds
        head.ask(best)

    def _serves(self, phase: int, lane: int) -> bool:
        for row in self.plan.phases[phase]:
            if row[0] == lane:
                return True
        return False
