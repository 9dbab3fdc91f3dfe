/* Plans: division by multiplication, and the comparators for many values. */
#include "plan.h"

#include <string.h>

/* With l = ceil(log2 m), floor(2^(31+l) / m) + 1 divides every number below 2^31 exactly
 * (Granlund and Montgomery 1994); m >= 2. */
static struct divisor divisor_of(int m)
{
    int log = 1;
    while (1 << log < m)
        log++;
    struct divisor div = {0, 0, 0, 0};
    div.magic = (uint32_t)((((uint64_t)1 << (31 + log)) + (uint64_t)m - 1) / (uint64_t)m);
    div.shift = (uint32_t)log - 1;
    return div;
}

/* m keys add up to their values and m * 2^30, modulo 2^32; m * 2^23 makes the sum positive. */
struct divisor divisor_of_keys(int m)
{
    struct divisor div = divisor_of(m);
    div.before = (uint32_t)m * (Q_LIMIT - (uint32_t)KEY_BIAS) + ((uint32_t)m >> 1);
    div.after = (uint32_t)KEY_BIAS - Q_LIMIT;
    return div;
}

/* What a rule needs of the order: ranks of one label may be exchanged, unwanted ones are lost. */
struct need {
    int16_t label[VALUES_MAX + 1];
    uint8_t wanted[VALUES_MAX + 1];
};

static void label(struct need *need, int first, int last, int number, int wanted)
{
    for (int rank = first; rank < last; rank++) {
        need->label[rank] = (int16_t)number;
        need->wanted[rank] = (uint8_t)wanted;
    }
}

static void need_of(const struct plan *plan, struct need *need)
{
    int n = plan->sorted, f = plan->faults;
    if (plan->rule == RULE_TRIM || plan->rule == RULE_WMSR) {
        int ends = plan->rule == RULE_WMSR;
        label(need, 0, f, 0, ends);
        label(need, f, n - f, 1, 1);
        label(need, n - f, n, 2, ends);
    } else if (plan->rule == RULE_CLIP || plan->rule == RULE_CLIPPED_WMSR) {
        label(need, 0, n, VALUES_MAX + 1, 1);
        for (int rank = 0; rank < n; rank++)
            if (rank <= 2 * f || rank >= n - 1 - 2 * f)
                label(need, rank, rank + 1, rank, 1);
    } else {
        label(need, 0, n, 2, 0);
        label(need, plan->high, n, 4, 0);
        label(need, 0, plan->low, 0, 0);
        label(need, plan->high, plan->high + 1, 3, 1);
        label(need, plan->low, plan->low + 1, 1, 1);
    }
}

/* Batcher's merge exchange for n values (Knuth, volume 3, algorithm 5.2.2M). */
static int merge_exchange(int n, struct step *steps)
{
    int count = 0, top = 1;
    while (2 * top < n)
        top *= 2;
    for (int p = top; p > 0; p /= 2) {
        int q = top, r = 0, d = p;
        for (;;) {
            for (int i = 0; i + d < n; i++)
                if ((i & p) == r)
                    steps[count++] = (struct step){'S', (uint8_t)i, (uint8_t)(i + d)};
            if (q == p)
                break;
            d = q - p;
            q /= 2;
            r = p;
        }
    }
    return count;
}

/* From the back: drop comparators inside one label, halve those of which one end is unwanted. */
static void cut(struct plan *plan)
{
    struct need need;
    uint8_t touched[VALUES_MAX + 1] = {0};
    need_of(plan, &need);
    int kept = plan->steps_count;
    for (int i = plan->steps_count - 1; i >= 0; i--) {
        struct step step = plan->steps[i];
        int a = step.a, b = step.b;
        if (need.label[a] == need.label[b] && !touched[a] && !touched[b])
            continue;
        if (!need.wanted[a] && !need.wanted[b])
            continue;
        step.kind = need.wanted[a] && need.wanted[b] ? 'S' : need.wanted[a] ? 'L' : 'H';
        touched[a] = touched[b] = 1;
        need.wanted[a] = need.wanted[b] = 1;
        plan->steps[--kept] = step;
    }
    plan->steps_count -= kept;
    memmove(plan->steps, plan->steps + kept, (size_t)plan->steps_count * sizeof *plan->steps);
}

static void plan_divisors(struct plan *plan)
{
    int rows = plan->received + plan->own, faults = plan->faults;
    if (plan->rule == RULE_MEAN)
        plan->div = divisor_of_keys(rows);
    else if (plan->rule == RULE_TRIM)
        plan->div = divisor_of_keys(rows - 2 * faults);
    else if (plan->rule == RULE_CLIP)
        plan->div = divisor_of(rows - 2 * faults);
    else if (plan->rule == RULE_WMSR || plan->rule == RULE_CLIPPED_WMSR) {
        for (int dropped = 0; dropped <= 2 * faults; dropped++) {
            struct divisor div = divisor_of_keys(rows - dropped);
            plan->dropped_before[dropped] = div.before;
            plan->dropped_magic[dropped] = div.magic;
            plan->dropped_shift[dropped] = div.shift;
            plan->div.after = div.after;
        }
    }
}

int plan_make(struct plan *plan, const struct isa *isa, enum rule rule, int received, int own,
              int faults)
{
    int rows = received + own;
    memset(plan, 0, offsetof(struct plan, steps));
    if (rule == RULE_MEAN)
        faults = 0;
    else if (rows < 2 * faults + 1 + own)
        return 0;
    plan->isa = isa;
    plan->received = received;
    plan->own = own;
    plan->faults = faults;
    plan->rule = rule;
    plan->sorted = rows;
    if (rule == RULE_WMSR || rule == RULE_CLIP || rule == RULE_CLIPPED_WMSR)
        plan->sorted = received;
    plan->low = rule == RULE_MEDIAN ? (rows - 1) / 2 : faults;
    plan->high = rows - 1 - plan->low;
    if (rule == RULE_TRIM && rows - 2 * faults == 1)
        plan->rule = RULE_MIDPOINT; /* one value is left: the middle of it and itself */
    else if (rule == RULE_MEDIAN)
        plan->rule = RULE_MIDPOINT;
    else if (faults == 0 && rule != RULE_MIDPOINT)
        plan->rule = RULE_MEAN; /* nothing dropped, nothing clipped */
    if (rows == 1)
        return 0;
    plan_divisors(plan);
    isa->choose(plan);
    if (plan->rule != RULE_MEAN && plan->sorted > SORT_MAX) {
        plan->steps_count = merge_exchange(plan->sorted, plan->steps);
        cut(plan);
    }
    return 1;
}
