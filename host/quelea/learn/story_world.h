/* The world of the story for many instances at once; story_world.c has the reasons. */
#ifndef QUELEA_STORY_WORLD_H
#define QUELEA_STORY_WORLD_H

#include <stddef.h>
#include <stdint.h>

enum {
    SERVERS = 8,
    ALLOWED = 4,
    SLOTS = 4, /* neighbours */
    AGENTS_MAX = 64,
    SEEN_ROUNDS = 8,
    FEATURES = 11,
    COLUMNS = ALLOWED * FEATURES + 3,
    SERVER_COLUMNS = 3,
    AGENT_COLUMNS = 2 + SERVERS,
};

enum lie { LIE_RANDOM, LIE_EMPTY, LIE_FULL, LIE_FLIP, LIE_CROWD, LIE_SLY };

typedef struct {
    uint32_t a, b;
} draws;

typedef struct {
    int32_t load_q[SERVERS];
    int32_t age[SERVERS];
} row;

typedef struct {
    /* rumours: by slot, the last is the node's own sight */
    int32_t stamp[SLOTS + 1][SERVERS];
    int32_t load_q[SLOTS + 1][SERVERS];
    int32_t suspicion[SLOTS];
    int32_t expiry;
    int32_t known_q[SERVERS]; /* believed at the beginning of the round */
    int32_t known[SERVERS];   /* and of which round that is */
    int32_t sight; /* the server that is seen, -1 before the first answer */
    int32_t since;
    int32_t seen_q[SEEN_ROUNDS];
    /* chooser */
    draws draws;
    int32_t demand_q;
    int32_t at;
    int32_t server;
    int32_t load_seen_q;
    int32_t held_q; /* lease; also what the server last granted */
    int32_t quiet;
    int32_t wait;
    int32_t said_q;
    uint8_t allowed[ALLOWED];
    uint8_t neighbours[SLOTS]; /* indices */
    uint8_t slot_there[SLOTS]; /* this agent's slot at each neighbour */
    uint8_t lying;
    /* what the features remember */
    int32_t rest;
    int32_t moves;
    /* the server's side of the lease */
    int32_t ask_q;
    int32_t reserve_q;
    int32_t granted_q;
    /* of the round */
    int32_t sent_q;
    int32_t served_q;
    int32_t moved;
} agent;

typedef struct {
    int32_t count; /* agents */
    int32_t rounds;
    int32_t throttled, checked, adaptive;
    int32_t lie, lies; /* lies: whether anybody does */
    int32_t kappa_percent;
    int32_t claim_q_max;
    int32_t loss_of_32768;
    int32_t capacities_q[SERVERS];
    int32_t largest_q;
    draws draws;
    int32_t asked_q[SERVERS];
    int32_t reserved_q[SERVERS];
    int32_t loads_q[SERVERS];
    int32_t goodput_q, overloaded, overasked, messages, moves;
    uint8_t order[AGENTS_MAX];
    agent agents[AGENTS_MAX];
} world;

/* Begin: what is not given here is zero; agents get allowed and neighbours before. */
void world_begin(world *w, uint32_t seed, uint32_t world_lane);
/* Do a round; actions: by agent, below ALLOWED; NULL: the first round, everybody stays. */
void world_round(world *w, const uint8_t *actions);
void world_observe(const world *w, uint8_t *out);
void world_state(const world *w, uint8_t *out);
void world_points(const world *w, int32_t *out);

#endif
