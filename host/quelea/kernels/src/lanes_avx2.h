/* AVX2: eight 32-bit lanes, two units for the minimum of integers. */
#include <immintrin.h>
typedef __m256i vint;
typedef __m256i vkey;
typedef __m256i vmask; /* -1 where true */
enum { W = 8 };

static inline vkey key_load(const int32_t *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}
static inline void int_store(int32_t *to, vint v) { _mm256_storeu_si256((__m256i *)to, v); }
static inline void key_store(int32_t *to, vkey v) { int_store(to, v); }
static inline vint key_int(vkey v) { return v; }
static inline vkey int_key(vint v) { return v; }
static inline vint int_all(uint32_t x) { return _mm256_set1_epi32((int32_t)x); }
static inline vmask int_less(vint a, vint b) { return _mm256_cmpgt_epi32(b, a); }
static inline vint int_min(vint a, vint b) { return _mm256_min_epi32(a, b); }
static inline vint int_max(vint a, vint b) { return _mm256_max_epi32(a, b); }
static inline vkey key_min(vkey a, vkey b) { return int_min(a, b); }
static inline vkey key_max(vkey a, vkey b) { return int_max(a, b); }
static inline void key_order(vkey *low, vkey *high)
{
    vkey smaller = key_min(*low, *high);
    *high = key_max(*low, *high);
    *low = smaller;
}
static inline vint int_add(vint a, vint b) { return _mm256_add_epi32(a, b); }
static inline vint int_sub(vint a, vint b) { return _mm256_sub_epi32(a, b); }
static inline vint int_xor(vint a, vint b) { return _mm256_xor_si256(a, b); }
static inline vint int_add_where(vint sum, vmask mask, vint x)
{
    return int_add(sum, _mm256_and_si256(mask, x));
}
static inline vint int_sub_where(vint sum, vmask mask, vint x)
{
    return int_sub(sum, _mm256_and_si256(mask, x));
}
static inline vint int_add_unless(vint sum, vmask mask, vint x)
{
    return int_add(sum, _mm256_andnot_si256(mask, x));
}
static inline vint int_right(vint v, vint by) { return _mm256_srlv_epi32(v, by); }
static inline vint int_sign(vint v) { return _mm256_srai_epi32(v, 31); }
static inline vint int_halve(vint v) { return _mm256_srli_epi32(v, 1); }
static inline vint int_high(vint a, vint b)
{
    vint even = _mm256_mul_epu32(a, b);
    vint odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
}
static inline vint int_lookup(const uint32_t *table, vint index)
{
    return _mm256_i32gather_epi32((const int *)table, index, 4);
}
static inline vint int_lookup16(const uint32_t *table, vint index)
{
    return int_lookup(table, index);
}
static inline vint int_gather_32(const int32_t *state, vint index)
{
    return _mm256_i32gather_epi32((const int *)state, index, 4);
}
/* Reads four bytes for two: the state has room for two more at its end. */
static inline vint int_gather_half(const uint16_t *state, vint index)
{
    vint wide = _mm256_i32gather_epi32((const int *)state, index, 2);
    return _mm256_and_si256(wide, _mm256_set1_epi32(0xFFFF));
}
static inline vint int_load_half(const uint16_t *from)
{
    return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)from));
}
static inline void int_store_half(uint16_t *to, vint v)
{
    vint low = _mm256_and_si256(v, _mm256_set1_epi32(0xFFFF));
    vint packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, low), 0x08);
    _mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(packed));
}
