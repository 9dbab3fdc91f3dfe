/* Rounds of a ring or another circulant whose offsets are small, many rounds at a time.
 *
 * Stripes: n agents, n a multiple of 16, are kept as n / 16 rows of 16; agent a is in lane
 * a / (n / 16) of row a % (n / 16). A neighbour at +-o is then o whole rows away in the same lane,
 * so that vectors are never loaded across cache lines; only beyond the first and last row do
 * lanes move on by one.
 *
 * Time: a tile of rows, and a halo as wide as news travels in some rounds, is taken through all of
 * them while it is in the second cache. Each round leaves less of the halo valid; the tile is
 * right at the end. The state in memory is read and written once for all these rounds.
 */
#include "fleet.h"

#include <string.h>

enum {
    STRIPES = 16,
    TILE_ROWS = 1024, /* two states of them are 128 KB */
    HALO_MAX = 64,    /* rows computed twice at each end of a tile */
    ROUNDS_MAX = 16,
};

static int64_t near_zero(const struct fleet *fleet, size_t row)
{
    int64_t offset = fleet->offsets[row], agents = (int64_t)fleet->agents;
    return offset <= agents - offset ? offset : offset - agents;
}

static size_t reach(const struct fleet *fleet)
{
    size_t most = 1;
    for (size_t row = 0; row < fleet->degree; row++) {
        int64_t near = near_zero(fleet, row);
        if ((size_t)(near < 0 ? -near : near) > most)
            most = (size_t)(near < 0 ? -near : near);
    }
    return most;
}

size_t striped_rounds(const struct fleet *fleet, size_t wish)
{
    size_t most = HALO_MAX / reach(fleet);
    if (fleet->agents % STRIPES || fleet->agents / STRIPES < 2 * HALO_MAX)
        return 0;
    if (most > ROUNDS_MAX)
        most = ROUNDS_MAX;
    if (fleet->held_count && most > 1)
        most = 1; /* what is held is put back after every round */
    return wish < most ? wish : most;
}

size_t striped_scratch(void)
{
    return 2 * (TILE_ROWS + 2 * HALO_MAX) * STRIPES * sizeof(int32_t);
}

/* Copy `count` rows from row `start`, which may be negative or beyond the end: there lane l goes
 * on in lane l - 1 or l + 1. */
static void take_rows(const int32_t *state, int64_t rows, int64_t start, size_t count, int32_t *to)
{
    int64_t end = start + (int64_t)count;
    int64_t first = start < 0 ? 0 : start, last = end > rows ? rows : end;
    memcpy(to + (first - start) * STRIPES, state + first * STRIPES,
           (size_t)(last - first) * STRIPES * sizeof *to);
    for (int64_t row = start; row < 0; row++, to += STRIPES)
        for (int lane = 0; lane < STRIPES; lane++)
            to[lane] = state[(row + rows) * STRIPES + (lane + STRIPES - 1) % STRIPES];
    to += (last - first) * STRIPES;
    for (int64_t row = rows; row < end; row++, to += STRIPES)
        for (int lane = 0; lane < STRIPES; lane++)
            to[lane] = state[(row - rows) * STRIPES + (lane + 1) % STRIPES];
}

/* Whether the neighbours are all agents nearest on either side: offsets differ, so it is enough
 * that there are two for each step of the reach. */
static int is_ring(const struct fleet *fleet) { return 2 * reach(fleet) == fleet->degree; }

static void run_rows(const struct fleet *fleet, const int32_t *now, int32_t *out,
                     const int64_t *offsets, size_t rows)
{
    const struct plan *plan = fleet->plan;
    size_t paired = plan->run_ring && is_ring(fleet) ? rows / 2 * 2 : 0;
    for (int lane = 0; lane < STRIPES; lane += plan->isa->lanes) {
        struct batch batch = {now + lane, offsets, 0, STRIPES, STRIPES, out + lane, paired};
        if (paired)
            plan->run_ring(plan, &batch);
        batch.base += paired * STRIPES;
        batch.out += paired * STRIPES;
        batch.steps = rows - paired;
        plan->run(plan, &batch);
    }
}

void striped_run(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 size_t rounds, int32_t *scratch)
{
    int64_t offsets[VALUES_MAX + 1], rows = (int64_t)(fleet->agents / STRIPES);
    size_t near = reach(fleet), halo = near * rounds, end = last / STRIPES;
    for (size_t row = 0; row < fleet->degree; row++)
        offsets[row] = near_zero(fleet, row) * STRIPES;
    offsets[fleet->degree] = 0;
    for (size_t tile = first / STRIPES; tile < end; tile += TILE_ROWS) {
        size_t count = end - tile < TILE_ROWS ? end - tile : TILE_ROWS;
        int32_t *now = scratch, *next = scratch + (TILE_ROWS + 2 * HALO_MAX) * STRIPES;
        take_rows(from, rows, (int64_t)tile - (int64_t)halo, count + 2 * halo, now);
        for (size_t round = 1; round <= rounds; round++) {
            size_t edge = near * round;
            int32_t *out = next + edge * STRIPES;
            if (round == rounds)
                out = (int32_t *)to + tile * STRIPES;
            run_rows(fleet, now + edge * STRIPES, out, offsets, count + 2 * halo - 2 * edge);
            int32_t *was = now;
            now = next;
            next = was;
        }
    }
}
