/* Exact pairwise averaging along matchings. */
#include "exact.h"

#include <stdlib.h>
#include <string.h>

#include "team.h"

enum {
    COLOURS_MAX = 256, /* greedy colouring needs 2 * 126 - 1 at most */
    WORDS = COLOURS_MAX / 64,
    TILE_LOG = 15, /* pairs are taken by tiles of 2^15 agents on each side: 256 KB of values */
    COINS = 64,    /* pairs that share a word of coins */
};

static int first_free(const uint64_t *a, const uint64_t *b)
{
    for (int word = 0; word < WORDS; word++) {
        uint64_t taken = a[word] | b[word];
        if (~taken)
            return word * 64 + __builtin_ctzll(~taken);
    }
    return COLOURS_MAX;
}

/* Give each edge the first colour that neither end has yet; returns the number of colours. */
static int colour_edges(const uint32_t *edges, size_t edge_count, uint64_t *taken, uint8_t *colour)
{
    int colours = 0;
    for (size_t edge = 0; edge < edge_count; edge++) {
        uint64_t *a = taken + (size_t)edges[2 * edge] * WORDS;
        uint64_t *b = taken + (size_t)edges[2 * edge + 1] * WORDS;
        int found = first_free(a, b);
        if (found == COLOURS_MAX)
            return COLOURS_MAX + 1;
        a[found / 64] |= (uint64_t)1 << found % 64;
        b[found / 64] |= (uint64_t)1 << found % 64;
        colour[edge] = (uint8_t)found;
        if (found >= colours)
            colours = found + 1;
    }
    return colours;
}

/* Counting sort by (colour, tile of the lower end, tile of the upper end). */
static int sort_pairs(const uint32_t *edges, size_t edge_count, size_t tiles, int colours,
                      const uint8_t *colour, uint32_t *pairs, int64_t *first)
{
    size_t cells = tiles * tiles, total = 0;
    size_t *at = calloc((size_t)colours * cells + 1, sizeof *at);
    if (!at)
        return -1;
    for (int turn = 0; turn < 2; turn++) {
        for (size_t edge = 0; edge < edge_count; edge++) {
            uint32_t a = edges[2 * edge], b = edges[2 * edge + 1];
            uint32_t low = a < b ? a : b, high = a < b ? b : a;
            size_t cell = ((size_t)colour[edge] * tiles + (low >> TILE_LOG)) * tiles +
                          (high >> TILE_LOG);
            if (turn) {
                pairs[2 * at[cell]] = low;
                pairs[2 * at[cell] + 1] = high;
            }
            at[cell]++;
        }
        for (size_t cell = 0; !turn && cell < (size_t)colours * cells; cell++) {
            size_t count = at[cell];
            at[cell] = total;
            if (cell % cells == 0)
                first[cell / cells] = (int64_t)total;
            total += count;
        }
    }
    first[colours] = (int64_t)edge_count;
    free(at);
    return 0;
}

long matchings_make(const uint32_t *edges, size_t edge_count, size_t agents, uint32_t *pairs,
                    int64_t *first, size_t first_max)
{
    uint64_t *taken = calloc(agents * WORDS, sizeof *taken);
    uint8_t *colour = malloc(edge_count + 1);
    size_t tiles = (agents >> TILE_LOG) + 1;
    long made = -1;
    if (taken && colour) {
        made = colour_edges(edges, edge_count, taken, colour);
        if ((size_t)made > first_max)
            made = 0;
        else if (sort_pairs(edges, edge_count, tiles, (int)made, colour, pairs, first))
            made = -1;
    }
    free(taken);
    free(colour);
    return made;
}

/* Steele, Lea and Flood 2014, the mixer of SplitMix: one word of coins for 64 pairs. */
static uint64_t coins_of(uint64_t seed, uint64_t round, uint64_t word)
{
    uint64_t z = seed + 0x9E3779B97F4A7C15u * (round * 0x100000001u + word + 1);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void exchange(int32_t *values, const uint32_t *pairs, size_t first, size_t last,
                     uint64_t seed, uint64_t round)
{
    for (size_t start = first; start < last; start += COINS) {
        size_t end = last - start < COINS ? last : start + COINS;
        uint64_t coins = coins_of(seed, round, start / COINS);
        for (size_t pair = start; pair < end; pair++, coins >>= 1) {
            uint32_t a = pairs[2 * pair], b = pairs[2 * pair + 1];
            int32_t sum = values[a] + values[b];
            int32_t half = (sum >> 1) + (sum & (int32_t)(coins & 1));
            values[a] = half;
            values[b] = sum - half;
        }
    }
}

struct job {
    const struct matchings *matchings;
    int32_t *values;
    size_t start, rounds;
    uint64_t seed;
};

static void work(void *argument, int member, struct team *team)
{
    const struct job *job = argument;
    for (size_t round = job->start; round < job->start + job->rounds; round++) {
        size_t number = round % job->matchings->count, first, last;
        int64_t begin = job->matchings->first[number];
        size_t count = (size_t)(job->matchings->first[number + 1] - begin);
        team_part(count, COINS, member, team_size(team), &first, &last);
        exchange(job->values, job->matchings->pairs + 2 * begin, first, last, job->seed, round);
        team_wait(team);
    }
}

int matchings_run(const struct matchings *matchings, int32_t *values, size_t start, size_t rounds,
                  uint64_t seed, int threads)
{
    struct job job = {matchings, values, start, rounds, seed};
    return team_run(work, &job, threads);
}
