/* The rounds with AVX2. */
#if defined(__x86_64__)
#pragma GCC target("avx2,fma")
#define ENGINE_ROUND engine_round_avx2
#include "set.h"
#endif
