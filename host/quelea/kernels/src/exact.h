/* Averages and sums that lose no unit. */
#ifndef QUELEA_EXACT_H
#define QUELEA_EXACT_H

#include "kernel.h"

/* One-peer exponential: in round t every agent adds the value of agent i + 2^t, modulo n = 2^log.
 * After log rounds each holds the sum of all. Returns 0, or -1 without memory. */
int exponential_rounds(const struct isa *isa, int64_t *values, int log, int rounds, int threads);

/* Edges of a graph as matchings: in each, every agent has one partner at most.
 * pairs: [edge][2]; first: [matching], and one more at the end. */
struct matchings {
    const uint32_t *pairs;
    const int64_t *first;
    size_t count;
};

/* Sort the edges into matchings, greedily; writes pairs and first (room for first_max + 1).
 * Returns the number of matchings, 0 if first_max is too small, -1 without memory. */
long matchings_make(const uint32_t *edges, size_t edge_count, size_t agents, uint32_t *pairs,
                    int64_t *first, size_t first_max);

/* Average along `rounds` matchings, the first of which is number `start` (counted from 0, and
 * modulo their number): a pair with an odd sum gives the spare unit to the end that a coin says.
 * |values| < 2^30. Returns the number of threads it ran on. */
int matchings_run(const struct matchings *matchings, int32_t *values, size_t start, size_t rounds,
                  uint64_t seed, int threads);

/* Second-order flows on a circulant: one round. For each offset o and edge (i, i + o)
 *     flow' = floor((momentum * flow + step * (x[i] - x[i + o]) + rest) / 2^16)
 * whose remainder is the new rest; then each end moves by the flow. flow, rest: [offset][agent].
 * The sum of x stays the same whatever the coefficients. */
void flow_round(int32_t *values, int32_t *flow, int32_t *rest, size_t agents,
                const int64_t *offsets, size_t offset_count, int32_t momentum, int32_t step);

#endif
