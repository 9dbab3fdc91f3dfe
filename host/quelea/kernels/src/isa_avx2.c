/* The kernels for AVX2, in a build for any x86-64. */
#include "kernel.h"
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(QUELEA_NO_AVX2)
#pragma GCC target("avx2,bmi2")
#include "lanes_avx2.h"
#define ISA_STRUCT isa_avx2
#define ISA_NAME "avx2"
#define ISA_STORAGE static const
#include "isa.h"
const struct isa *const quelea_isa_avx2 = &isa_avx2;
#else
const struct isa *const quelea_isa_avx2 = NULL;
#endif
