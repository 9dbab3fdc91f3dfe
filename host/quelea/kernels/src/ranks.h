/* Rules of more values, and those that clip: rows copied to scratch, put in order there, then read.
 *
 * Up to 32 rows are sorted whole in registers; more by the comparators of plan->steps, row by
 * row, which are Batcher's merge exchange cut to what the rule needs. Included for each ISA.
 */

#define R(j) vkey v##j = key_load(column + (j) * BLOCK);
#define S(a, b) key_order(&v##a, &v##b);
#define P(j) key_store(column + (j) * BLOCK, v##j);

#define TRIM_KEPT(n, f, steps, kept)
#define TRIM_REST(n, f, steps, rest)
#define TRIM_LATE(n, f, steps, kept, low, high, late)
#define RING(n, f, steps, kept, low, high)
#define PAIR(n, f, steps, low, high)
#define WMSR_KEPT(n, f, steps, ends, kept)
#define WMSR_REST(n, f, steps, ends)
#define SORT(n, steps)                                                     \
    static void sort_##n(int32_t *scratch, int lanes)                      \
    {                                                                      \
        for (int32_t *column = scratch; column < scratch + lanes; column += W) { \
            EACH_##n(R) steps EACH_##n(P)                                  \
        }                                                                  \
    }
#include "networks.h"
#undef SORT
#define SORT(n, steps) [n] = sort_##n,
static void (*const sort_whole[SORT_MAX + 1])(int32_t *scratch, int lanes) = {
#include "networks.h"
};
#undef SORT
#undef TRIM_KEPT
#undef TRIM_REST
#undef TRIM_LATE
#undef RING
#undef PAIR
#undef WMSR_KEPT
#undef WMSR_REST

/* Run the plan's comparators over whole rows of scratch; lanes that hold nothing do no harm, and
 * a fixed number of them makes straight code. */
static void sort_steps(const struct plan *plan, int32_t *scratch)
{
    for (int i = 0; i < plan->steps_count; i++) {
        int32_t *low = scratch + plan->steps[i].a * BLOCK;
        int32_t *high = scratch + plan->steps[i].b * BLOCK;
        int kind = plan->steps[i].kind;
        if (kind == 'S')
            for (int at = 0; at < BLOCK; at += W) {
                vkey a = key_load(low + at), b = key_load(high + at);
                key_order(&a, &b);
                key_store(low + at, a);
                key_store(high + at, b);
            }
        else if (kind == 'L')
            for (int at = 0; at < BLOCK; at += W)
                key_store(low + at, key_min(key_load(low + at), key_load(high + at)));
        else
            for (int at = 0; at < BLOCK; at += W)
                key_store(high + at, key_max(key_load(low + at), key_load(high + at)));
    }
}

#define AT(rank) key_int(key_load(column + (rank) * BLOCK))

static vint sum_ranks(const int32_t *column, int first, int last)
{
    vint sum = int_all(0);
    for (int rank = first; rank < last; rank++)
        sum = int_add(sum, AT(rank));
    return sum;
}

/* Divide a sum of keys by how many of them were not dropped. */
static vint divide_kept(const struct plan *plan, vint sum, vint dropped)
{
    sum = int_add(sum, int_lookup(plan->dropped_before, dropped));
    sum = int_high(sum, int_lookup(plan->dropped_magic, dropped));
    sum = int_right(sum, int_lookup(plan->dropped_shift, dropped));
    return int_add(sum, int_all(plan->div.after));
}

static vint finish_wmsr(const struct plan *plan, const int32_t *column)
{
    int count = plan->received, faults = plan->faults;
    vint own = AT(count), one = int_all(1), dropped = int_all(0);
    vint sum = int_add(own, sum_ranks(column, faults, count - faults));
    for (int i = 0; i < faults; i++) {
        vint low = AT(i), high = AT(count - 1 - i);
        vmask below = int_less(low, own), above = int_less(own, high);
        sum = int_add_unless(int_add_unless(sum, below, low), above, high);
        dropped = int_add_where(int_add_where(dropped, below, one), above, one);
    }
    return divide_kept(plan, sum, dropped);
}

/* The values nearest to own are a run of the ascending ones: tau, the distance at rank r, is the
 * least, over all runs of r, of the larger distance of a run's two ends. */
static vint threshold(const struct plan *plan, const int32_t *column)
{
    int count = plan->received, nearest = count - 2 * plan->faults;
    vint own = AT(count), tau = int_all(INT32_MAX);
    for (int first = 0; first + nearest <= count; first++) {
        vint below = int_sub(own, AT(first)), above = int_sub(AT(first + nearest - 1), own);
        tau = int_min(tau, int_max(below, above));
    }
    return tau;
}

/* As finish_wmsr, each value moved to within tau of the own: between two keys, so still a key. */
static vint finish_clipped_wmsr(const struct plan *plan, const int32_t *column)
{
    int count = plan->received, faults = plan->faults;
    vint own = AT(count), one = int_all(1), dropped = int_all(0), sum = own;
    vint tau = threshold(plan, column);
    vint least = int_sub(own, tau), most = int_add(own, tau);
    for (int rank = faults; rank < count - faults; rank++)
        sum = int_add(sum, int_max(least, int_min(most, AT(rank))));
    for (int i = 0; i < faults; i++) {
        vint low = AT(i), high = AT(count - 1 - i);
        vmask below = int_less(low, own), above = int_less(own, high);
        sum = int_add_unless(sum, below, int_min(most, low));
        sum = int_add_unless(sum, above, int_max(least, high));
        dropped = int_add_where(int_add_where(dropped, below, one), above, one);
    }
    return divide_kept(plan, sum, dropped);
}

static vint finish_clip(const struct plan *plan, const int32_t *column)
{
    int count = plan->received, faults = plan->faults, nearest = count - 2 * faults;
    vint own = AT(count), tau = threshold(plan, column), zero = int_all(0);
    vint lowest = int_sub(zero, tau), total = int_all(((uint32_t)nearest + 1) >> 1);
    for (int rank = faults; rank < count - faults; rank++)
        total = int_add(total, int_max(lowest, int_min(tau, int_sub(AT(rank), own))));
    return int_add(own, divide_signed(total, &plan->div));
}

static vint finish(const struct plan *plan, const int32_t *column)
{
    if (plan->rule == RULE_WMSR)
        return finish_wmsr(plan, column);
    if (plan->rule == RULE_CLIP)
        return finish_clip(plan, column);
    if (plan->rule == RULE_CLIPPED_WMSR)
        return finish_clipped_wmsr(plan, column);
    if (plan->rule == RULE_TRIM)
        return divide(sum_ranks(column, plan->faults, plan->sorted - plan->faults), &plan->div);
    return middle(AT(plan->low), AT(plan->high));
}

/* Copy steps of a batch side by side into scratch; returns the number of lanes filled. */
static int fill(const struct plan *plan, const struct batch *batch, size_t first, int32_t *scratch)
{
    size_t steps = batch->steps - first;
    int rows = plan->received + plan->own;
    if (steps > BLOCK / W)
        steps = BLOCK / W;
    for (int row = 0; row < rows; row++)
        for (size_t step = 0; step < steps; step++) {
            ptrdiff_t at = (ptrdiff_t)(first + step);
            const int32_t *from = batch->base + batch->offsets[at * batch->offsets_step + row];
            key_store(scratch + row * BLOCK + step * W, key_load(from + at * batch->lane_step));
        }
    return (int)steps * W;
}

static void run_ranks(const struct plan *plan, const struct batch *batch)
{
    int32_t scratch[(VALUES_MAX + 1) * BLOCK] __attribute__((aligned(64)));
    int32_t *out = batch->out;
    for (size_t first = 0; first < batch->steps; first += BLOCK / W) {
        int lanes = fill(plan, batch, first, scratch);
        if (plan->steps_count)
            sort_steps(plan, scratch);
        else
            sort_whole[plan->sorted](scratch, lanes);
        for (int at = 0; at < lanes; at += W, out += batch->out_step)
            int_store(out, finish(plan, scratch + at));
    }
}

#undef R
#undef S
#undef P
#undef AT
