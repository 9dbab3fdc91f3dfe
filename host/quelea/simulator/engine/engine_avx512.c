/* The rounds with AVX512. */
#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,fma")
#define ENGINE_ROUND engine_round_avx512
#include "set.h"
#endif
