/* Whole rounds of a fleet: every agent takes its neighbours' values of the round before.
 *
 * Rounds are synchronous: all read state `from`, all write state `to`, then the two change places.
 */
#ifndef QUELEA_FLEET_H
#define QUELEA_FLEET_H

#include "plan.h"
#include "team.h"
#include "tiles.h"

enum graph {
    GRAPH_DIRECT,    /* a table of neighbours, gathered one by one */
    GRAPH_TILED,     /* the same by tiles.h */
    GRAPH_CIRCULANT, /* agent i hears i + offset, modulo agents */
    GRAPH_STRIPED,   /* the same for offsets near 0, with agents in stripes, see striped.c */
    GRAPH_LANES,     /* a table of neighbours; each agent has `lanes` values, one a seed */
};

struct fleet {
    const struct plan *plan;
    enum graph graph;
    size_t agents; /* of a table: padded to a multiple of GROUP, where indices are 0 */
    size_t degree, lanes;
    int width;                  /* bytes of a state: 4, keys; or 2, values + 2^15 */
    const uint32_t *neighbours; /* grouped; for GRAPH_LANES [agent][slot] */
    const struct tiles *tiles;
    const int64_t *offsets; /* 0..agents-1 */
    const uint32_t *held;   /* agents that keep their value, ascending: liars, or the silent */
    size_t held_count;
    void *state[2]; /* with 64 bytes to spare */
};

/* Run rounds on state[0]; returns which state holds the result, or -1 without memory. *members
 * says on how many threads it ran. */
int fleet_run(const struct fleet *fleet, size_t rounds, int threads, int *members);

/* One round for agents first..last-1; scratch has fleet_scratch(fleet) bytes. */
typedef void (*round_fn)(const struct fleet *fleet, const void *from, void *to, size_t first,
                         size_t last, int32_t *scratch);
void round_table(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 int32_t *scratch);
void round_tiled(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 int32_t *scratch);
void round_lanes(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 int32_t *scratch);
void round_circulant(const struct fleet *fleet, const void *from, void *to, size_t first,
                     size_t last, int32_t *scratch);

/* Rows of GROUP keys in scratch, one a neighbour, are there: add the own one, run the rule, and
 * write the first `count` results to state `to`. */
void finish_group(const struct fleet *fleet, const void *from, void *to, size_t agent,
                  size_t count, int32_t *scratch);

/* Several rounds of a striped fleet at once, at most `wish`; the result is that of single rounds,
 * bit for bit. striped_rounds: how many; 0 if its offsets reach too far. */
size_t striped_rounds(const struct fleet *fleet, size_t wish);
void striped_run(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 size_t rounds, int32_t *scratch);
size_t striped_scratch(void);

#endif
