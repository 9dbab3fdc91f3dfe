/* Rounds where agent i hears i + offset, modulo n: rows are the state itself, moved along. */
#include "fleet.h"

#include <string.h>

/* Run the rule for count agents from `agent` on, row j at from + agent + offsets[j]; the last
 * vector overlaps the one before, which writes the same results again. */
static void run_span(const struct fleet *fleet, const int32_t *from, int32_t *to,
                     const int64_t *offsets, size_t count)
{
    size_t lanes = (size_t)fleet->plan->isa->lanes;
    struct batch batch = {from, offsets, 0, (ptrdiff_t)lanes, (ptrdiff_t)lanes, to, count / lanes};
    if (count < lanes) {
        int32_t rows[(VALUES_MAX + 1) * LANES_MAX] = {0}, out[LANES_MAX];
        int64_t beside[VALUES_MAX + 1];
        for (size_t row = 0; row <= fleet->degree; row++) {
            beside[row] = (int64_t)(row * LANES_MAX);
            memcpy(rows + row * LANES_MAX, from + offsets[row], count * sizeof *rows);
        }
        batch = (struct batch){rows, beside, 0, 0, 0, out, 1};
        fleet->plan->run(fleet->plan, &batch);
        memcpy(to, out, count * sizeof *to);
        return;
    }
    fleet->plan->run(fleet->plan, &batch);
    if (count % lanes) {
        size_t tail = count - lanes;
        batch.base = from + tail;
        batch.out = to + tail;
        batch.steps = 1;
        fleet->plan->run(fleet->plan, &batch);
    }
}

/* 16-bit states become rows of keys first. */
static void run_halves(const struct fleet *fleet, const uint16_t *from, uint16_t *to, size_t agent,
                       const int64_t *offsets, size_t count, int32_t *scratch)
{
    for (size_t done = 0; done < count; done += GROUP) {
        size_t lanes = count - done < GROUP ? count - done : GROUP;
        for (size_t row = 0; row < fleet->degree; row++)
            fleet->plan->isa->key_from_half(from + agent + done + offsets[row],
                                            scratch + row * GROUP, lanes);
        finish_group(fleet, from, to, agent + done, lanes, scratch);
    }
}

void round_circulant(const struct fleet *fleet, const void *from, void *to, size_t first,
                     size_t last, int32_t *scratch)
{
    int64_t offsets[VALUES_MAX + 1], agents = (int64_t)fleet->agents;
    for (size_t agent = first; agent < last;) {
        int64_t count = (int64_t)(last - agent), at = (int64_t)agent;
        for (size_t row = 0; row < fleet->degree; row++) {
            int64_t offset = fleet->offsets[row], before_end = agents - offset - at;
            if (before_end <= 0)
                offset -= agents; /* beyond the end: from the start again */
            else if (before_end < count)
                count = before_end;
            offsets[row] = offset;
        }
        offsets[fleet->degree] = 0;
        if (fleet->width == 2)
            run_halves(fleet, from, to, agent, offsets, (size_t)count, scratch);
        else
            run_span(fleet, (const int32_t *)from + agent, (int32_t *)to + agent, offsets,
                     (size_t)count);
        agent += (size_t)count;
    }
}
