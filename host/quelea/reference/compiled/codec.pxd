# C types of quelea/reference/twin/codec.py.
cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t

from quelea.reference.compiled cimport limits

cdef uint16_t CRC[1024]

@cython.locals(crc=int64_t, at=int64_t)
cdef int64_t checksum(const uint8_t *data, int64_t length)

@cython.locals(number=int64_t, i=int64_t, byte=int64_t)
cdef int64_t unsigned(const uint8_t *data, int64_t at, int64_t width)

@cython.locals(sign=int64_t)
cdef int64_t signed(const uint8_t *data, int64_t at, int64_t width)

cdef class Frame:
    cdef readonly int64_t kind, flags, node, session, epoch, seq, input_q, value_q, count, crc
    cdef readonly int64_t flow_q, turn, residue

    @cython.locals(wide=int64_t, head=int64_t, each=int64_t)
    cdef int64_t read(self, const uint8_t *data, int64_t length)

    @cython.locals(value_max=int64_t)
    cdef bint allowed(self)

    @cython.locals(word=int64_t)
    cdef void look(self, const uint8_t *data, int64_t slot) noexcept

@cython.locals(i=int64_t)
cdef void put(uint8_t *wire, int64_t at, int64_t width, int64_t number) noexcept

@cython.locals(wide=int64_t)
cdef int64_t put_head(uint8_t *wire, Frame frame)

@cython.locals(word=int64_t)
cdef void put_edge(uint8_t *wire, Frame frame, int64_t slot) noexcept

@cython.locals(end=int64_t)
cdef int64_t seal(uint8_t *wire, Frame frame)
