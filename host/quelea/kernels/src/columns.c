/* Blocks of columns: to keys, through the rule, and back. */
#include "columns.h"

#include <stdlib.h>

enum {
    KEYS_MAX = 6144,         /* 24 KB of rows: half of a first cache */
    LANES_AT_ONCE_MAX = 512,
    LANES_OF_MANY_MIN = 256, /* many rows: 1 KB of each in a run, 127 KB in the second cache */
};

/* How many lanes go through together; a multiple of every vector's. */
static size_t lanes_at_once(const struct plan *plan)
{
    size_t rows = (size_t)(plan->received + plan->own);
    size_t lanes = KEYS_MAX / rows / BLOCK * BLOCK;
    if (rows > SORT_MAX + 1 && lanes < LANES_OF_MANY_MIN)
        return LANES_OF_MANY_MIN; /* those sorted in registers are better off in the first cache */
    return lanes > LANES_AT_ONCE_MAX ? LANES_AT_ONCE_MAX : lanes;
}

/* Row `row` of lanes first..first+count-1 as keys. */
static void take_row(const struct columns *columns, int row, size_t first, size_t count,
                     int32_t *keys)
{
    const struct isa *isa = columns->plan->isa;
    int is_own = row == columns->plan->received;
    ptrdiff_t stride = is_own ? 1 : columns->lane_stride;
    ptrdiff_t at = (ptrdiff_t)first * stride + (is_own ? 0 : row * columns->row_stride);
    if (columns->width == 4) {
        const int32_t *from = (const int32_t *)(is_own ? columns->own : columns->values) + at;
        if (stride == 1)
            isa->key_from_32(from, keys, count);
        else
            for (size_t i = 0; i < count; i++, from += stride)
                keys[i] = (int32_t)((uint32_t)*from + KEY_BIAS);
    } else {
        const int16_t *from = (const int16_t *)(is_own ? columns->own : columns->values) + at;
        if (stride == 1)
            isa->key_from_16(from, keys, count);
        else
            for (size_t i = 0; i < count; i++, from += stride)
                keys[i] = *from + KEY_BIAS;
    }
}

static void run_staged(const struct columns *columns, size_t first, size_t last, int32_t *keys)
{
    const struct plan *plan = columns->plan;
    size_t at_once = lanes_at_once(plan), lanes = (size_t)plan->isa->lanes;
    int rows = plan->received + plan->own;
    int64_t offsets[VALUES_MAX + 1];
    int32_t *out = keys + (size_t)rows * at_once;
    for (int row = 0; row < rows; row++)
        offsets[row] = (int64_t)row * (int64_t)at_once;
    for (; first < last; first += at_once) {
        size_t count = last - first < at_once ? last - first : at_once;
        for (int row = 0; row < rows; row++)
            take_row(columns, row, first, count, keys + offsets[row]);
        struct batch batch = {keys, offsets, 0, (ptrdiff_t)lanes, (ptrdiff_t)lanes, out,
                              (count + lanes - 1) / lanes};
        plan->run(plan, &batch);
        if (columns->width == 4)
            plan->isa->key_to_32(out, (int32_t *)columns->out + first, count);
        else
            plan->isa->key_to_16(out, (int16_t *)columns->out + first, count);
    }
}

/* 32-bit rows need no copy where the rule takes values; the last lanes go the other way. */
static void run_part(const struct columns *columns, size_t first, size_t last, int32_t *keys)
{
    const struct plan *plan = columns->plan;
    size_t lanes = (size_t)plan->isa->lanes, whole = (last - first) / lanes * lanes;
    int64_t offsets[VALUES_MAX + 1];
    if (plan->run_values && columns->width == 4 && columns->lane_stride == 1) {
        const int32_t *base = columns->values;
        for (int row = 0; row < plan->received; row++)
            offsets[row] = row * (int64_t)columns->row_stride;
        if (plan->own) /* counted from the values: both are addresses of 4 bytes */
            offsets[plan->received] = ((intptr_t)columns->own - (intptr_t)base) / 4;
        struct batch batch = {base + first, offsets, 0, (ptrdiff_t)lanes, (ptrdiff_t)lanes,
                              (int32_t *)columns->out + first, whole / lanes};
        plan->run_values(plan, &batch);
        first += whole;
    }
    run_staged(columns, first, last, keys);
}

struct job {
    const struct columns *columns;
    int32_t **keys; /* one a member */
};

static void work(void *argument, int member, struct team *team)
{
    const struct job *job = argument;
    size_t first, last;
    team_part(job->columns->lanes, BLOCK, member, team_size(team), &first, &last);
    run_part(job->columns, first, last, job->keys[member]);
}

int columns_run(const struct columns *columns, int threads)
{
    int32_t *keys[TEAM_MAX] = {NULL};
    struct job job = {columns, keys};
    size_t rows = (size_t)(columns->plan->received + columns->plan->own) + 1;
    int members = -1, enough = 1;
    if (threads > TEAM_MAX)
        threads = TEAM_MAX;
    for (int member = 0; member < threads; member++) {
        keys[member] = aligned_alloc(64, rows * lanes_at_once(columns->plan) * sizeof(int32_t));
        enough = enough && keys[member];
    }
    if (enough)
        members = team_run(work, &job, threads);
    for (int member = 0; member < threads; member++)
        free(keys[member]);
    return members;
}
