# C types of quelea/reference/twin/rules.py.
cimport cython
from libc.stdint cimport int64_t

from quelea.reference.compiled cimport limits

cdef int64_t TAKEN[limits.NEIGHBOURS_MAX + 2]
cdef int64_t GIVEN[limits.NEIGHBOURS_MAX + 2]
cdef int64_t RANKS[limits.NEIGHBOURS_MAX + 2]
cdef int64_t ORDER[limits.NEIGHBOURS_MAX + 2]
cdef int64_t NEAR[limits.NEIGHBOURS_MAX + 2]
cdef int64_t FARTHEST

cpdef list zeros(int64_t count)

@cython.locals(i=int64_t, j=int64_t, value=int64_t, rank=int64_t)
cdef void arrange(const int64_t *values, int64_t count, int64_t *into) noexcept

cdef int64_t half_up(int64_t total, int64_t count)

@cython.locals(total=int64_t, i=int64_t)
cdef int64_t window(int64_t first, int64_t last)

@cython.locals(i=int64_t)
cdef int64_t distance(int64_t own_q, const int64_t *values, int64_t count, int64_t rank)

@cython.locals(total=int64_t, i=int64_t)
cdef int64_t moved(int64_t own_q, int64_t longest, int64_t first, int64_t last)

@cython.locals(below=int64_t, above=int64_t, first=int64_t, last=int64_t, i=int64_t)
cdef int64_t wmsr(
    int64_t own_q, const int64_t *values, int64_t count, int64_t faults_max, int64_t longest
)

@cython.locals(kept=int64_t, longest=int64_t)
cdef int64_t trim_and_clip(int64_t own_q, const int64_t *values, int64_t count, int64_t faults_max)

@cython.locals(i=int64_t)
cdef void with_own(int64_t own_q, const int64_t *values, int64_t count) noexcept

@cython.locals(total=int64_t, top=int64_t, longest=int64_t, i=int64_t)
cdef int64_t combine(
    int64_t rule, int64_t own_q, const int64_t *values, int64_t count, int64_t faults_max
)

@cython.locals(i=int64_t)
cpdef int64_t estimate(
    int64_t rule, int64_t own_q, values_q, int64_t count, int64_t faults_max
)
