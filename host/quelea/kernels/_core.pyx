# cython: language_level=3, binding=False, embedsignature=False, boundscheck=False
"""The thin side of the C kernels: arguments to pointers, the GIL given back while they run.

Shapes and ranges are checked by the callers in this package; the one-call rules check their own.
"""

from cpython.buffer cimport (
    PyBUF_SIMPLE,
    PyBUF_STRIDED_RO,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from libc.stddef cimport ptrdiff_t, size_t
from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

cdef extern from "kernel.h":
    cdef enum rule:
        RULE_MEAN, RULE_TRIM, RULE_WMSR, RULE_MIDPOINT, RULE_MEDIAN, RULE_CLIP
        RULE_CLIPPED_WMSR
    cdef struct isa:
        const char *name
        int lanes
    cdef struct plan:
        pass
    int VALUES_MAX, FAULTS_MAX, Q_LIMIT

cdef extern from "plan.h":
    int plan_make(plan *, const isa *, rule, int, int, int) nogil
    const isa *isa_choose(const char *)

cdef extern from "take.h":
    object take_and_run(const isa *, rule, object, object, long)
    object take_and_trim(const isa *, object, long)

cdef extern from "columns.h":
    cdef struct columns:
        const plan *plan
        int width
        const void *values
        const void *own
        void *out
        ptrdiff_t row_stride
        ptrdiff_t lane_stride
        size_t lanes
    int columns_run(const columns *, int) nogil

cdef extern from "tiles.h":
    cdef struct tiles:
        pass
    int GROUP
    tiles *tiles_make(const uint32_t *, size_t, size_t, size_t) nogil
    void tiles_free(tiles *)

cdef extern from "fleet.h":
    cdef enum graph:
        GRAPH_DIRECT, GRAPH_TILED, GRAPH_CIRCULANT, GRAPH_STRIPED, GRAPH_LANES
    cdef struct fleet:
        const plan *plan
        graph graph
        size_t agents
        size_t degree
        size_t lanes
        int width
        const uint32_t *neighbours
        const tiles *tiles
        const int64_t *offsets
        const uint32_t *held
        size_t held_count
        void *state[2]
    size_t striped_rounds(const fleet *, size_t)
    int fleet_run(const fleet *, size_t, int, int *) nogil

cdef extern from "exact.h":
    cdef struct matchings:
        const uint32_t *pairs
        const int64_t *first
        size_t count
    int exponential_rounds(const isa *, int64_t *, int, int, int) nogil
    long matchings_make(const uint32_t *, size_t, size_t, uint32_t *, int64_t *, size_t) nogil
    int matchings_run(const matchings *, int32_t *, size_t, size_t, uint64_t, int) nogil
    void flow_round(int32_t *, int32_t *, int32_t *, size_t, const int64_t *, size_t, int32_t,
                    int32_t) nogil

cdef const isa *_isa = isa_choose(NULL)


def available(str name):
    """Return whether this build and this processor have the instruction set `name`."""
    return isa_choose(name.encode()) is not NULL


def use(str name):
    """Take the instruction set `name`, or the fastest for ""; return its name, "" if none."""
    global _isa
    cdef const isa *found = isa_choose(name.encode())
    if found is NULL:
        return ""
    _isa = found
    return found.name.decode()


def used():
    """Return the name of the instruction set in use."""
    return _isa.name.decode()


def limits():
    """Return the bounds compiled in: values in a sum, F, |q|."""
    return VALUES_MAX, FAULTS_MAX, Q_LIMIT - 1


def group():
    """Return how many agents a table of neighbours groups."""
    return GROUP


# -- one call ---------------------------------------------------------------------------------


def mean(own_q, values_q, long faults_max=0):
    return take_and_run(_isa, RULE_MEAN, own_q, values_q, faults_max)


def trimmed_mean(own_q, values_q, long faults_max):
    return take_and_run(_isa, RULE_TRIM, own_q, values_q, faults_max)


def wmsr(own_q, values_q, long faults_max):
    return take_and_run(_isa, RULE_WMSR, own_q, values_q, faults_max)


def midpoint(own_q, values_q, long faults_max):
    return take_and_run(_isa, RULE_MIDPOINT, own_q, values_q, faults_max)


def median(own_q, values_q, long faults_max):
    return take_and_run(_isa, RULE_MEDIAN, own_q, values_q, faults_max)


def trim_and_clip(own_q, values_q, long faults_max):
    return take_and_run(_isa, RULE_CLIP, own_q, values_q, faults_max)


def clipped_wmsr(own_q, values_q, long faults_max):
    return take_and_run(_isa, RULE_CLIPPED_WMSR, own_q, values_q, faults_max)


def plain_trimmed_mean(values_q, long faults_max):
    return take_and_trim(_isa, values_q, faults_max)


# -- many agents ------------------------------------------------------------------------------


cdef class Plan:
    """A rule for a number of received values; `holds` says there are too few for it."""

    cdef plan made
    cdef readonly bint holds
    cdef readonly int received

    def __init__(self, int number, int received, bint own, int faults_max):
        self.received = received
        self.holds = not plan_make(&self.made, _isa, <rule>number, received, own, faults_max)


def run_columns(Plan plan, values, own, out, int threads):
    """Run the plan on a (received, lanes) array; all arrays of one width, 2 or 4 bytes."""
    cdef columns job
    cdef Py_buffer rows, ours, result
    cdef int members
    memset(&job, 0, sizeof(job))
    memset(&ours, 0, sizeof(ours))
    PyObject_GetBuffer(values, &rows, PyBUF_STRIDED_RO)
    try:
        PyObject_GetBuffer(out, &result, PyBUF_WRITABLE)
        try:
            if own is not None:
                PyObject_GetBuffer(own, &ours, PyBUF_SIMPLE)
            job.plan = &plan.made
            job.width = rows.itemsize
            job.values, job.own, job.out = rows.buf, ours.buf, result.buf
            job.row_stride = rows.strides[0] // rows.itemsize
            job.lane_stride = rows.strides[1] // rows.itemsize
            job.lanes = rows.shape[1]
            with nogil:
                members = columns_run(&job, threads)
        finally:
            PyBuffer_Release(&ours)  # does nothing if it was never taken
            PyBuffer_Release(&result)
    finally:
        PyBuffer_Release(&rows)
    if members < 0:
        raise MemoryError
    return members


cdef class Tiles:
    """The edges of a grouped table, sorted for rounds on a state of this width."""

    cdef tiles *made
    cdef readonly int width

    def __cinit__(self, const uint32_t[::1] neighbours, size_t degree, int width):
        cdef size_t agents = neighbours.shape[0] // degree
        self.width = width
        with nogil:
            self.made = tiles_make(&neighbours[0], agents, degree, width)
        if self.made is NULL:
            raise MemoryError

    def __dealloc__(self):
        tiles_free(self.made)


cdef int _run(fleet *job, size_t rounds, int threads) except -1:
    cdef int members = 0, result
    with nogil:
        result = fleet_run(job, rounds, threads, &members)
    if result < 0:
        raise MemoryError
    return result


cdef _state(fleet *job, Plan plan, now, other, const uint32_t[::1] held):
    job.plan = &plan.made
    job.width = now.itemsize
    job.state[0] = <void *><size_t>now.ctypes.data
    job.state[1] = <void *><size_t>other.ctypes.data
    job.held = &held[0] if held.shape[0] else NULL
    job.held_count = held.shape[0]


def run_table(Plan plan, const uint32_t[::1] neighbours, Tiles tiles, now, other,
              const uint32_t[::1] held, size_t rounds, int threads):
    """Run rounds on a grouped table; returns whether `other` holds the result."""
    cdef fleet job
    memset(&job, 0, sizeof(job))
    _state(&job, plan, now, other, held)
    job.degree = plan.received
    job.agents = neighbours.shape[0] // job.degree
    job.neighbours = &neighbours[0]
    job.graph = GRAPH_DIRECT
    if tiles is not None:
        job.graph = GRAPH_TILED
        job.tiles = tiles.made
    return _run(&job, rounds, threads)


def run_lanes(Plan plan, const uint32_t[:, ::1] neighbours, size_t lanes, now, other,
              const uint32_t[::1] held, size_t rounds, int threads):
    """Run rounds of (agents, lanes) keys; returns whether `other` holds the result."""
    cdef fleet job
    memset(&job, 0, sizeof(job))
    _state(&job, plan, now, other, held)
    job.graph = GRAPH_LANES
    job.agents = neighbours.shape[0]
    job.degree = neighbours.shape[1]
    job.lanes = lanes
    job.neighbours = &neighbours[0, 0]
    return _run(&job, rounds, threads)


def can_stripe(const int64_t[::1] offsets, size_t agents):
    """Return whether a circulant's agents can be kept in stripes."""
    cdef fleet job
    memset(&job, 0, sizeof(job))
    job.agents = agents
    job.degree = offsets.shape[0]
    job.offsets = &offsets[0]
    return striped_rounds(&job, 1) == 1


def run_circulant(Plan plan, const int64_t[::1] offsets, size_t agents, now, other,
                  const uint32_t[::1] held, size_t rounds, int threads, bint striped):
    """Run rounds of keys where agent i hears i + offset; returns whether `other` has the result."""
    cdef fleet job
    memset(&job, 0, sizeof(job))
    _state(&job, plan, now, other, held)
    job.graph = GRAPH_STRIPED if striped else GRAPH_CIRCULANT
    job.agents = agents
    job.degree = offsets.shape[0]
    job.offsets = &offsets[0]
    return _run(&job, rounds, threads)


# -- exact ------------------------------------------------------------------------------------


def exponential(int64_t[::1] values, int log, int rounds, int threads):
    """One-peer exponential rounds in place on 2^log values."""
    cdef int result
    with nogil:
        result = exponential_rounds(_isa, &values[0], log, rounds, threads)
    if result < 0:
        raise MemoryError


def make_matchings(const uint32_t[:, ::1] edges, size_t agents, uint32_t[:, ::1] pairs,
                   int64_t[::1] first):
    """Sort edges into matchings; returns their number."""
    cdef long made
    with nogil:
        made = matchings_make(&edges[0, 0], edges.shape[0], agents, &pairs[0, 0], &first[0],
                              first.shape[0] - 1)
    if made < 0:
        raise MemoryError
    return made


def run_matchings(const uint32_t[:, ::1] pairs, const int64_t[::1] first, int32_t[::1] values,
                  size_t start, size_t rounds, uint64_t seed, int threads):
    """Average in place along `rounds` matchings; returns the number of threads."""
    cdef matchings job
    cdef int members
    job.pairs = &pairs[0, 0]
    job.first = &first[0]
    job.count = first.shape[0] - 1
    with nogil:
        members = matchings_run(&job, &values[0], start, rounds, seed, threads)
    return members


def run_flows(int32_t[::1] values, int32_t[:, ::1] flow, int32_t[:, ::1] rest,
              const int64_t[::1] offsets, int momentum, int step, size_t rounds):
    """Second-order flows in place on a circulant."""
    cdef size_t i
    with nogil:
        for i in range(rounds):
            flow_round(&values[0], &flow[0, 0], &rest[0, 0], values.shape[0], &offsets[0],
                       offsets.shape[0], momentum, step)
