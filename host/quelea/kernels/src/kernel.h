/* What an instruction set offers, and how a round is put to it. Included everywhere.
 *
 * Keys. Inside the kernels a value q is held as the 32-bit pattern q + 2^30. For |q| < 2^23 these
 * patterns are positive normal numbers when read as IEEE floats, in the same order; AVX-512 has
 * two units for the minimum of floats but one for that of integers. Rules commute with adding a
 * constant, so a rule takes keys and gives keys. A 16-bit state is kept as q + 2^15, unsigned,
 * and becomes a key by setting one bit.
 *
 * Values outside |q| < 2^23 give meaningless results, but no access outside the arrays.
 */
#ifndef QUELEA_KERNEL_H
#define QUELEA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { KEY_BIAS = 1 << 30, Q_LIMIT = 1 << 23, HALF_BIAS = 1 << 15 };
enum { VALUES_MAX = 127, FAULTS_MAX = 62, FUSED_MAX = 17, SORT_MAX = 32 };
enum { BLOCK = 64 };        /* lanes sorted together in scratch: 127 rows of them are 32 KB */
enum { STEPS_MAX = 1536 };  /* comparators of the largest network: 1471 for 128 wires */
enum { LANES_MAX = 16 };    /* 32-bit lanes of the widest vector */

enum rule {
    RULE_MEAN, RULE_TRIM, RULE_WMSR, RULE_MIDPOINT, RULE_MEDIAN, RULE_CLIP, RULE_CLIPPED_WMSR,
    RULE_COUNT
};

/* floor((sum + before) / divisor) + after, for 0 <= sum + before < 2^31 and divisor >= 2. */
struct divisor {
    uint32_t before, magic, shift, after;
};

struct plan;
struct isa;

/* Row j of step t is a vector at base + offsets[t * offsets_step + j] + t * lane_step. */
struct batch {
    const int32_t *base;
    const int64_t *offsets;
    ptrdiff_t offsets_step, lane_step, out_step;
    int32_t *out;
    size_t steps;
};

struct step {
    uint8_t kind, a, b; /* 'S', 'L', 'H' as in networks.h */
};

/* A rule for a fixed number of values: chosen once, run on many batches. */
struct plan {
    void (*run)(const struct plan *plan, const struct batch *batch);
    void (*run_values)(const struct plan *plan, const struct batch *batch); /* the same on values
                                                                               not keys, or NULL */
    void (*run_ring)(const struct plan *plan, const struct batch *batch); /* see ring.h; or NULL */
    const struct isa *isa;
    enum rule rule;
    int received; /* rows 0..received-1; the own value, if any, is the row after them */
    int own;      /* 1 if there is an own value */
    int faults;
    int sorted;    /* rows that are put in order: received, with or without the own one */
    int low, high; /* midpoint and median: the two ranks */
    struct divisor div;
    uint32_t dropped_before[128], dropped_magic[128], dropped_shift[128]; /* W-MSRs, by drops */
    int steps_count; /* more than SORT_MAX values: the network, for scratch */
    struct step steps[STEPS_MAX];
};

/* One agent: values[0..count-1] received, values[count] the own one, room for 144 in all. */
typedef int32_t (*one_fn)(const int32_t *values, int count, int faults);

struct isa {
    const char *name;
    int lanes; /* 32-bit lanes of a vector */
    /* Choose run for a plan whose rule, received, own and faults are set. */
    void (*choose)(struct plan *plan);
    void (*key_from_32)(const int32_t *from, int32_t *to, size_t count);
    void (*key_from_16)(const int16_t *from, int32_t *to, size_t count);
    void (*key_from_half)(const uint16_t *from, int32_t *to, size_t count);
    void (*key_to_32)(const int32_t *from, int32_t *to, size_t count);
    void (*key_to_16)(const int32_t *from, int16_t *to, size_t count);
    void (*key_to_half)(const int32_t *from, uint16_t *to, size_t count);
    /* to[i] = state[index[i]], as keys; the 16-bit forms may read 2 bytes past the state. */
    void (*gather_32)(const int32_t *state, const uint32_t *index, int32_t *to, size_t count);
    void (*gather_half)(const uint16_t *state, const uint32_t *index, int32_t *to, size_t count);
    /* The two passes of a tiled gather; state of either width, see tiles.h. */
    void (*tile_32)(const int32_t *state, const uint16_t *index, int32_t *to, size_t count);
    void (*tile_half)(const uint16_t *state, const uint16_t *index, uint16_t *to, size_t count);
    void (*tile_half_key)(const uint16_t *state, const uint16_t *index, int32_t *to,
                          size_t count);
    /* sum[i] = a[i] + b[i]; sum overlaps neither. */
    void (*add_64)(const int64_t *a, const int64_t *b, int64_t *sum, size_t count);
    one_fn one[RULE_COUNT];
};

extern const struct isa quelea_isa_portable;
extern const struct isa *const quelea_isa_avx2;   /* NULL where the compiler cannot */
extern const struct isa *const quelea_isa_avx512; /* NULL where the compiler cannot */

#endif
