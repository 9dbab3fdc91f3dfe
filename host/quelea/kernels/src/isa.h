/* Everything that is compiled once for each instruction set; ISA_STRUCT and ISA_NAME are set, and
 * the lanes included. */
#include "divide.h"
#include "lists.h"

typedef void (*run_fn)(const struct plan *plan, const struct batch *batch);
enum { FUSED_FAULTS = FUSED_MAX / 2 + 1 };

#define NAMED(x) x
#define LOADED(key) key
#define STORED(key) key
#define AHEAD(row) (void)0
#include "fused.h"
#ifdef ISA_FUSES_VALUES
#define NAMED(x) values_##x
#define LOADED(value) int_key(int_add(key_int(value), int_all(KEY_BIAS)))
#define STORED(key) int_sub(key, int_all(KEY_BIAS))
#define AHEAD(row) __builtin_prefetch((row) + 128) /* eight lines: memory read in order */
#include "fused.h"
#endif
#include "ring.h"
#include "ranks.h"
#include "moves.h"
#include "one.h"

static void choose(struct plan *plan)
{
    int count = plan->sorted, faults = plan->faults;
    run_fn fused = NULL; /* none for F = 0, which is a mean, or the middle of both ends */
    if (plan->rule == RULE_MEAN)
        fused = run_mean;
    else if (plan->rule == RULE_TRIM && count <= FUSED_MAX)
        fused = fused_trim[count][faults];
    else if (plan->rule == RULE_WMSR && count < FUSED_MAX)
        fused = fused_wmsr[count][faults];
    else if (plan->rule == RULE_MIDPOINT && count <= FUSED_MAX)
        fused = fused_pair[count][plan->low];
    plan->run = fused ? fused : run_ranks;
    if (plan->rule == RULE_TRIM && plan->own && plan->received < FUSED_MAX)
        plan->run_ring = ring_trim[plan->received][faults];
#ifdef ISA_FUSES_VALUES
    if (plan->rule == RULE_MEAN)
        plan->run_values = values_run_mean;
    else if (plan->rule == RULE_TRIM && count <= FUSED_MAX)
        plan->run_values = values_fused_trim[count][faults];
    else if (plan->rule == RULE_WMSR && count < FUSED_MAX)
        plan->run_values = values_fused_wmsr[count][faults];
    else if (plan->rule == RULE_MIDPOINT && count <= FUSED_MAX)
        plan->run_values = values_fused_pair[count][plan->low];
#endif
}

ISA_STORAGE struct isa ISA_STRUCT = {
    .name = ISA_NAME,
    .lanes = W,
    .choose = choose,
    .key_from_32 = key_from_32,
    .key_from_16 = key_from_16,
    .key_from_half = key_from_half,
    .key_to_32 = key_to_32,
    .key_to_16 = key_to_16,
    .key_to_half = key_to_half,
    .gather_32 = gather_32,
    .gather_half = gather_half,
    .tile_32 = tile_32,
    .tile_half = tile_half,
    .tile_half_key = tile_half_key,
    .add_64 = add_64,
    .one = {one_mean, one_trim, one_wmsr, one_midpoint, one_median, one_clip,
            one_clipped_wmsr},
};
