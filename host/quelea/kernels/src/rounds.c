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
    const uint16_t *pick = tiles->pick + tiles->zone_first[zone];
    for (size_t tile = 0; tile < tiles->tile_count; tile++) {
        size_t first = tiles->piece_first[tiles_piece(tiles, zone, tile, 0)];
        size_t last = tiles->piece_first[tiles_piece(tiles, zone, tile, tiles->block_count)];
        size_t count = (last - first + LANES_MAX - 1) / LANES_MAX * LANES_MAX;
        size_t sender = tile * tiles->tile_agents;
        if (fleet->width == 2)
            fleet->plan->isa->tile_half((const uint16_t *)from + sender, pick + first,
                                  (uint16_t *)values + first, count);
        else
            fleet->plan->isa->tile_32((const int32_t *)from + sender, pick + first,
                                (int32_t *)values + first, count);
    }
}

/* Put the pieces of a block side by side; short copies in whole lines, the next one covers what
 * was too much. */
static void put_side_by_side(const struct fleet *fleet, size_t zone, size_t block,
                             const char *values, char *beside)
{
    const struct tiles *tiles = fleet->tiles;
    size_t width = (size_t)fleet->width;
    for (size_t tile = 0; tile < tiles->tile_count; tile++) {
        size_t piece = tiles_piece(tiles, zone, tile, block);
        size_t bytes = tiles->piece_count[piece] * width;
        const char *from = values + tiles->piece_first[piece] * width;
        for (size_t at = 0; at < bytes; at += 64)
            memcpy(beside + at, from + at, 64);
        beside += bytes;
    }
}

void round_tiled(const struct fleet *fleet, const void *from, void *to, size_t first, size_t last,
                 int32_t *scratch)
{
    const struct tiles *tiles = fleet->tiles;
    size_t width = (size_t)fleet->width, per_group = tiles->degree * GROUP;
    char *beside = (char *)(scratch + (tiles->degree + 1) * GROUP);
    char *values = beside + (tiles->block_agents * tiles->degree + PIECE_ROOM) * width;
    for (size_t zone = first / tiles->zone_agents; zone * tiles->zone_agents < last; zone++) {
        write_down(fleet, from, zone, values);
        for (size_t block = 0; block < tiles->block_count; block++) {
            size_t agent = zone * tiles->zone_agents + block * tiles->block_agents;
            size_t end = agent + tiles->block_agents;
            if (agent >= last)
                break;
            put_side_by_side(fleet, zone, block, values, beside);
            for (; agent < end && agent < last; agent += GROUP) {
                const uint16_t *place = tiles->place + agent * tiles->degree;
                if (width == 2)
                    fleet->plan->isa->tile_half_key((const uint16_t *)beside, place, scratch, per_group);
                else
                    fleet->plan->isa->tile_32((const int32_t *)beside, place, scratch, per_group);
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
