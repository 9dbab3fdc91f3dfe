/* Sorting the edges of a graph into tiles, blocks and zones. */
#include "tiles.h"

#include <stdlib.h>

static size_t parts(size_t whole, size_t part) { return (whole + part - 1) / part; }

static size_t groups_of(size_t agents)
{
    return agents < GROUP ? GROUP : agents / GROUP * GROUP;
}

/* Where an agent's slot stands in neighbours and in place. */
static size_t slot_at(const struct tiles *tiles, size_t agent, size_t slot)
{
    return (agent / GROUP * tiles->degree + slot) * GROUP + agent % GROUP;
}

static int allocate(struct tiles *tiles)
{
    size_t pieces = tiles->zone_count * tiles->tile_count * (tiles->block_count + 1);
    size_t edges = tiles->agents * tiles->degree;
    size_t padding = tiles->zone_count * tiles->tile_count * PIECE_ROOM;
    tiles->zone_first = calloc(tiles->zone_count + 1, sizeof *tiles->zone_first);
    tiles->piece_first = calloc(pieces, sizeof *tiles->piece_first);
    tiles->piece_to = calloc(pieces, sizeof *tiles->piece_to);
    tiles->pick = calloc(edges + padding, sizeof *tiles->pick);
    tiles->place = calloc(edges + PIECE_ROOM, sizeof *tiles->place);
    return tiles->zone_first && tiles->piece_first && tiles->piece_to && tiles->pick &&
           tiles->place;
}

static void count_pieces(struct tiles *tiles, const uint32_t *neighbours)
{
    for (size_t agent = 0; agent < tiles->agents; agent++) {
        size_t zone = agent / tiles->zone_agents;
        size_t block = agent % tiles->zone_agents / tiles->block_agents;
        for (size_t slot = 0; slot < tiles->degree; slot++) {
            size_t tile = neighbours[slot_at(tiles, agent, slot)] / tiles->tile_agents;
            tiles->piece_first[tiles_piece(tiles, zone, tile, block)]++;
        }
    }
}

/* Behind a tile's entries there are zeros, so that a vector may read beyond the last of them. */
static void lay_pieces(struct tiles *tiles)
{
    size_t first = 0;
    for (size_t zone = 0; zone < tiles->zone_count; zone++) {
        size_t at = 0;
        tiles->zone_first[zone] = first;
        for (size_t tile = 0; tile < tiles->tile_count; tile++) {
            for (size_t block = 0; block <= tiles->block_count; block++) {
                size_t piece = tiles_piece(tiles, zone, tile, block);
                size_t count = tiles->piece_first[piece];
                tiles->piece_first[piece] = (uint32_t)at;
                at += count;
            }
            at += LANES_MAX;
        }
        first += at;
    }
}

/* A block's values lie side by side, tile after tile; a vector that reaches beyond a piece is
 * covered by the next tile's, and beyond the last tile's there is room. */
static void lay_blocks(struct tiles *tiles)
{
    for (size_t zone = 0; zone < tiles->zone_count; zone++)
        for (size_t block = 0; block < tiles->block_count; block++) {
            size_t at = block * tiles->block_values;
            for (size_t tile = 0; tile < tiles->tile_count; tile++) {
                size_t piece = tiles_piece(tiles, zone, tile, block);
                tiles->piece_to[piece] = (uint32_t)at;
                at += tiles->piece_first[piece + 1] - tiles->piece_first[piece];
            }
        }
}

/* Write pick and place; taken counts what each piece holds already. */
static void place_edges(struct tiles *tiles, const uint32_t *neighbours, uint32_t *taken)
{
    for (size_t agent = 0; agent < tiles->agents; agent++) {
        size_t zone = agent / tiles->zone_agents;
        size_t block = agent % tiles->zone_agents / tiles->block_agents;
        uint16_t *pick = tiles->pick + tiles->zone_first[zone];
        for (size_t slot = 0; slot < tiles->degree; slot++) {
            size_t edge = slot_at(tiles, agent, slot);
            uint32_t sender = neighbours[edge];
            size_t piece = tiles_piece(tiles, zone, sender / tiles->tile_agents, block);
            uint32_t at = taken[piece]++;
            pick[tiles->piece_first[piece] + at] = (uint16_t)(sender % tiles->tile_agents);
            tiles->place[edge] =
                (uint16_t)(tiles->piece_to[piece] + at - block * tiles->block_values);
        }
    }
}

struct tiles *tiles_make(const uint32_t *neighbours, size_t agents, size_t degree, size_t width)
{
    struct tiles *tiles = calloc(1, sizeof *tiles);
    if (!tiles)
        return NULL;
    tiles->agents = agents;
    tiles->degree = degree;
    tiles->tile_agents = TILE_BYTES / width;
    tiles->block_agents = groups_of(BLOCK_BYTES / width / degree);
    tiles->zone_agents = ZONE_VALUES / degree / tiles->block_agents * tiles->block_agents;
    if (tiles->zone_agents < tiles->block_agents)
        tiles->zone_agents = tiles->block_agents;
    tiles->tile_count = parts(agents, tiles->tile_agents);
    tiles->block_count = tiles->zone_agents / tiles->block_agents;
    tiles->block_values = tiles->block_agents * degree + PIECE_ROOM;
    tiles->zone_count = parts(agents, tiles->zone_agents);
    size_t pieces = tiles->zone_count * tiles->tile_count * (tiles->block_count + 1);
    uint32_t *taken = calloc(pieces, sizeof *taken);
    if (allocate(tiles) && taken) {
        count_pieces(tiles, neighbours);
        lay_pieces(tiles);
        lay_blocks(tiles);
        place_edges(tiles, neighbours, taken);
    } else {
        tiles_free(tiles);
        tiles = NULL;
    }
    free(taken);
    return tiles;
}

void tiles_free(struct tiles *tiles)
{
    if (!tiles)
        return;
    free(tiles->zone_first);
    free(tiles->piece_first);
    free(tiles->piece_to);
    free(tiles->pick);
    free(tiles->place);
    free(tiles);
}
