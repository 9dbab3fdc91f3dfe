/* Rules of at most 17 values, in registers from load to store: networks.h made into functions.
 *
 * A function sorts no more than its rule needs for its F. Included after an ISA's lanes, which
 * set what differs between rows of keys and rows of values: NAMED(x), a name of its own; LOADED,
 * a row as a key; STORED, a key as the rows are; AHEAD, what to fetch of a row in advance. The tables at the end are indexed by
 * [values][faults].
 */


#define ROW(j) (AHEAD(base + offsets[j]), LOADED(key_load(base + offsets[j])))
#define R(j) vkey v##j = ROW(j);
#define S(a, b) key_order(&v##a, &v##b);
#define L(a, b) v##a = key_min(v##a, v##b);
#define H(a, b) v##b = key_max(v##a, v##b);
#define T(j) sum = int_add(sum, key_int(v##j));

#define FUSED(name, n, body)                                                  \
    static void NAMED(name)(const struct plan *plan, const struct batch *batch)      \
    {                                                                         \
        const int32_t *base = batch->base;                                    \
        const int64_t *offsets = batch->offsets;                              \
        ptrdiff_t offsets_step = batch->offsets_step;                         \
        ptrdiff_t lane_step = batch->lane_step, out_step = batch->out_step;   \
        int32_t *out = batch->out;                                            \
        const struct divisor div = plan->div;                                 \
        (void)div;                                                            \
        for (size_t left = batch->steps; left; left--) {                      \
            EACH_##n(R)                                                      \
            vint sum = int_all(0);                                            \
            body                                                              \
            int_store(out, STORED(sum));                                      \
            base += lane_step;                                                \
            offsets += offsets_step;                                          \
            out += out_step;                                                  \
        }                                                                     \
    }

/* W-MSR: B and A add (or, after TOTAL, take away) the candidates that own decides about. */
#define OWN(n) vint own = key_int(ROW(n)), dropped = int_all(0), one = int_all(1);
#define CANDIDATE(j, is_dropped)                                    \
    {                                                               \
        vint value = key_int(v##j);                                 \
        vmask gone = is_dropped;                                    \
        sum = CANDIDATE_SUM(sum, gone, value);                      \
        dropped = int_add_where(dropped, gone, one);                \
    }
#define B(j) CANDIDATE(j, int_less(value, own))
#define A(j) CANDIDATE(j, int_less(own, value))
#define BY_DROPS                                                                    \
    sum = int_add(int_add(sum, own), int_lookup16(plan->dropped_before, dropped)); \
    sum = int_high(sum, int_lookup16(plan->dropped_magic, dropped));                \
    sum = int_right(sum, int_lookup16(plan->dropped_shift, dropped));               \
    sum = int_add(sum, int_all(div.after));

#define TRIM_KEPT(n, f, steps, kept) \
    FUSED(trim_##n##_##f, n, steps kept sum = divide(sum, &div);)
#define TRIM_REST(n, f, steps, rest)                                                         \
    FUSED(trim_##n##_##f, n,                                                                 \
          EACH_##n(T) vint total = sum; sum = int_all(0); steps rest                            \
          sum = divide(int_sub(total, sum), &div);)
/* The last row is added late: as itself, but within two of the others. */
#define TRIM_LATE(n, f, steps, kept, low, high, late)                                        \
    FUSED(trim_##n##_##f, n,                                                                 \
          steps kept sum = int_add(sum, key_int(key_max(v##low, key_min(v##high, v##late)))); \
          sum = divide(sum, &div);)
#define RING(n, f, steps, kept, low, high)
#define PAIR(n, f, steps, low, high) \
    FUSED(pair_##n##_##f, n, steps sum = middle(key_int(v##low), key_int(v##high));)
#define CANDIDATE_SUM(sum, gone, value) \
    (is_total ? int_sub_where(sum, gone, value) : int_add_unless(sum, gone, value))
#define WMSR_KEPT(n, f, steps, ends, kept) \
    FUSED(wmsr_##n##_##f, n, const int is_total = 0; OWN(n) steps kept ends BY_DROPS)
#define WMSR_REST(n, f, steps, ends) \
    FUSED(wmsr_##n##_##f, n, const int is_total = 1; OWN(n) EACH_##n(T) steps ends BY_DROPS)
#define SORT(n, steps)
#include "networks.h"
#undef TRIM_KEPT
#undef TRIM_REST
#undef TRIM_LATE
#undef PAIR
#undef WMSR_KEPT
#undef WMSR_REST
#undef SORT

#define TRIM_KEPT(n, f, steps, kept) [n][f] = NAMED(trim_##n##_##f),
#define TRIM_REST(n, f, steps, rest) [n][f] = NAMED(trim_##n##_##f),
#define TRIM_LATE(n, f, steps, kept, low, high, late) [n][f] = NAMED(trim_##n##_##f),
#define PAIR(n, f, steps, low, high)
#define WMSR_KEPT(n, f, steps, ends, kept)
#define WMSR_REST(n, f, steps, ends)
#define SORT(n, steps)
static const run_fn NAMED(fused_trim)[FUSED_MAX + 1][FUSED_FAULTS] = {
#include "networks.h"
};
#undef TRIM_KEPT
#undef TRIM_REST
#undef TRIM_LATE
#undef PAIR
#define TRIM_KEPT(n, f, steps, kept)
#define TRIM_REST(n, f, steps, rest)
#define TRIM_LATE(n, f, steps, kept, low, high, late)
#define PAIR(n, f, steps, low, high) [n][f] = NAMED(pair_##n##_##f),
static const run_fn NAMED(fused_pair)[FUSED_MAX + 1][FUSED_FAULTS] = {
#include "networks.h"
};
#undef PAIR
#undef WMSR_KEPT
#undef WMSR_REST
#define PAIR(n, f, steps, low, high)
#define WMSR_KEPT(n, f, steps, ends, kept) [n][f] = NAMED(wmsr_##n##_##f),
#define WMSR_REST(n, f, steps, ends) [n][f] = NAMED(wmsr_##n##_##f),
static const run_fn NAMED(fused_wmsr)[FUSED_MAX + 1][FUSED_FAULTS] = {
#include "networks.h"
};
#undef TRIM_KEPT
#undef TRIM_REST
#undef TRIM_LATE
#undef PAIR
#undef WMSR_KEPT
#undef WMSR_REST
#undef SORT
#undef RING

/* No order needed. */
static void NAMED(run_mean)(const struct plan *plan, const struct batch *batch)
{
    int rows = plan->received + plan->own;
    for (size_t step = 0; step < batch->steps; step++) {
        ptrdiff_t at = (ptrdiff_t)step;
        const int64_t *offsets = batch->offsets + at * batch->offsets_step;
        const int32_t *base = batch->base + at * batch->lane_step;
        vint sum = int_all(0);
        for (int row = 0; row < rows; row++)
            sum = int_add(sum, key_int(LOADED(key_load(base + offsets[row]))));
        vint mean = divide(sum, &plan->div);
        int_store(batch->out + at * batch->out_step, STORED(mean));
    }
}

#undef ROW
#undef R
#undef S
#undef L
#undef H
#undef T
#undef FUSED
#undef OWN
#undef CANDIDATE
#undef B
#undef A
#undef BY_DROPS
#undef CANDIDATE_SUM
#undef NAMED
#undef LOADED
#undef STORED
#undef AHEAD
