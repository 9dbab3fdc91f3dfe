/* Which instruction set does the rounds: the widest that this machine has. */
#include "engine.h"

void engine_round_portable(struct fleet *, int);
void engine_round_avx2(struct fleet *, int);
void engine_round_avx512(struct fleet *, int);

void engine_round(struct fleet *fleet, int round, int widest)
{
#if defined(__x86_64__)
    if (widest >= 2 && __builtin_cpu_supports("avx512f")) {
        engine_round_avx512(fleet, round);
        return;
    }
    if (widest >= 1 && __builtin_cpu_supports("avx2")) {
        engine_round_avx2(fleet, round);
        return;
    }
#endif
    engine_round_portable(fleet, round);
}
