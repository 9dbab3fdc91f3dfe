"""Placing: which models a node should hold, from what is asked and held within two steps of it.

    ball = Ball(members, sizes, work_ms, link_kb, worth_percent)
    ball.want_ms, ball.held, ball.time_ms    what is known of every member; oneself is member 0
    ball.list_wants()                        once all is entered
    moved = ball.search(memory)              change the own part of `held` where it is worth it
    ball.value(True)                         fills own_ms and asks_ms: who should answer what

The worth of a placement is what the best routing of it would answer. It is found nearly exactly
by filling: demands with the fewest other holders first; each at home as far as it goes, then at
its neighbours, most time left first; and where a demand is left over because its holder has no
time, something of that holder's is moved to another place that has.

The own set is then improved step by step: a model comes in, and those of least worth per byte go,
as many as must, or a single one. What room is left is filled. A step must bring one part in
`margin` of all that is answered in sight, or models would go to and fro on every breath of demand.
"""

from quelea_proto.limits import const

HOME = const(100)  # percent: the worth of an answer at home
MARGIN = const(1000)  # unless the node has its own
STEPS_MAX = const(6)  # of one search
CANDIDATES_MAX = const(12)
MEMBERS_MAX = const(64)
INDEX_BITS = const(14)  # demands in sight: below 2^14
NUMBER_MAX = const(16383)  # kb and ms of a request, kb of a link: their products stay below 2^28


class Member:
    """A node in sight. near: its neighbours in sight, as (index, kb a second), ascending."""

    def __init__(self, number: int, near: tuple) -> None:
        self.number = number
        self.near = near


class Ball:
    """What one node knows, by member * models + model. trials: sets tried since the start."""

    def __init__(
        self, members: tuple, sizes: tuple, work_ms: tuple, link_kb: tuple, worth_percent: int
    ) -> None:
        count = len(members)
        self.members = members
        self.models = len(sizes)
        self.sizes = sizes
        self.work_ms = work_ms
        self.link_kb = link_kb
        self.worth = worth_percent
        self.time_ms = [0] * count
        self.want_ms = [0] * (count * self.models)
        self.held = bytearray(count * self.models)
        self.own_ms = [0] * self.models  # as value(True) found: of the own demand at home,
        self.asks_ms = [0] * (len(members[0].near) * self.models)  # and at neighbours, by slot
        self.margin = MARGIN
        self.trials = 0
        self._wants = []  # member * models + model, where somebody wants something
        self._left_ms = [0] * count
        self._left_kb = [[0] * len(member.near) for member in members]
        self._home = [[] for _ in range(count)]  # what a member answers of its own: [at, ms]
        self._away = [[] for _ in range(count)]  # and for others: [at, place in near, ms]
        self._added = []  # (who answers, [at, place in near, ms]): by _make_room()
        self._rest = []  # (at, ms) that nobody answers yet
        self._kept = bytearray(self.models)

    def list_wants(self) -> None:
        """Take note of where something is wanted; call it when want_ms has changed."""
        self._wants = [at for at in range(len(self.want_ms)) if self.want_ms[at]]

    # -- what a placement is worth --------------------------------------------------------------
    def value(self, keep: bool = False) -> int:
        """Return what is answered in sight, in percent of a ms; keep: also own_ms and asks_ms."""
        members = self.members
        for i in range(len(members)):
            self._left_ms[i] = self.time_ms[i]
            self._home[i].clear()
            self._away[i].clear()
            near = members[i].near
            left_kb = self._left_kb[i]
            for place in range(len(near)):
                left_kb[place] = near[place][1]
        self._added.clear()
        total = self._fill_homes()
        total += self._fill_away()
        for at, rest_ms in self._rest:
            total += self._make_room(at, rest_ms)
        if keep:
            self._keep()
        return total

    def _fill_homes(self) -> int:
        """Answer at home; put what is left into _rest, the fewest other holders first."""
        held = self.held
        models = self.models
        order = []
        for at in self._wants:
            i = at // models
            m = at - i * models
            others = 0
            for other, _ in self.members[i].near:
                if held[other * models + m]:
                    others += 1
            if others or held[at]:
                order.append(others << INDEX_BITS | at)
        order.sort()
        total = 0
        rest = []
        for key in order:
            at = key & (1 << INDEX_BITS) - 1
            rest_ms = self.want_ms[at]
            if held[at]:
                i = at // models
                take = min(rest_ms, self._left_ms[i])
                if take:
                    self._left_ms[i] -= take
                    self._home[i].append([at, take])
                    total += take
                    rest_ms -= take
            if rest_ms and key >> INDEX_BITS:
                rest.append((at, rest_ms))
        self._rest = rest
        return total * HOME

    def _fill_away(self) -> int:
        """Answer what is left at neighbours; what then is left stays in _rest."""
        models = self.models
        left_ms = self._left_ms
        total = 0
        unmet = []
        for at, rest_ms in self._rest:
            i = at // models
            m = at - i * models
            near = self.members[i].near
            while rest_ms:
                best, most = -1, 0
                for place in range(len(near)):
                    k = near[place][0]
                    if left_ms[k] > most and self.held[k * models + m]:
                        if self._fits_ms(i, place, m):
                            best, most = place, left_ms[k]
                if best < 0:
                    unmet.append((at, rest_ms))
                    break
                take = min(rest_ms, most, self._fits_ms(i, best, m))
                self._send(i, best, m, take)
                self._away[near[best][0]].append([at, best, take])
                left_ms[near[best][0]] -= take
                rest_ms -= take
                total += take
        self._rest = unmet
        return total * self.worth

    def _fits_ms(self, i: int, place: int, m: int) -> int:
        """Return how much work for model m still fits through a link."""
        kb = self.link_kb[m]
        if not kb:
            return self.time_ms[self.members[i].near[place][0]]
        return self._left_kb[i][place] * self.work_ms[m] // kb

    def _send(self, i: int, place: int, m: int, work_ms: int) -> None:
        self._left_kb[i][place] -= work_ms * self.link_kb[m] // self.work_ms[m]

    def _make_room(self, at: int, rest_ms: int) -> int:
        """Answer a rest at full holders, by moving what they do; return what that is worth."""
        models = self.models
        i = at // models
        m = at - i * models
        near = self.members[i].near
        total = 0
        for place in range(len(near)):
            k = near[place][0]
            if not rest_ms or not self.held[k * models + m]:
                continue
            for record in self._away[k]:
                there = record[0] // models
                took = self._move(there, record, k, min(rest_ms, self._fits_ms(i, place, m)))
                if took:
                    self._left_kb[there][record[1]] += (
                        took * self.link_kb[record[0] % models] // self.work_ms[record[0] % models]
                    )
                    self._put(at, place, k, m, took)
                    total += took * self.worth
                    rest_ms -= took
            for record in self._home[k]:
                took = self._move(k, record, k, min(rest_ms, self._fits_ms(i, place, m)))
                if took:
                    self._put(at, place, k, m, took)
                    total += took * (self.worth + self.worth - HOME)
                    rest_ms -= took
        return total

    def _put(self, at: int, place: int, k: int, m: int, took: int) -> None:
        self._send(at // self.models, place, m, took)
        self._added.append((k, [at, place, took]))

    def _move(self, i: int, record: list, k: int, most_ms: int) -> int:
        """Move up to most_ms of what k does for i to another neighbour of i; return how much."""
        models = self.models
        m = record[0] % models
        near = self.members[i].near
        moved = 0
        for place in range(len(near)):
            other = near[place][0]
            if other == k or not self._left_ms[other] or not self.held[other * models + m]:
                continue
            take = min(most_ms - moved, record[-1], self._left_ms[other])
            take = min(take, self._fits_ms(i, place, m))
            if take > 0:
                self._send(i, place, m, take)
                self._left_ms[other] -= take
                self._added.append((other, [record[0], place, take]))
                record[-1] -= take
                moved += take
        return moved

    def _keep(self) -> None:
        """Note who is to answer the own demand."""
        models = self.models
        for m in range(models):
            self.own_ms[m] = 0
        for at in range(len(self.asks_ms)):
            self.asks_ms[at] = 0
        for at, took in self._home[0]:
            self.own_ms[at] = took
        for records in self._away:
            for at, place, took in records:
                if at < models:
                    self.asks_ms[place * models + at] += took
        for _, (at, place, took) in self._added:
            if at < models:
                self.asks_ms[place * models + at] += took

    # -- a better set ---------------------------------------------------------------------------
    def search(self, memory: int) -> int:
        """Improve the own set in place, of at most memory; return how many models changed."""
        own = bytes(self.held[: self.models])
        for _ in range(STEPS_MAX):
            if not self._step(memory):
                break
        moved = 0
        for m in range(self.models):
            if self.held[m] != own[m]:
                moved += 1
        return moved

    def _step(self, memory: int) -> bool:
        """Take the best single step; False when none is worth it."""
        held = self.held
        models = self.models
        now = self.value()
        room = memory
        leaving = []  # (worth lost per byte, model)
        for m in range(models):
            if held[m]:
                room -= self.sizes[m]
                held[m] = 0
                leaving.append((((now - self.value()) << 3) // self.sizes[m], m))
                held[m] = 1
        leaving.sort()
        coming = self._coming(memory, now)
        best, best_set = now + now // self.margin, None
        kept = self._kept
        for m in range(models):
            kept[m] = held[m]
        for _, model in coming[:CANDIDATES_MAX]:
            for gone in self._ways_out(leaving, self.sizes[model] - room):
                self._try(model, gone, room, coming)
                worth = self.value()
                self.trials += 1
                if worth > best:
                    best, best_set = worth, bytes(held[:models])
                for m in range(models):
                    held[m] = kept[m]
        if best_set is None:
            return False
        for m in range(models):
            held[m] = best_set[m]
        return True

    def _coming(self, memory: int, now: int) -> list:
        """Return (- worth, model) of what is worth holding if there is room, best first."""
        held = self.held
        models = self.models
        asked = bytearray(models)
        for at in self._wants:
            i = at // models
            if i == 0 or self._is_near(i):
                asked[at - i * models] = 1
        coming = []
        for m in range(models):
            if asked[m] and not held[m] and self.sizes[m] <= memory:
                held[m] = 1
                gain = self.value() - now
                held[m] = 0
                if gain > 0:
                    coming.append((-gain, m))
        coming.sort()
        return coming

    def _is_near(self, i: int) -> bool:
        for other, _ in self.members[0].near:
            if other == i:
                return True
        return False

    def _ways_out(self, leaving: list, over: int) -> list:
        """Return which models may go so that `over` more fits."""
        if over <= 0:
            return [()]
        ways = []
        freed = 0
        gone = []
        for _, m in leaving:
            if self.sizes[m] >= over:
                ways.append((m,))
            if freed < over:
                freed += self.sizes[m]
                gone.append(m)
        if len(gone) > 1 and freed >= over:
            ways.append(tuple(gone))
        return ways

    def _try(self, model: int, gone: tuple, room: int, coming: list) -> None:
        """Hold model, drop those gone, fill the room by worth per byte, in order of `coming`."""
        held = self.held
        held[model] = 1
        room -= self.sizes[model]
        for m in gone:
            held[m] = 0
            room += self.sizes[m]
        while room > 0:
            best, chosen = -1, -1
            for gain, m in coming:
                if not held[m] and self.sizes[m] <= room and m not in gone:
                    density = (-gain << 3) // self.sizes[m]
                    if density > best:
                        best, chosen = density, m
            if chosen < 0:
                break
            held[chosen] = 1
            room -= self.sizes[chosen]
