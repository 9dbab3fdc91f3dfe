/* Sixteen fleets of whole nodes in synchronous rounds, with faults; what Machine does, in lanes.
 *
 * Every number is a row of lanes; the columns of a node, of a directed edge (a node and one of its
 * slots) or of a kept frame stand side by side, so that they share pages and cache lines. All lanes
 * of a fleet share graph, mode, rule, F and periods; all else is a lane's own.
 */
#ifndef QUELEA_ENGINE_H
#define QUELEA_ENGINE_H

#include "vector.h"

enum { DEPTH = 16, SLOTS_MAX = 32, EPOCHS = 64 };
enum rule { MEAN, TRIMMED_MEAN, WMSR, MIDPOINT, MEDIAN, TRIM_AND_CLIP, CLIPPED_WMSR };

/* columns of a node */
enum {
    N_VALUE, N_INPUT, N_SETTLED, N_EPOCH, N_ROUNDS, N_HELD, N_RESTARTED, N_BEGUN, N_LOST,
    N_IN_STEP, N_SEQ, N_SESSION, N_DEMAND, N_DOWN, N_PAUSED, N_LIE, N_AWAY, N_WAITS,
    N_FRAMES_IN, N_BAD_SHORT, N_BAD_VERSION, N_BAD_LENGTH, N_BAD_CRC, N_BAD_SENDER, N_SESSION_OLD, N_STALE, N_DUPLICATE, N_EQUIVOCATION, N_ACCEPTED, N_CLAMPED,
    N_ROUNDS_DONE, N_HELD_DONE, N_LATE, N_EPOCH_JUMPS, NODE_COLUMNS
};
/* columns of a directed edge: what a node knows of one neighbour */
enum {
    E_LIVE, E_SESSION, E_SEQ, E_EPOCH, E_VALUE, E_HEARD, E_SUSPICION,
    E_FLOW, E_TURN, E_RESIDUE, E_PEER_TURN, E_PEER_Q, EDGE_COLUMNS
};
/* what a frame shows; kept for DEPTH rounds */
enum { H_VALID, H_SESSION, H_EPOCH, H_SEQ, H_VALUE, H_LOW, H_HIGH, HEAD_COLUMNS };
enum { F_FLOW, F_TURN, F_RESIDUE, FLOW_COLUMNS };
/* draws of a lane: thresholds of 1/256, those of crash and pause of 1/65536; the first epoch */
enum { D_KEY, D_LOSS, D_LATE, D_EXTRA, D_DAMAGE, D_CRASH, D_PAUSE, D_EPOCH, DRAW_COLUMNS };
/* what is broken, as bits: see lanes.BROKEN for what each says */
enum {
    BROKEN_HULL = 1, BROKEN_SUM = 2, BROKEN_WIDE = 4, BROKEN_EPOCH = 8, BROKEN_NARROWING = 16,
    BROKEN_FEW = 32, BROKEN_ORDER = 64, BROKEN_AGE = 128
};
/* what has happened, counted by lane */
enum {
    S_LOSS, S_LATE, S_CLOG, S_EXTRA, S_DAMAGE, S_FUTURE, S_FORGED, S_CUT, S_UNSENT, S_CRASH,
    S_BOOT, S_PAUSE, S_LIE, S_JUMP, S_HELD, S_REFUSED, S_NODE_ROUNDS, SEEN_COLUMNS
};
/* errors that can be planted, to see them found: plants.py says what each is */
enum {
    SOUND, P_FLOOR, P_NO_CLAMP, P_OWN_LEFT_OUT, P_TRIM_BY_RECEIVED, P_TRIM_ONE_SIDE,
    P_STALE_TAKEN, P_WRAP_IGNORED, P_SESSION_KEPT, P_NEVER_OLD, P_EPOCH_BY_ONE, P_OTHER_EPOCHS,
    P_INPUT_DRIFTS, P_FLOW_SIGN, P_CREDIT_TWICE, P_RESIDUE_DROPPED, P_OUT_OF_TURN, P_INPUT_IGNORED,
    PLANTS
};
#define PLANTED(what) __builtin_expect(f->plant == (what), 0)

struct fleet {
    int nodes, edges, exact, rule, faults, epoch_rounds, fresh_rounds, plant;
    int32_t lo, hi;
    const int32_t *starts, *others, *back; /* back: the edge that leads the other way */
    const int32_t *pairs;                  /* comparators by count of values, see sorted() */
    const int32_t *pair_starts;
    v *node, *edge; /* [node or edge][column] */
    v *head, *flow; /* [DEPTH][node or edge][column] */
    v *draw;                      /* [DRAW_COLUMNS] */
    v *demand;                    /* [nodes]: taken when N_DEMAND is to change */
    const v *side;                /* [nodes]: 0 or -1, who is on which side of the partition */
    const v *cuts;                /* [3]: lanes cut in two, those cut one way, those that flap */
    const v *clog;                /* [nodes]: 0 or -1, whose frames all come late */
    v *hull_low, *hull_high;      /* [EPOCHS] */
    v *seen;                      /* [SEEN_COLUMNS] */
    v *broken;                    /* [3]: bits, the first round, the first node */
    v *spread;                    /* [2]: the least spread of honest values in one epoch, and how
                                     far honest epochs have come since D_EPOCH */
};

/* widest: 0 portable, 1 up to AVX2, 2 up to AVX-512, as far as this machine has them. */
void engine_round(struct fleet *fleet, int round, int widest);

#endif
