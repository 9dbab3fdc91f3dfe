"""Training together: some steps on the own samples, then the average with what neighbours have.

A round: `steps` steps; the parameters go out, in parcels; once every neighbour that is awaited
has spoken for this round, or wait_ms have passed, each parameter becomes what the rule makes of
the own value and the neighbours' (quelea_proto.rules), so that up to F of them may say anything.
The last calm_rounds have no steps: there the nodes only come together.

What is lost holds nobody up for long. A vector counts if all its parcels have come and it is of
this round, or STALE_ROUNDS older at most; who has not spoken in time is not awaited again before
it does. A node that F + 1 neighbours have left behind by LAG_ROUNDS leaves out the rounds between.

Nothing here speaks or knows a clock: turn() does a bounded part of the work, parcel() is what goes
out. Of bytes from outside none raises.
"""

from quelea_proto import parcel_row
from quelea_proto.draws import Draws
from quelea_proto.fixed import ring16_diff, ticks_add, ticks_diff
from quelea_proto.limits import EPOCH_MASK, SEQ_MAX, const
from quelea_proto.parcel_row import ROUNDS_MAX, Parcel, parts_of
from quelea_proto.rules import find
from quelea_proto.sorting import sort_prefix

from quelea_agent.softmax import SHIFT_MAX, SHIFT_MIN, Softmax

STALE_ROUNDS = const(1)
LAG_ROUNDS = const(2)
STEPS_MAX = const(1000)

# what a node is at
IDLE = const(0)
STEPPING = const(1)
WAITING = const(2)  # for the neighbours' parameters
DONE = const(3)


class Plan:
    """What a node is told at its start. numbers: of its neighbours, ascending."""

    def __init__(
        self, node: int, numbers: tuple, rule: str, faults_max: int, seed: int, wait_ms: int,
    ) -> None:  # fmt: skip
        self.node = node
        self.numbers = numbers
        self.rule = rule
        self.faults_max = faults_max
        self.seed = seed
        self.wait_ms = wait_ms


class Course:
    """What the host says of a training: its number (1..65535), rounds, and the rate by round.

    A rate is 2^(4 - shift); from round late_round on late_shift. calm_rounds: the last ones.
    """

    def __init__(
        self, epoch: int, rounds: int, calm_rounds: int, steps: int, shift: int, late_round: int,
        late_shift: int,
    ) -> None:  # fmt: skip
        self.epoch = epoch
        self.rounds = rounds
        self.calm_rounds = calm_rounds
        self.steps = steps
        self.shift = shift
        self.late_round = late_round
        self.late_shift = late_shift

    def valid(self) -> bool:
        """Return whether every figure is in its range."""
        return (
            1 <= self.epoch <= EPOCH_MASK
            and 1 <= self.rounds <= ROUNDS_MAX
            and 0 <= self.calm_rounds <= self.rounds
            and 1 <= self.steps <= STEPS_MAX
            and SHIFT_MIN <= self.shift <= SHIFT_MAX
            and SHIFT_MIN <= self.late_shift <= SHIFT_MAX
            and 0 <= self.late_round <= ROUNDS_MAX
        )


class Voice:
    """What is known of a neighbour: a whole vector, and one that is coming in or waits to be used.

    A neighbour may be a round further before this node has averaged: its older vector stays until
    then. So who is faster than whom changes no bit, unless somebody is late.
    """

    def __init__(self, total: int) -> None:
        self.session = 0
        self.seq = 0
        self.epoch = 0  # of the training; 0: nothing heard
        self.round = -1  # of the vector; -1: none yet
        self.newest = -1  # round of the newest that is whole, the vector or the one that waits
        self.vector = bytearray(2 * total)
        self.awaited = True
        self._coming_round = -1
        self._coming = bytearray(2 * total)
        self._missing = 0  # parts, as bits

    def forget(self, epoch: int) -> None:
        """Begin anew with a training; what was heard is of another, or of another life."""
        self.epoch = epoch
        self.round = self.newest = self._coming_round = -1
        self.awaited = True

    def take(self, row: Parcel) -> bool:
        """Take a part in; False for one of a round that is over."""
        if row.round < self._coming_round or row.round <= self.newest:
            return False
        if row.round > self._coming_round:
            self._use_newest()
            self._coming_round = row.round
            self._missing = (1 << parts_of(row.total)) - 1
        first = 2 * row.part * parcel_row.VALUES_MAX
        self._coming[first : first + len(row.values)] = row.values
        self._missing &= ~(1 << row.part)
        if not self._missing:
            self.newest = row.round
        return True

    def use(self, round_: int) -> None:
        """Have the vector that is wanted in this round of the node, if it is here."""
        if self.round < round_:
            self._use_newest()

    def _use_newest(self) -> None:
        if self.newest > self.round:
            kept = self.vector
            self.vector = self._coming
            self._coming = kept
            self.round = self.newest


class Federated:
    """One node that trains. used: by slot 1 + the round of the vector averaged last, 0 for none.

    steps_done: of this training. Counters: accepted, refused (no parcel, or not of whom the topic
    names), strange (nobody's), old (another training, a round that is over, a repetition), partial
    (neighbours that were awaited and did not come), held (rounds with fewer than 2F + 1 vectors),
    jumps.
    """

    def __init__(self, plan: Plan, session: int, samples) -> None:  # type: ignore[no-untyped-def]
        slots = len(plan.numbers)
        self.plan = plan
        self.session = session
        self.samples = samples
        self.model = Softmax(samples.inputs, samples.classes)
        self.parts = parts_of(self.model.count)
        self.state = IDLE
        self.course = None
        self.round = 0
        self.seq = 0
        self.steps_done = 0
        self.used = [0] * slots
        self.accepted = self.refused = self.strange = self.old = 0
        self.partial = self.held = self.jumps = 0
        self.vector = bytearray(2 * self.model.count)
        self._voices = [Voice(self.model.count) for _ in range(slots)]
        self._apply = find(plan.rule)[1]
        self._values = [0] * (slots + 1)
        self._near = [0] * slots
        self._draws = Draws(plan.seed, plan.node)
        self._steps = 0
        self._until_ms = 0
        self._row = Parcel()

    def begin(self, course: Course) -> None:
        """Begin a training from nothing."""
        self.course = course
        self.round = 0
        self._steps = 0
        self.steps_done = 0
        self.model.reset()
        self._draws = Draws(self.plan.seed, self.plan.node)
        for voice in self._voices:
            if voice.epoch != course.epoch or voice.newest >= course.rounds:
                voice.forget(course.epoch)
        self.state = STEPPING

    # -- work -----------------------------------------------------------------------------------
    def turn(self, now_ms: int) -> int:
        """Do a part of the work; return how many parcels are to be sent: 0, or all."""
        if self.state == IDLE or self.state == DONE:
            return 0
        if self._follow():
            self._average()
        elif self.state == STEPPING:
            return self._step(now_ms)
        elif self._all_spoke() or ticks_diff(now_ms, self._until_ms) >= 0:
            self._average()
        return 0

    def next_ms(self, now_ms: int, latest_ms: int) -> int:
        """Return when turn() has something to do if nothing is heard, at the latest latest_ms."""
        if self.state == STEPPING:
            return now_ms
        if self.state == WAITING and ticks_diff(self._until_ms, latest_ms) < 0:
            return self._until_ms
        return latest_ms

    def _step(self, now_ms: int) -> int:
        course = self.course
        if self.round < course.rounds - course.calm_rounds and self._steps < course.steps:
            late = self.round >= course.late_round
            self.model.step(self.samples, self._draws, course.late_shift if late else course.shift)
            self._steps += 1
            self.steps_done += 1
            if self._steps < course.steps:
                return 0
        if self.seq > SEQ_MAX - self.parts:
            self.state = DONE  # 10^8 vectors: nobody would believe a number that went round
            return 0
        self.model.put(self.vector)
        self.state = WAITING
        self._until_ms = ticks_add(now_ms, self.plan.wait_ms)
        return self.parts

    def parcel(self, part: int) -> bytearray:
        """Return a parcel of the vector that turn() has made; each has the next number."""
        self.seq += 1
        head = (self.plan.node, self.session, self.seq, self.course.epoch, self.round)
        return parcel_row.pack(head, self.vector, self.model.count, part)

    def _all_spoke(self) -> bool:
        for voice in self._voices:
            if voice.awaited and self._newest(voice) < self.round:
                return False
        return True

    def _follow(self) -> bool:
        """Go to the round that at least F + 1 neighbours have left behind; True if it did."""
        near = self._near
        for slot in range(len(near)):
            near[slot] = self._newest(self._voices[slot])
        if len(near) <= self.plan.faults_max:
            return False
        sort_prefix(near, len(near))
        ahead = near[len(near) - 1 - self.plan.faults_max]
        if ahead < self.round + LAG_ROUNDS:
            return False
        self.round = ahead
        self.jumps += 1
        return True

    def _average(self) -> None:
        """Take the vectors that count into the own one, then go on to the next round."""
        chosen = []
        for slot in range(len(self._voices)):
            voice = self._voices[slot]
            here = voice.epoch == self.course.epoch
            if here:
                voice.use(self.round)
            counts = here and voice.round >= 0 and voice.round >= self.round - STALE_ROUNDS
            self.used[slot] = voice.round + 1 if counts else 0
            if counts:
                chosen.append(voice.vector)
            if not here or voice.round < self.round:
                if voice.awaited:
                    self.partial += 1
                voice.awaited = False
        if len(chosen) < 2 * self.plan.faults_max + 1:
            self.held += 1
            for slot in range(len(self.used)):
                self.used[slot] = 0
        else:
            self._combine(chosen)
        self._steps = 0
        self.round += 1
        self.state = STEPPING if self.round < self.course.rounds else DONE

    def _combine(self, chosen: list) -> None:
        apply = self._apply
        values = self._values
        model = self.model
        coarse = model.coarse
        faults_max = self.plan.faults_max
        count = len(chosen)
        for at in range(model.count):
            low = 2 * at
            for i in range(count):
                vector = chosen[i]
                value = vector[low] | vector[low + 1] << 8
                values[i] = value - 65536 if value > 32767 else value
            model.set(at, apply(coarse[at], values, count, faults_max))

    # -- what is heard --------------------------------------------------------------------------
    def hear(self, source: int, payload) -> bool:  # type: ignore[no-untyped-def]
        """Take a parcel in; source: the number of the node whose topic carried it."""
        row = self._row
        voice = self._voice(source)
        if voice is None:
            self.strange += 1
            return False
        if not parcel_row.unpack(payload, row) or row.node != source:
            self.refused += 1
            return False
        if row.total != self.model.count or not self._is_newer(voice, row) or not voice.take(row):
            self.old += 1
            return False
        voice.seq = row.seq
        if self._newest(voice) >= self.round:
            voice.awaited = True
        self.accepted += 1
        return True

    def _is_newer(self, voice: Voice, row: Parcel) -> bool:
        """Return whether a row goes on from what its sender said last; begin anew where it does.

        Who has begun a later training already is heard, and counts once this node begins it.
        """
        own = self.course.epoch if self.course is not None else 0
        if own and ring16_diff(row.epoch, own) < 0:
            return False
        if row.epoch == own and row.round >= self.course.rounds:
            return False
        if row.session != voice.session:
            if voice.session and ring16_diff(row.session, voice.session) < 0:
                return False
            voice.session = row.session
            voice.seq = 0
            voice.forget(row.epoch)
        if row.seq <= voice.seq:
            return False
        if row.epoch != voice.epoch:
            if voice.epoch and ring16_diff(row.epoch, voice.epoch) < 0:
                return False
            voice.forget(row.epoch)
        return True

    def _newest(self, voice: Voice) -> int:
        """Return the round of the newest whole vector of this training, -1 for none."""
        if self.course is None or voice.epoch != self.course.epoch:
            return -1
        return voice.newest

    def whole_vectors(self) -> list:
        """Return the neighbours' newest whole vectors, as put() writes them."""
        found = []
        for voice in self._voices:
            if self._newest(voice) >= 0:
                voice.use(self.round)
                found.append(voice.vector)
        return found

    def _voice(self, source: int):  # type: ignore[no-untyped-def]
        for slot in range(len(self._voices)):
            if self.plan.numbers[slot] == source:
                return self._voices[slot]
        return None
