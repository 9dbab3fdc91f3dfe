# C types of quelea/reference/twin/machine.py.
cimport cython
from libc.stdint cimport int64_t, uint8_t

from quelea.reference.compiled cimport codec, flows, limits, pace, peers, rules
from quelea.reference.compiled.codec cimport Frame
from quelea.reference.compiled.flows cimport Edge, Flows
from quelea.reference.compiled.pace cimport Pace
from quelea.reference.compiled.peers cimport Peer

cdef int64_t VALUES[limits.NEIGHBOURS_MAX + 2]
cdef uint8_t WIRE[limits.FRAME_BYTES_MAX]

cdef class Machine:
    cdef readonly list peers
    cdef readonly Flows edges
    cdef readonly Pace pace
    cdef readonly int64_t degree, node, session, rule, faults_max, period_ms, epoch_rounds
    cdef readonly int64_t fresh_ms, lo_q, hi_q, value_q, input_q, settled_q, epoch, rounds
    cdef readonly int64_t next_wake_ms, demand_q, fanout, random, quiet, boots
    cdef public int64_t seq  # to be set near its end
    cdef readonly bint exact, held, restarted, begun, started, lost, in_step
    cdef bytearray deck
    cdef int64_t counts[21]
    cdef Frame frame

    @cython.locals(phase_ms=int64_t, behind_ms=int64_t)
    cpdef step(self, int64_t now_ms, frames_in)

    cdef void count(self, int64_t which) noexcept

    @cython.locals(frame=Frame, peer=Peer, cause=int64_t, slot=int64_t, refused=int64_t)
    cdef void take(self, int64_t now_ms, int64_t source, bytes payload)

    @cython.locals(first=int64_t, last=int64_t, middle=int64_t, peer=Peer)
    cdef int64_t find(self, int64_t number)

    @cython.locals(frame=Frame, boots=int64_t)
    cdef int64_t refusal(self, Peer peer)

    @cython.locals(slot=int64_t, peer=Peer, age_ms=int64_t, ahead=int64_t)
    cdef bint turn_round(self, int64_t now_ms)

    @cython.locals(peer=Peer, longest=int64_t)
    cdef bint is_time(self)

    @cython.locals(best=int64_t, live=int64_t, lost=bint, lead=int64_t, peer=Peer)
    cdef int64_t ahead(self)

    @cython.locals(found=int64_t, peer=Peer)
    cdef int64_t as_far(self, int64_t lead)

    cdef int64_t lead(self, Peer peer)

    cdef void turn_over(self, int64_t steps)

    @cython.locals(slot=int64_t, peer=Peer)
    cdef void forget(self) noexcept

    @cython.locals(
        found=int64_t, away=int64_t, slot=int64_t, peer=Peer, value_q=int64_t, before_q=int64_t,
        apart=bint, news=bint, heard=bint
    )
    cdef bint follow(self)

    @cython.locals(wanted_q=int64_t, leap_q=int64_t, furthest_q=int64_t,
                   peer=Peer, edge=Edge)
    cdef bint wake(self)

    @cython.locals(slot=int64_t, peer=Peer)
    cdef bint settle(self)

    cdef void mirror(self) noexcept

    @cython.locals(i=int64_t, j=int64_t, peer=Peer, frames=list)
    cdef list speak(self)

    @cython.locals(
        frame=Frame, at=int64_t, slot=int64_t, length=int64_t, peer=Peer, edge=Edge
    )
    cdef bytes payload(self)

    @cython.locals(slot=int64_t, i=int64_t, row=list, peer=Peer, edge=Edge)
    cpdef tuple state(self)
