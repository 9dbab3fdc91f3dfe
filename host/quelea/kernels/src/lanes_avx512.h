/* AVX-512: sixteen 32-bit lanes; keys are compared as floats, on two units instead of one. */
#include <immintrin.h>
typedef __m512i vint;
typedef __m512 vkey;
typedef __mmask16 vmask;
enum { W = 16 };

static inline vkey key_load(const int32_t *from) { return _mm512_loadu_ps(from); }
static inline void int_store(int32_t *to, vint v) { _mm512_storeu_si512(to, v); }
static inline void key_store(int32_t *to, vkey v) { _mm512_storeu_ps(to, v); }
static inline vint key_int(vkey v) { return _mm512_castps_si512(v); }
static inline vkey int_key(vint v) { return _mm512_castsi512_ps(v); }
static inline vint int_all(uint32_t x) { return _mm512_set1_epi32((int32_t)x); }
static inline vmask int_less(vint a, vint b) { return _mm512_cmplt_epi32_mask(a, b); }
static inline vint int_min(vint a, vint b) { return _mm512_min_epi32(a, b); }
static inline vint int_max(vint a, vint b) { return _mm512_max_epi32(a, b); }
static inline vkey key_min(vkey a, vkey b) { return _mm512_min_ps(a, b); }
static inline vkey key_max(vkey a, vkey b) { return _mm512_max_ps(a, b); }
static inline void key_order(vkey *low, vkey *high)
{
    vkey smaller = key_min(*low, *high);
    *high = key_max(*low, *high);
    *low = smaller;
}
static inline vint int_add(vint a, vint b) { return _mm512_add_epi32(a, b); }
static inline vint int_sub(vint a, vint b) { return _mm512_sub_epi32(a, b); }
static inline vint int_xor(vint a, vint b) { return _mm512_xor_si512(a, b); }
static inline vint int_add_where(vint sum, vmask mask, vint x)
{
    return _mm512_mask_add_epi32(sum, mask, sum, x);
}
static inline vint int_sub_where(vint sum, vmask mask, vint x)
{
    return _mm512_mask_sub_epi32(sum, mask, sum, x);
}
static inline vint int_add_unless(vint sum, vmask mask, vint x)
{
    return _mm512_mask_add_epi32(sum, (vmask)~mask, sum, x);
}
static inline vint int_right(vint v, vint by) { return _mm512_srlv_epi32(v, by); }
static inline vint int_sign(vint v) { return _mm512_srai_epi32(v, 31); }
static inline vint int_halve(vint v) { return _mm512_srli_epi32(v, 1); }
static inline vint int_high(vint a, vint b)
{
    vint even = _mm512_mul_epu32(a, b);
    vint odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
    return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
}
static inline vint int_lookup(const uint32_t *table, vint index)
{
    return _mm512_i32gather_epi32(index, (const int *)table, 4);
}
static inline vint int_lookup16(const uint32_t *table, vint index)
{
    return _mm512_permutexvar_epi32(index, _mm512_loadu_si512(table));
}
static inline vint int_gather_32(const int32_t *state, vint index)
{
    return _mm512_i32gather_epi32(index, state, 4);
}
/* Reads four bytes for two: the state has room for two more at its end. */
static inline vint int_gather_half(const uint16_t *state, vint index)
{
    vint wide = _mm512_i32gather_epi32(index, state, 2);
    return _mm512_and_si512(wide, _mm512_set1_epi32(0xFFFF));
}
static inline vint int_load_half(const uint16_t *from)
{
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
}
static inline void int_store_half(uint16_t *to, vint v)
{
    _mm256_storeu_si256((__m256i *)to, _mm512_cvtepi32_epi16(v));
}
