/* Gathering for fleets larger than a cache: two passes that each stay inside the nearer caches.
 *
 * Pass 1 walks the senders tile by tile and writes down, for a zone of receivers, each value that
 * one of them will need, beside the others that its block will need. Pass 2 walks the zone block
 * by block, and each agent picks its values from its block's. Both passes read 16-bit indices in
 * order; only reads inside a tile or a block jump.
 * The order in which an agent's values arrive is of no matter to any rule.
 */
#ifndef QUELEA_TILES_H
#define QUELEA_TILES_H

#include "kernel.h"

enum {
    GROUP = 256,           /* agents whose rows lie side by side for one run of a rule */
    TILE_BYTES = 1 << 16,  /* states of a tile; 16-bit indices would allow 2^17 */
    BLOCK_BYTES = 1 << 16, /* values written down for a block: pieces of some hundred bytes each */
    ZONE_VALUES = 1 << 20, /* written down for one zone; several zones, so that threads can share */
    PIECE_ROOM = 64,       /* entries that a vector may reach beyond a piece */
};

struct tiles {
    size_t agents, degree;
    size_t tile_agents, block_agents, zone_agents;
    size_t tile_count, block_count, zone_count; /* block_count: blocks of a zone */
    size_t block_values;   /* room of a block in what is written down for a zone */
    size_t *zone_first;    /* [zone]: first entry of pick */
    uint32_t *piece_first; /* [zone][tile][block], and one more a tile: entries of pick, from the
                              zone's first */
    uint32_t *piece_to;    /* [zone][tile][block]: where it is written down */
    uint16_t *pick;        /* pass 1: sender within its tile */
    uint16_t *place;       /* pass 2: [agent / 256][slot][agent % 256], within the block's values */
};

/* Sort the edges of a regular graph whose agents are a multiple of GROUP; width: bytes of a state;
 * neighbours is [agent / 256][slot][agent % 256]. NULL: no memory. */
struct tiles *tiles_make(const uint32_t *neighbours, size_t agents, size_t degree, size_t width);
void tiles_free(struct tiles *tiles);

/* The entry of piece_first and, with block < block_count, of piece_to. */
static inline size_t tiles_piece(const struct tiles *tiles, size_t zone, size_t tile, size_t block)
{
    return (zone * tiles->tile_count + tile) * (tiles->block_count + 1) + block;
}

#endif
