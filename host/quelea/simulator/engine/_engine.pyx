# cython: language_level=3, boundscheck=True
"""The thin side of the lanes: arrays to pointers, the GIL given back while rounds run.

Shapes are those of engine.h; quelea/simulator/engine/lanes.py makes the arrays and owns them.
"""

from libc.stdint cimport int32_t

cdef extern from "engine.h":
    ctypedef int32_t v
    enum: LANES
    enum: DEPTH
    enum: SLOTS_MAX
    enum: EPOCHS
    enum: NODE_COLUMNS
    enum: EDGE_COLUMNS
    enum: HEAD_COLUMNS
    enum: FLOW_COLUMNS
    enum: DRAW_COLUMNS
    enum: SEEN_COLUMNS
    enum: PLANTS
    struct fleet:
        int nodes, edges, exact, rule, faults, epoch_rounds, fresh_rounds, plant
        int32_t lo, hi
        const int32_t *starts
        const int32_t *others
        const int32_t *back
        const int32_t *pairs
        const int32_t *pair_starts
    void engine_round(fleet *, int, int) nogil

cdef extern from *:
    """
    #include "engine.h"
    static void fleet_rows(struct fleet *f, int32_t *node, int32_t *edge, int32_t *head,
        int32_t *flow, int32_t *draw, int32_t *demand, const int32_t *side, const int32_t *cuts,
        const int32_t *clog, int32_t *hull, int32_t *seen, int32_t *broken, int32_t *spread)
    {
        f->node = (v *)node;
        f->edge = (v *)edge;
        f->head = (v *)head;
        f->flow = (v *)flow;
        f->draw = (v *)draw;
        f->demand = (v *)demand;
        f->side = (const v *)side;
        f->cuts = (const v *)cuts;
        f->clog = (const v *)clog;
        f->hull_low = (v *)hull;
        f->hull_high = (v *)hull + EPOCHS;
        f->seen = (v *)seen;
        f->broken = (v *)broken;
        f->spread = (v *)spread;
    }
    """
    void fleet_rows(
        fleet *, int32_t *, int32_t *, int32_t *, int32_t *, int32_t *, int32_t *,
        const int32_t *, const int32_t *, const int32_t *, int32_t *, int32_t *, int32_t *,
        int32_t *
    ) nogil

SIZES = {
    "LANES": LANES, "DEPTH": DEPTH, "SLOTS_MAX": SLOTS_MAX, "EPOCHS": EPOCHS,
    "NODE_COLUMNS": NODE_COLUMNS, "EDGE_COLUMNS": EDGE_COLUMNS, "HEAD_COLUMNS": HEAD_COLUMNS,
    "FLOW_COLUMNS": FLOW_COLUMNS, "DRAW_COLUMNS": DRAW_COLUMNS, "SEEN_COLUMNS": SEEN_COLUMNS,
    "PLANTS": PLANTS,
}  # fmt: skip


cdef class Rounds:
    """Rounds of one group of fleets over arrays that the caller owns and may look at between.

    numbers: nodes, edges, exact, rule, faults, epoch_rounds, fresh_rounds, plant, lo, hi. graph:
    starts, others, back, pairs, pair_starts. rows: node, edge, head, flow, draw, demand, side,
    cuts, clog, hull, seen, broken, spread; int32, aligned to 64 bytes.
    """

    cdef fleet it
    cdef object kept
    cdef int32_t[::1] starts, others, back, pairs, pair_starts
    cdef int32_t[::1] node, edge, head, flow, draw, demand, side, cuts, clog, hull, seen, broken
    cdef int32_t[::1] spread

    def __init__(self, numbers, graph, rows):
        self.kept = (graph, rows)
        (
            self.it.nodes, self.it.edges, self.it.exact, self.it.rule, self.it.faults,
            self.it.epoch_rounds, self.it.fresh_rounds, self.it.plant, self.it.lo, self.it.hi,
        ) = numbers  # fmt: skip
        self.starts, self.others, self.back, self.pairs, self.pair_starts = graph
        (
            self.node, self.edge, self.head, self.flow, self.draw, self.demand, self.side,
            self.cuts, self.clog, self.hull, self.seen, self.broken, self.spread,
        ) = rows  # fmt: skip
        self.check(rows)
        self.it.starts = &self.starts[0]
        self.it.others = &self.others[0]
        self.it.back = &self.back[0]
        self.it.pairs = &self.pairs[0]
        self.it.pair_starts = &self.pair_starts[0]

    cdef check(self, rows):
        """ValueError for an array that is too short or not aligned: C would not notice."""
        cdef int n = self.it.nodes, e = self.it.edges
        counts = (
            NODE_COLUMNS * n, EDGE_COLUMNS * e, HEAD_COLUMNS * DEPTH * n,
            FLOW_COLUMNS * DEPTH * e if self.it.exact else 1, DRAW_COLUMNS, n, n, 3,
            n, 2 * EPOCHS, SEEN_COLUMNS, 3, 2,
        )  # fmt: skip
        cdef int32_t[::1] row
        for row, count in zip(rows, counts):
            if row.shape[0] < count * LANES or <size_t>&row[0] % 64:
                raise ValueError("an array is too short or not aligned to 64 bytes")
        if self.starts.shape[0] != n + 1 or self.others.shape[0] != e or self.back.shape[0] != e:
            raise ValueError("the graph's arrays do not fit each other")
        if self.starts[n] != e or max(self.others) >= n or min(self.others) < 0:
            raise ValueError("the graph leads out of the fleet")
        for i in range(n):
            if not 0 < self.starts[i + 1] - self.starts[i] <= SLOTS_MAX:
                raise ValueError(f"a node has more than {SLOTS_MAX} neighbours, or none")

    def run(self, int first, int last, int widest=2):
        """Do the rounds first .. last - 1; widest: 0 portable, 1 AVX2, 2 AVX-512 at most."""
        cdef int round
        with nogil:
            fleet_rows(
                &self.it, &self.node[0], &self.edge[0], &self.head[0], &self.flow[0],
                &self.draw[0], &self.demand[0], &self.side[0], &self.cuts[0], &self.clog[0],
                &self.hull[0], &self.seen[0], &self.broken[0], &self.spread[0],
            )  # fmt: skip
            for round in range(first, last):
                engine_round(&self.it, round, widest)
