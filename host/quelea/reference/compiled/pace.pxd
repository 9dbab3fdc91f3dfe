# C types of quelea/reference/twin/pace.py.
cimport cython
from libc.stdint cimport int64_t

cdef class Pace:
    cdef readonly int64_t longest, band_q, full_q, agitation, silent, answered, demand_q
    cdef public int64_t voiced_q

    @cython.locals(rise=int64_t)
    cdef void sway(self, int64_t by_q, int64_t demand_q)

    @cython.locals(low_q=int64_t, high_q=int64_t, i=int64_t, j=int64_t, below=int64_t)
    cdef bint apart(
        self, int64_t own_q, const int64_t *values, int64_t count, int64_t faults_max
    )

    cdef bint due(self, bint news, int64_t boots)
