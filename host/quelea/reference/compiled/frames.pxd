# C types of quelea/reference/twin/frames.py.
cimport cython
from libc.stdint cimport int64_t, uint8_t

from quelea.reference.compiled cimport codec, limits
from quelea.reference.compiled.codec cimport Frame

cdef uint8_t WIRE[limits.FRAME_BYTES_MAX]

cpdef int64_t crc16(data, int64_t length)

@cython.locals(data=bytes, frame=Frame, cause=int64_t, at=int64_t, slot=int64_t)
cpdef tuple unpack(payload)

@cython.locals(frame=Frame, at=int64_t, slot=int64_t, length=int64_t)
cpdef bytes pack(fields)
