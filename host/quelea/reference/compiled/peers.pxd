# C types of quelea/reference/twin/peers.py.
from libc.stdint cimport int64_t

cdef int64_t around(int64_t later, int64_t earlier, int64_t half)

cdef class Peer:
    cdef public int64_t number, back_slot, live, session, seq, crc, epoch, value_q, heard_ms
    cdef public int64_t suspicion, used
