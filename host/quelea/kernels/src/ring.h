/* The trimmed mean on a ring of reach n / 2, two neighbouring agents at a time: they share the n
 * values nearest to both; to these each adds the one that is farthest on its own side. Included for
 * each ISA. A batch's rows lie lane_step apart; base is the first agent's row; steps are agents, an
 * even number.
 */

#define R(j) vkey v##j = key_load(base + (ptrdiff_t)(j) * row);
#define S(a, b) key_order(&v##a, &v##b);
#define L(a, b) v##a = key_min(v##a, v##b);
#define H(a, b) v##b = key_max(v##a, v##b);
#define T(j) sum = int_add(sum, key_int(v##j));

static inline vint with_late(vint sum, vkey low, vkey high, vkey late, const struct divisor *div)
{
    return divide(int_add(sum, key_int(key_max(low, key_min(high, late)))), div);
}

#define TRIM_KEPT(n, f, steps, kept)
#define TRIM_REST(n, f, steps, rest)
#define TRIM_LATE(n, f, steps, kept, low, high, late)
#define PAIR(n, f, steps, low, high)
#define WMSR_KEPT(n, f, steps, ends, kept)
#define WMSR_REST(n, f, steps, ends)
#define SORT(n, steps)
#define RING(n, f, steps_, kept, low, high)                                             \
    static void ring_##n##_##f(const struct plan *plan, const struct batch *batch)      \
    {                                                                                   \
        const ptrdiff_t row = batch->lane_step;                                         \
        const int32_t *base = batch->base - ((n) / 2 - 1) * row;                        \
        const struct divisor div = plan->div;                                           \
        int32_t *out = batch->out;                                                      \
        for (size_t left = batch->steps; left; left -= 2) {                             \
            vint sum = int_all(0);                                                      \
            EACH_##n(R) steps_ kept                                                     \
            vkey first = key_load(base - row), last = key_load(base + (n) * row);       \
            int_store(out, with_late(sum, v##low, v##high, first, &div));               \
            int_store(out + row, with_late(sum, v##low, v##high, last, &div));          \
            base += 2 * row;                                                            \
            out += 2 * row;                                                             \
        }                                                                               \
    }
#include "networks.h"
#undef RING
#define RING(n, f, steps, kept, low, high) [n][f] = ring_##n##_##f,
static const run_fn ring_trim[FUSED_MAX + 1][FUSED_FAULTS] = {
#include "networks.h"
};
#undef RING
#undef TRIM_KEPT
#undef TRIM_REST
#undef TRIM_LATE
#undef PAIR
#undef WMSR_KEPT
#undef WMSR_REST
#undef SORT
#undef R
#undef S
#undef L
#undef H
#undef T
