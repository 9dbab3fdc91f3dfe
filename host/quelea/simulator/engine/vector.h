/* Sixteen seeds side by side: a vector holds one number of each. Masks are 0 or -1 in each lane.
 *
 * Included once for each instruction set. Plain operators on vectors compile well everywhere; what
 * they cannot say (gathering, quotients, "is any lane set") is said per instruction set here. */
#ifndef QUELEA_ENGINE_VECTOR_H
#define QUELEA_ENGINE_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

enum { LANES = 16 };

typedef int32_t v __attribute__((vector_size(64), aligned(64), may_alias));
typedef uint32_t vu __attribute__((vector_size(64), aligned(64), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define EACH(l) for (int l = 0; l < LANES; l++)

INLINE v all(int32_t x) { return x - (v){0}; }

#if defined(__AVX512F__)

INLINE v pick(v mask, v yes, v no)
{
    return (v)_mm512_ternarylogic_epi32((__m512i)mask, (__m512i)yes, (__m512i)no, 0xca);
}
INLINE v least(v a, v b) { return (v)_mm512_min_epi32((__m512i)a, (__m512i)b); }
INLINE v most(v a, v b) { return (v)_mm512_max_epi32((__m512i)a, (__m512i)b); }
INLINE v size(v a) { return (v)_mm512_abs_epi32((__m512i)a); }
INLINE int any(v mask) { return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0; }
INLINE v gather(const v *rows, v index)
{
    const v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (v)_mm512_i32gather_epi32((__m512i)(index * LANES + lane), rows, 4);
}
INLINE v cut(v a, v b)
{
    __m512i x = (__m512i)a, y = (__m512i)b;
    __m512d low = _mm512_div_pd(_mm512_cvtepi32_pd(_mm512_castsi512_si256(x)),
        _mm512_cvtepi32_pd(_mm512_castsi512_si256(y)));
    __m512d high = _mm512_div_pd(_mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(x, 1)),
        _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(y, 1)));
    __m512i out = _mm512_castsi256_si512(_mm512_cvttpd_epi32(low));
    return (v)_mm512_inserti64x4(out, _mm512_cvttpd_epi32(high), 1);
}

#elif defined(__AVX2__)

typedef int32_t half __attribute__((vector_size(32), may_alias));
typedef union {
    v whole;
    half part[2];
} halves;

INLINE v pick(v mask, v yes, v no) { return (mask & yes) | (~mask & no); }
#define BY_HALVES(name, intrinsic)                                                              \
    INLINE v name(v a, v b)                                                                     \
    {                                                                                           \
        halves x = {.whole = a}, y = {.whole = b};                                              \
        for (int i = 0; i < 2; i++)                                                             \
            x.part[i] = (half)intrinsic((__m256i)x.part[i], (__m256i)y.part[i]);                \
        return x.whole;                                                                         \
    }
BY_HALVES(least, _mm256_min_epi32)
BY_HALVES(most, _mm256_max_epi32)
INLINE v size(v a) { return most(a, -a); }
INLINE int any(v mask)
{
    halves x = {.whole = mask};
    __m256i both = (__m256i)(x.part[0] | x.part[1]);
    return !_mm256_testz_si256(both, both);
}
INLINE v gather(const v *rows, v index)
{
    const v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    halves x = {.whole = index * LANES + lane};
    for (int i = 0; i < 2; i++)
        x.part[i] = (half)_mm256_i32gather_epi32((const int *)rows, (__m256i)x.part[i], 4);
    return x.whole;
}
INLINE v cut(v a, v b)
{
    __m128i *x = (__m128i *)&a, *y = (__m128i *)&b, out[4];
    for (int i = 0; i < 4; i++)
        out[i] = _mm256_cvttpd_epi32(_mm256_div_pd(_mm256_cvtepi32_pd(x[i]), _mm256_cvtepi32_pd(y[i])));
    v joined;
    __builtin_memcpy(&joined, out, sizeof joined);
    return joined;
}

#else

INLINE v pick(v mask, v yes, v no) { return (mask & yes) | (~mask & no); }
INLINE v least(v a, v b) { return pick(a < b, a, b); }
INLINE v most(v a, v b) { return pick(a > b, a, b); }
INLINE v size(v a) { return most(a, -a); }
INLINE int any(v mask)
{
    int32_t found = 0;
    EACH(l) found |= mask[l];
    return found != 0;
}
INLINE v gather(const v *rows, v index)
{
    const int32_t *numbers = (const int32_t *)rows;
    int32_t out[LANES] __attribute__((aligned(64)));
    EACH(l) out[l] = numbers[(size_t)index[l] * LANES + l];
    return *(v *)out;
}
INLINE v cut(v a, v b)
{
    int32_t out[LANES] __attribute__((aligned(64)));
    EACH(l) out[l] = a[l] / b[l];
    return *(v *)out;
}

#endif

/* gather: rows[index[l]][l], each lane from a row of its own. cut: quotients cut toward zero, for
 * |a| < 2^30 and 0 < b < 2^11: a double holds both, and a quotient that is no integer is at least
 * 2^-11 away from one, so its rounding never reaches it. */

/* later - earlier on the ring of 2^16, in -2^15 .. 2^15 - 1. */
INLINE v ring(v later, v earlier) { return ((later - earlier + 32768) & 65535) - 32768; }

/* Floor of a / b, b > 0. */
INLINE v floored(v a, v b)
{
    v q = cut(a, b);
    return q + (a - q * b < 0); /* the mask is -1 */
}

INLINE v half_up(v total, v count) { return floored(total + (count >> 1), count); }

/* Shifts and odd multipliers: every bit of x reaches every bit of the draw. draws.py has the same
 * on Python integers. */
INLINE vu mixed(vu x)
{
    x = (x ^ (x >> 16)) * 0x9e3779b1u;
    x = (x ^ (x >> 15)) * 0x85ebca77u;
    return x ^ (x >> 16);
}

#endif
