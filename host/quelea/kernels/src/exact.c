/* One-peer exponential sums, and flows with momentum. */
#include "exact.h"

#include <stdlib.h>
#include <string.h>

#include "team.h"

enum {
    LOW_LOG = 9,           /* rounds that reach less than 2^9 agents are done within tiles */
    TILE_AGENTS = 1 << 11, /* with its halo of 2^9, and twice, 40 KB */
    COLUMNS = 32,          /* agents side by side in the rounds of longer reach: four lines */
};

/* An array of 2^log agents is seen as rows of 2^low. Rounds of reach below 2^low stay within a
 * tile and 2^low agents after it; all others move by whole rows, so that columns are apart. Each
 * way all its rounds are done while the values are in a cache: the state is read and written
 * twice instead of once a round. */
struct sums {
    const struct isa *isa;
    int64_t *from, *to;
    size_t agents;
    int low, low_rounds, high_rounds;
    int64_t **scratch; /* one a member */
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void add_within(const struct sums *sums, size_t first, size_t last, int64_t *now)
{
    size_t halo = ((size_t)1 << sums->low_rounds) - 1, mask = sums->agents - 1;
    int64_t *next = now + TILE_AGENTS + ((size_t)1 << LOW_LOG);
    for (size_t agent = first; agent < last; agent += TILE_AGENTS) {
        size_t count = smaller(last - agent, TILE_AGENTS), width = count + halo;
        size_t before_end = smaller(width, sums->agents - agent);
        memcpy(now, sums->from + agent, before_end * sizeof *now);
        for (size_t i = before_end; i < width; i++)
            now[i] = sums->from[(agent + i) & mask];
        for (int round = 0; round < sums->low_rounds; round++) {
            size_t reach = (size_t)1 << round;
            width -= reach;
            sums->isa->add_64(now, now + reach, next, width);
            int64_t *was = now;
            now = next;
            next = was;
        }
        memcpy(sums->to + agent, now, count * sizeof *now);
    }
}

static void add_rows(const struct isa *isa, const int64_t *now, int64_t *next, size_t rows,
                     size_t reach, size_t columns)
{
    size_t kept = (rows - reach) * columns;
    isa->add_64(now, now + reach * columns, next, kept);
    /* beyond the end: from the start again */
    isa->add_64(now + kept, now, next + kept, reach * columns);
}

static void add_across(const struct sums *sums, size_t first, size_t last, int64_t *now)
{
    size_t row = (size_t)1 << sums->low, rows = sums->agents >> sums->low;
    int64_t *next = now + rows * COLUMNS;
    for (size_t column = first; column < last; column += COLUMNS) {
        size_t columns = smaller(last - column, COLUMNS);
        for (size_t i = 0; i < rows; i++)
            memcpy(now + i * columns, sums->to + i * row + column, columns * sizeof *now);
        for (int round = 0; round < sums->high_rounds; round++) {
            add_rows(sums->isa, now, next, rows, (size_t)1 << round, columns);
            int64_t *was = now;
            now = next;
            next = was;
        }
        for (size_t i = 0; i < rows; i++)
            memcpy(sums->from + i * row + column, now + i * columns, columns * sizeof *now);
    }
}

static void sums_work(void *argument, int member, struct team *team)
{
    const struct sums *sums = argument;
    size_t first, last;
    team_part(sums->agents, TILE_AGENTS, member, team_size(team), &first, &last);
    add_within(sums, first, last, sums->scratch[member]);
    team_wait(team);
    team_part((size_t)1 << sums->low, COLUMNS, member, team_size(team), &first, &last);
    add_across(sums, first, last, sums->scratch[member]);
}

int exponential_rounds(const struct isa *isa, int64_t *values, int log, int rounds, int threads)
{
    int64_t *scratch[TEAM_MAX] = {NULL};
    struct sums sums = {.isa = isa, .from = values, .agents = (size_t)1 << log, .scratch = scratch};
    sums.low = log < LOW_LOG ? log : LOW_LOG;
    sums.low_rounds = rounds < sums.low ? rounds : sums.low;
    sums.high_rounds = rounds - sums.low_rounds;
    size_t within = 2 * (TILE_AGENTS + ((size_t)1 << LOW_LOG));
    size_t across = 2 * (sums.agents >> sums.low) * COLUMNS;
    size_t bytes = (within > across ? within : across) * sizeof(int64_t);
    int enough = (sums.to = aligned_alloc(64, (sums.agents * 8 + 63) / 64 * 64)) != NULL;
    if (threads > TEAM_MAX)
        threads = TEAM_MAX;
    for (int member = 0; member < threads; member++)
        enough &= (scratch[member] = aligned_alloc(64, (bytes + 63) / 64 * 64)) != NULL;
    if (enough)
        team_run(sums_work, &sums, threads);
    for (int member = 0; member < threads; member++)
        free(scratch[member]);
    free(sums.to);
    return enough ? 0 : -1;
}

static void new_flow(const int32_t *values, int32_t *flow, int32_t *rest, size_t agents,
                     size_t offset, int32_t momentum, int32_t step)
{
    for (size_t i = 0; i < agents; i++) {
        size_t other = i + offset < agents ? i + offset : i + offset - agents;
        int64_t gap = (int64_t)values[i] - values[other];
        int64_t total = (int64_t)momentum * flow[i] + step * gap + rest[i];
        flow[i] = (int32_t)(total >> 16);
        rest[i] = (int32_t)(total & 0xFFFF);
    }
}

static void move_along(int32_t *values, const int32_t *flow, size_t agents, size_t offset)
{
    for (size_t i = 0; i < agents; i++)
        values[i] -= flow[i];
    for (size_t i = offset; i < agents; i++)
        values[i] += flow[i - offset];
    for (size_t i = 0; i < offset; i++)
        values[i] += flow[i + agents - offset];
}

void flow_round(int32_t *values, int32_t *flow, int32_t *rest, size_t agents,
                const int64_t *offsets, size_t offset_count, int32_t momentum, int32_t step)
{
    for (size_t j = 0; j < offset_count; j++)
        new_flow(values, flow + j * agents, rest + j * agents, agents, (size_t)offsets[j],
                 momentum, step);
    for (size_t j = 0; j < offset_count; j++)
        move_along(values, flow + j * agents, agents, (size_t)offsets[j]);
}
