/* One round on a table of neighbours: gathered directly, by tiles, or with seeds as lanes. */
#include "fleet.h"

#include <string.h>

enum { AHEAD = 16 }; /* agents of a lanes batch: 16 * 9 lines of 64 bytes fit the first cache */

void finish_group(const struct fleet *fleet, const void *from, void *to, size_t agent,
                  size_t count, int32_t *scratch)
{
    const struct isa *isa = fleet->plan->isa;
    int32_t *own = scratch + fleet->degree * GROUP, out[GROUP];
    int64_t offsets[VALUES_MAX];
    if (fleet->width == 2)
        isa->key_from_half((const uint16_t *)from + agent, own, count);
    else
        memcpy(own, (const int32_t *)from + agent, count * sizeof *own);
    for (size_t row = 0; row <= fleet->degree; row++)
        offsets[row] = (int64_t)(row * GROUP);
    struct batch batch = {scratch, offsets, 0, isa->lanes, isa->lanes, out,
                          (count + (size_t)isa->lanes - 1) / (size_t)isa->lanes};
    if (fleet->width == 4)
        batch.out = (int32_t *)to + agent;
    fleet->plan->run(fleet->plan, &batch);
    if (fleet->width == 2)
        isa->key_to_half(out, (uint16_t *)to + agent, count);
}

void round_table(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 int32_t *scratch)
{
    for (size_t agent = first; agent < last; agent += GROUP) {
        const uint32_t *index = fleet->neighbours + agent * fleet->degree;
        if (fleet->width == 2)
            fleet->plan->isa->gather_half(from, index, scratch, fleet->degree * GROUP);
        else
            fleet->plan->isa->gather_32(from, index, scratch, fleet->degree * GROUP);
        finish_group(fleet, from, to, agent, GROUP, scratch);
    }
}

/* Pass 1: what the zone needs of every tile. */
static void write_down(const struct fleet *fleet, const void *from, size_t zone, void *values)
{
    const struct tiles *tiles = fleet->tiles;
    const struct isa *isa = fleet->plan->isa;
    const uint16_t *pick = tiles->pick + tiles->zone_first[zone];
    for (size_t tile = 0; tile < tiles->tile_count; tile++) {
        const uint32_t *first = tiles->piece_first + tiles_piece(tiles, zone, tile, 0);
        const uint32_t *to = tiles->piece_to + tiles_piece(tiles, zone, tile, 0);
        size_t sender = tile * tiles->tile_agents;
        for (size_t block = 0; block < tiles->block_count; block++) {
            size_t count = first[block + 1] - first[block];
            count = (count + LANES_MAX - 1) / LANES_MAX * LANES_MAX;
            if (fleet->width == 2)
                isa->tile_half((const uint16_t *)from + sender, pick + first[block],
                               (uint16_t *)values + to[block], count);
            else
                isa->tile_32((const int32_t *)from + sender, pick + first[block],
                             (int32_t *)values + to[block], count);
        }
    }
}

void round_tiled(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 int32_t *scratch)
{
    const struct tiles *tiles = fleet->tiles;
    const struct isa *isa = fleet->plan->isa;
    size_t width = (size_t)fleet->width, per_group = tiles->degree * GROUP;
    char *values = (char *)(scratch + (tiles->degree + 1) * GROUP);
    for (size_t zone = first / tiles->zone_agents; zone * tiles->zone_agents < last; zone++) {
        write_down(fleet, from, zone, values);
        for (size_t block = 0; block < tiles->block_count; block++) {
            size_t agent = zone * tiles->zone_agents + block * tiles->block_agents;
            size_t end = agent + tiles->block_agents;
            const char *beside = values + block * tiles->block_values * width;
            for (; agent < end && agent < last; agent += GROUP) {
                const uint16_t *place = tiles->place + agent * tiles->degree;
                if (width == 2)
                    isa->tile_half_key((const uint16_t *)beside, place, scratch, per_group);
                else
                    isa->tile_32((const int32_t *)beside, place, scratch, per_group);
                finish_group(fleet, from, to, agent, GROUP, scratch);
            }
        }
    }
}

void round_lanes(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 int32_t *scratch)
{
    size_t lanes = fleet->lanes, degree = fleet->degree, rows = degree + 1;
    int64_t offsets[AHEAD * (VALUES_MAX + 1)];
    (void)scratch;
    for (size_t agent = first; agent < last; agent += AHEAD) {
        size_t count = last - agent < AHEAD ? last - agent : AHEAD;
        for (size_t i = 0; i < count; i++) {
            const uint32_t *index = fleet->neighbours + (agent + i) * degree;
            for (size_t slot = 0; slot < degree; slot++) {
                offsets[i * rows + slot] = (int64_t)index[slot] * (int64_t)lanes;
                __builtin_prefetch((const int32_t *)from + index[slot] * lanes);
            }
            offsets[i * rows + degree] = (int64_t)((agent + i) * lanes);
        }
        for (size_t lane = 0; lane < lanes; lane += (size_t)fleet->plan->isa->lanes) {
            struct batch batch = {(const int32_t *)from + lane, offsets, (ptrdiff_t)rows, 0,
                                  (ptrdiff_t)lanes, (int32_t *)to + agent * lanes + lane, count};
            fleet->plan->run(fleet->plan, &batch);
        }
    }
}
