# C types of quelea/reference/twin/flows.py.
cimport cython
from libc.stdint cimport int64_t

from quelea.reference.compiled cimport limits

cdef int64_t units(int64_t owed, int64_t part)

cdef class Edge:
    cdef readonly bint lower
    cdef readonly int64_t flow_q, turn, residue, carried, peer_turn, peer_q, peer_count

    @cython.locals(on=int64_t)
    cdef bint believes(self, int64_t flow_q, int64_t turn)

    @cython.locals(part=int64_t, weight=int64_t, owed=int64_t, whole_q=int64_t)
    cdef int64_t share(self, int64_t gap_q, int64_t degree)

cdef class Flows:
    cdef readonly list edges
    cdef readonly int64_t degree, input_q, estimate_q, waits

    cdef bint reach(self, int64_t estimate_q)

    cpdef void set_input(self, int64_t input_q)

    @cython.locals(edge=Edge)
    cpdef void drop(self, int64_t slot)

    @cython.locals(edge=Edge)
    cpdef void hear(
        self, int64_t slot, int64_t count, int64_t value_q, int64_t flow_q, int64_t turn,
        int64_t residue
    )

    @cython.locals(edge=Edge, sign=int64_t, given_q=int64_t, flow_q=int64_t)
    cpdef bint move(self, int64_t slot)
