"""The desk of a serving node: requests that wait, run or are asked of neighbours; models' files.

Nothing here speaks: take() and the like return what is to be sent, as (to, row); `to` is a slot,
or HOST. A model is busy for its work_ms, as an accelerator would be; the sums are really done.
"""

import hashlib

from quelea_proto import request_row
from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import const
from quelea_proto.request_row import ANSWER, FORWARDED, PART, REFUSED, REQUEST

from quelea_agent import dense

HOST = const(-1)
QUEUE_MAX = const(24)  # requests that wait here
PENDING_MAX = const(48)  # requests that neighbours have
NEAR_MS = const(120)  # a longer queue at home: a neighbour is asked first
SLACK_MS = const(60)  # of a budget, for messages under way
ANSWER_MS = const(500)  # a neighbour that takes longer than this and the work is not waited for
CHUNK_BYTES = const(512)
CHUNK_MS = const(1500)  # without an answer the part is asked for again


class Job:
    """One request. back: who asked. asked: the slot that has it now; tried: slots, as bits."""

    def __init__(self, row, back: int, deadline_ms: int) -> None:
        self.number = row.number
        self.model = row.model
        self.body = bytes(row.body)
        self.back = back
        self.deadline_ms = deadline_ms
        self.asked = -1
        self.tried = 0
        self.due_ms = 0


class Desk:
    """counted_ms: work asked for here by model, since the last round read it. sums of events:

    answered, refused, forwarded, late (neighbours that did not answer), faulty (bad files).
    """

    def __init__(self, agent, shas: list, sizes: list) -> None:
        self.agent = agent
        self.shas = shas
        self.sizes = sizes  # bytes of the models' files
        self.networks = [None] * len(sizes)
        self.counted_ms = [0] * len(sizes)
        self.answered = 0
        self.refused = 0
        self.forwarded = 0
        self.late = 0
        self.faulty = 0
        self._queue = []
        self._pending = []
        self._busy = None
        self._busy_until_ms = 0
        self._file = None
        self._file_model = -1
        self._file_at = 0
        self._file_due_ms = 0

    # -- time ----------------------------------------------------------------------------------
    def backlog_ms(self, now_ms: int) -> int:
        """Return how long a request that comes now would wait."""
        total = 0
        if self._busy is not None:
            total = max(0, ticks_diff(self._busy_until_ms, now_ms))
        for job in self._queue:
            total += self.agent.plan.work_ms[job.model]
        return total

    def next_ms(self, latest_ms: int) -> int:
        """Return when tick() has something to do, at the latest latest_ms."""
        if self._busy is not None and ticks_diff(self._busy_until_ms, latest_ms) < 0:
            latest_ms = self._busy_until_ms
        for job in self._pending:
            if ticks_diff(job.due_ms, latest_ms) < 0:
                latest_ms = job.due_ms
        return latest_ms

    def tick(self, now_ms: int) -> list:
        """Finish, begin, give up; return what is to be sent."""
        out = []
        while self._busy is not None and ticks_diff(now_ms, self._busy_until_ms) >= 0:
            job, scores = self._busy
            self._busy = None
            out.append((job.back, self._answer(job, scores)))
            self._begin(self._busy_until_ms, now_ms)
        self._begin(now_ms, now_ms)
        for job in list(self._pending):
            if ticks_diff(now_ms, job.due_ms) >= 0:
                self.late += 1
                self.agent.lost(job.asked)
                self._pending.remove(job)
                self._place(job, now_ms, out)
        return out

    def _begin(self, from_ms: int, now_ms: int) -> None:
        """Start the next request, at from_ms if the node was busy until then."""
        while self._busy is None and self._queue:
            job = self._queue.pop(0)
            network = self.networks[job.model]
            if network is None:
                continue  # cannot be: a model stays while requests for it wait
            scores = list(network.scores(job.body))
            start_ms = from_ms if ticks_diff(now_ms, from_ms) < 50 else now_ms
            self._busy_until_ms = ticks_add(start_ms, self.agent.plan.work_ms[job.model])
            self._busy = (job, scores)

    # -- requests ------------------------------------------------------------------------------
    def take(self, row, back: int, now_ms: int) -> list:
        """Take a request in."""
        out = []
        if row.model >= len(self.networks):
            return out
        job = Job(row, back, ticks_add(now_ms, row.value))
        if not row.flag & FORWARDED:
            work_ms = self.agent.plan.work_ms[row.model]
            self.counted_ms[row.model] = min(60000, self.counted_ms[row.model] + work_ms)
        self._place(job, now_ms, out)
        self._begin(now_ms, now_ms)
        return out

    def _place(self, job, now_ms: int, out: list) -> None:
        """Local first while the queue is short, then a neighbour, then local, else refuse."""
        left_ms = ticks_diff(job.deadline_ms, now_ms)
        wait_ms = self.backlog_ms(now_ms)
        network = self.networks[job.model]
        fits = network is not None and len(job.body) >= network.inputs
        work_ms = self.agent.plan.work_ms[job.model]
        fits = fits and len(self._queue) < QUEUE_MAX and wait_ms + work_ms + SLACK_MS <= left_ms
        if fits and (wait_ms <= NEAR_MS or job.back != HOST):
            self._queue.append(job)
            return
        if job.back == HOST and left_ms > work_ms + SLACK_MS:
            slot = self._choose(job)
            if slot >= 0 and len(self._pending) < PENDING_MAX:
                job.asked = slot
                job.tried |= 1 << slot
                job.due_ms = ticks_add(now_ms, min((left_ms + work_ms) >> 1, ANSWER_MS + work_ms))
                self._pending.append(job)
                self.forwarded += 1
                budget_ms = left_ms - SLACK_MS
                out.append(
                    (
                        slot,
                        request_row.pack(
                            REQUEST, FORWARDED, job.number, job.model, budget_ms, job.body
                        ),
                    )
                )
                return
        if fits:
            self._queue.append(job)
            return
        self.refused += 1
        out.append((job.back, self._answer(job, None)))

    def _choose(self, job) -> int:
        """Return one of two neighbours drawn by their leases, the one with less of ours, or -1.

        Where no lease is left to try: drawn by what the holders can spare.
        """
        agent = self.agent
        for by_lease in (True, False):
            weights = []
            total = 0
            for slot in range(agent.slots):
                weight = 0
                if not job.tried & 1 << slot and agent.holds(slot, job.model):
                    weight = agent.taken_ms[slot * agent.models + job.model]
                    if not by_lease:
                        place = agent.plan.members[0].near[slot][0]
                        weight = agent.spare_ms[place] + 1
                weights.append(weight)
                total += weight
            if total:
                first = self._drawn(weights, total)
                second = self._drawn(weights, total)
                return first if self._load(first) <= self._load(second) else second
        return -1

    def _drawn(self, weights: list, total: int) -> int:
        point = self.agent.draws.below(total)
        for slot in range(len(weights)):
            point -= weights[slot]
            if point < 0:
                return slot
        return len(weights) - 1

    def _load(self, slot: int) -> int:
        count = 0
        for job in self._pending:
            if job.asked == slot:
                count += 1
        return count

    def answered_by(self, row, slot: int, now_ms: int) -> list:
        """Take a neighbour's answer; refused: the next is tried."""
        out = []
        for job in self._pending:
            if job.number == row.number and job.asked == slot:
                self._pending.remove(job)
                if row.flag & REFUSED:
                    self._place(job, now_ms, out)
                else:
                    self.answered += 1
                    out.append(
                        (
                            HOST,
                            request_row.pack(
                                ANSWER, 0, row.number, row.model, row.value, bytes(row.body)
                            ),
                        )
                    )
                break
        return out

    def _answer(self, job, scores) -> bytes:
        node = self.agent.node
        if scores is None:
            return request_row.pack(ANSWER, REFUSED, job.number, job.model, node)
        self.answered += 1
        body = request_row.body_of(scores)
        return request_row.pack(ANSWER, 0, job.number, job.model, node, body)

    # -- files ---------------------------------------------------------------------------------
    def files(self, now_ms: int) -> list:
        """Free what is no longer held; ask for the next part of what is to come."""
        agent = self.agent
        for m in range(len(self.networks)):
            if self.networks[m] is not None and not agent.held[m] and not self._waits(m):
                self.networks[m] = None
        if agent.coming != self._file_model:
            self._file_model = agent.coming
            self._file = bytearray(self.sizes[agent.coming]) if agent.coming >= 0 else None
            self._file_at = 0
            self._file_due_ms = now_ms
        if self._file is None or ticks_diff(now_ms, self._file_due_ms) < 0:
            return []
        self._file_due_ms = ticks_add(now_ms, CHUNK_MS)
        part = request_row.pack(PART, 0, self._file_at, self._file_model, CHUNK_BYTES)
        return [(HOST, part)]

    def _waits(self, model: int) -> bool:
        for job in self._queue:
            if job.model == model:
                return True
        return False

    def received(self, row, now_ms: int) -> list:
        """Take a part of a file; the whole is checked before it is used."""
        if self._file is None or row.model != self._file_model or row.number != self._file_at:
            return []
        end = self._file_at + len(row.body)
        if not row.body or end > len(self._file):
            return []
        self._file[self._file_at : end] = row.body
        self._file_at = end
        self._file_due_ms = now_ms
        if end == len(self._file):
            self._use(now_ms)
        return self.files(now_ms)

    def _use(self, now_ms: int) -> None:
        model = self._file_model
        network, problem = None, "another checksum"
        if hashlib.sha256(self._file).digest() == self.shas[model]:
            network, problem = dense.load(self._file)
        if problem:
            self.faulty += 1
            self._file_at = 0  # from the beginning, not at once
            self._file_due_ms = ticks_add(now_ms, CHUNK_MS)
            return
        self.networks[model] = network
        self._file = None
        self._file_model = -1
        self.agent.loaded()
