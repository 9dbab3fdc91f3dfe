/* Rounds one after the other, on one or more threads. */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

struct job {
    const struct fleet *fleet;
    size_t rounds, unit;
    round_fn round;
    int32_t **scratch; /* one a member */
};

static size_t scratch_bytes(const struct fleet *fleet)
{
    size_t bytes = (fleet->degree + 1) * GROUP * sizeof(int32_t);
    if (fleet->graph == GRAPH_STRIPED)
        return striped_scratch();
    if (fleet->graph == GRAPH_LANES)
        return 64;
    if (fleet->graph == GRAPH_TILED) {
        const struct tiles *tiles = fleet->tiles;
        bytes += tiles->block_count * tiles->block_values * (size_t)fleet->width;
    }
    return bytes + 64;
}

static void keep_held(const struct fleet *fleet, const char *from, char *to, size_t first,
                      size_t last)
{
    size_t bytes = (size_t)fleet->width * (fleet->graph == GRAPH_LANES ? fleet->lanes : 1);
    for (size_t i = 0; i < fleet->held_count; i++) {
        size_t agent = fleet->held[i];
        if (agent >= first && agent < last)
            memcpy(to + agent * bytes, from + agent * bytes, bytes);
    }
}

/* The number of changes of state that `rounds` take: several rounds at once are one change. */
static size_t changes(const struct fleet *fleet, size_t rounds, size_t *at_once)
{
    *at_once = fleet->graph == GRAPH_STRIPED ? striped_rounds(fleet, rounds) : 1;
    return (rounds + *at_once - 1) / *at_once;
}

static void work(void *argument, int member, struct team *team)
{
    struct job *job = argument;
    const struct fleet *fleet = job->fleet;
    size_t first, last, at_once, left = job->rounds;
    size_t count = changes(fleet, left, &at_once);
    int32_t *scratch = job->scratch[member];
    team_part(fleet->agents, job->unit, member, team_size(team), &first, &last);
    for (size_t change = 0; change < count; change++) {
        const void *from = fleet->state[change & 1];
        void *to = fleet->state[~change & 1];
        size_t rounds = left < at_once ? left : at_once;
        if (fleet->graph == GRAPH_STRIPED)
            striped_run(fleet, from, to, first, last, rounds, scratch);
        else
            job->round(fleet, from, to, first, last, scratch);
        keep_held(fleet, from, to, first, last);
        left -= rounds;
        team_wait(team);
    }
}

int fleet_run(const struct fleet *fleet, size_t rounds, int threads, int *members)
{
    static const round_fn round_of[] = {round_table, round_tiled, round_circulant, NULL,
                                         round_lanes};
    int32_t *scratch[TEAM_MAX] = {NULL};
    size_t at_once, count = changes(fleet, rounds, &at_once);
    struct job job = {fleet, rounds, GROUP, round_of[fleet->graph], scratch};
    int enough = 1;
    if (fleet->graph == GRAPH_TILED)
        job.unit = fleet->tiles->zone_agents;
    if (threads > TEAM_MAX)
        threads = TEAM_MAX;
    for (int member = 0; member < threads; member++) {
        scratch[member] = aligned_alloc(64, (scratch_bytes(fleet) + 63) / 64 * 64);
        enough = enough && scratch[member];
    }
    if (enough)
        *members = team_run(work, &job, threads);
    for (int member = 0; member < threads; member++)
        free(scratch[member]);
    return enough ? (int)(count & 1) : -1;
}
