/* The kernels for AVX-512 (F, BW, DQ, VL: all servers since 2017), in a build for any x86-64. */
#include "kernel.h"
#if defined(__x86_64__) && defined(__GNUC__) && __GNUC__ >= 9 && !defined(__clang__) && \
    !defined(QUELEA_NO_AVX512)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,bmi2")
#include "lanes_avx512.h"
#define ISA_STRUCT isa_avx512
#define ISA_NAME "avx512"
#define ISA_FUSES_VALUES /* or the making of keys costs as much as the rule */
#define ISA_STORAGE static const
#include "isa.h"
const struct isa *const quelea_isa_avx512 = &isa_avx512;
#else
const struct isa *const quelea_isa_avx512 = NULL;
#endif
