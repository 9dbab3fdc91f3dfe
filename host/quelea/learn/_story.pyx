# cython: language_level=3, binding=False, embedsignature=False, boundscheck=False
"""The thin side of story_world.c: worlds in one block of memory, stepped without the GIL.

Ranges are checked by quelea.learn.env_batch; shapes here, by the types of the arguments.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef extern from "story_world.h":
    enum:
        _SERVERS "SERVERS"
        _ALLOWED "ALLOWED"
        _SLOTS "SLOTS"
        _AGENTS_MAX "AGENTS_MAX"
        _COLUMNS "COLUMNS"
        _SERVER_COLUMNS "SERVER_COLUMNS"
        _AGENT_COLUMNS "AGENT_COLUMNS"
    ctypedef struct agent:
        int32_t demand_q
        int32_t served_q
        uint8_t allowed[4]
        uint8_t neighbours[4]
        uint8_t lying
    ctypedef struct world:
        int32_t count
        int32_t throttled
        int32_t checked
        int32_t adaptive
        int32_t lie
        int32_t lies
        int32_t kappa_percent
        int32_t claim_q_max
        int32_t loss_of_32768
        int32_t capacities_q[8]
        int32_t loads_q[8]
        int32_t goodput_q
        int32_t overloaded
        int32_t overasked
        int32_t messages
        int32_t moves
        agent agents[64]
    void world_begin(world *, uint32_t, uint32_t) noexcept nogil
    void world_round(world *, const uint8_t *) noexcept nogil
    void world_observe(const world *, uint8_t *) noexcept nogil
    void world_state(const world *, uint8_t *) noexcept nogil
    void world_points(const world *, int32_t *) noexcept nogil

SHAPE = (_SERVERS, _ALLOWED, _SLOTS, _AGENTS_MAX, _COLUMNS, _SERVER_COLUMNS, _AGENT_COLUMNS)
FIGURES = ("goodput_q", "overloaded", "overasked", "messages", "moves")


cdef class Worlds:
    """count worlds of so many agents; begin() each before anything else."""

    cdef world *worlds
    cdef readonly int count
    cdef readonly int agents

    def __cinit__(self, int count, int agents):
        if count < 1 or not 1 <= agents <= _AGENTS_MAX:
            raise ValueError("no worlds, or too many agents")
        self.worlds = <world *>calloc(count, sizeof(world))
        if self.worlds is NULL:
            raise MemoryError()
        self.count = count
        self.agents = agents

    def __dealloc__(self):
        free(self.worlds)

    def begin(
        self, int k, uint32_t seed, uint32_t lane, const int32_t[::1] terms,
        const int32_t[::1] capacities_q, const int32_t[::1] demands_q,
        const uint8_t[:, ::1] allowed, const uint8_t[:, ::1] neighbours,
        const uint8_t[::1] lying,
    ):
        """Set world k to its start, and do its first round.

        terms: throttled, checked, adaptive, lie, kappa_percent, claim_q_max, loss_of_32768.
        """
        cdef world *w
        cdef int i, j
        if not 0 <= k < self.count or terms.shape[0] != 7 or capacities_q.shape[0] != _SERVERS:
            raise ValueError("no such world")
        if (
            allowed.shape[0] != self.agents or allowed.shape[1] != _ALLOWED
            or neighbours.shape[0] != self.agents or neighbours.shape[1] != _SLOTS
            or demands_q.shape[0] != self.agents or lying.shape[0] != self.agents
        ):
            raise ValueError("another number of agents")
        w = &self.worlds[k]
        memset(w, 0, sizeof(world))
        w.count = self.agents
        w.throttled, w.checked, w.adaptive = terms[0], terms[1], terms[2]
        w.lie, w.kappa_percent = terms[3], terms[4]
        w.claim_q_max, w.loss_of_32768 = terms[5], terms[6]
        for j in range(_SERVERS):
            w.capacities_q[j] = capacities_q[j]
        for i in range(self.agents):
            w.agents[i].demand_q = demands_q[i]
            w.agents[i].lying = lying[i]
            w.lies |= lying[i]
            for j in range(_ALLOWED):
                w.agents[i].allowed[j] = allowed[i, j] % _SERVERS
            for j in range(_SLOTS):
                w.agents[i].neighbours[j] = neighbours[i, j] % self.agents
        world_begin(w, seed, lane)
        world_round(w, NULL)

    def step(self, const uint8_t[:, ::1] actions, int first, int last):
        """Do a round of the worlds first .. last - 1; actions: (count, agents), below ALLOWED."""
        cdef int k
        if actions.shape[0] != self.count or actions.shape[1] != self.agents:
            raise ValueError("another number of actions")
        if not 0 <= first <= last <= self.count:
            raise ValueError("no such worlds")
        with nogil:
            for k in range(first, last):
                world_round(&self.worlds[k], &actions[k, 0])

    def read(
        self, uint8_t[:, :, ::1] seen, int32_t[:, ::1] figures, int32_t[:, ::1] points,
        int32_t[:, ::1] served_q, int32_t[:, ::1] loads_q, int first, int last,
    ):
        """Write what is seen and measured of the worlds first .. last - 1; figures: (count, 5)."""
        cdef int k, i
        cdef world *w
        if (
            not 0 <= first <= last <= self.count
            or seen.shape[1] != self.agents or seen.shape[2] != _COLUMNS
            or figures.shape[1] != 5 or points.shape[1] != self.agents
            or served_q.shape[1] != self.agents or loads_q.shape[1] != _SERVERS
            or min(seen.shape[0], figures.shape[0], points.shape[0]) < self.count
            or min(served_q.shape[0], loads_q.shape[0]) < self.count
        ):
            raise ValueError("arrays of another shape")
        with nogil:
            for k in range(first, last):
                w = &self.worlds[k]
                world_observe(w, &seen[k, 0, 0])
                world_points(w, &points[k, 0])
                figures[k, 0] = w.goodput_q
                figures[k, 1] = w.overloaded
                figures[k, 2] = w.overasked
                figures[k, 3] = w.messages
                figures[k, 4] = w.moves
                for i in range(w.count):
                    served_q[k, i] = w.agents[i].served_q
                for i in range(_SERVERS):
                    loads_q[k, i] = w.loads_q[i]

    def state(self, uint8_t[:, ::1] out):
        """Write the states; out: (count, SERVER_COLUMNS * SERVERS + agents * AGENT_COLUMNS)."""
        cdef int k
        if out.shape[0] != self.count or (
            out.shape[1] != _SERVER_COLUMNS * _SERVERS + self.agents * _AGENT_COLUMNS
        ):
            raise ValueError("an array of another shape")
        with nogil:
            for k in range(self.count):
                world_state(&self.worlds[k], &out[k, 0])
