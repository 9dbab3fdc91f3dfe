# C types of quelea/reference/twin/pace.py.
cimport cython
from libc.stdint cimport int64_t

cdef class Pace:
    cdef readonly int64_t longest, band_q, full_q, agitation, silent, answered, demand_q
    cdef public int64_t voiced_q

    @cython.locals(rise=int64_t)
    cdef void sway(self, int64_t by_q, int64_t demand_q)

    cdef bint due(self, bint news, int64_t boots)
