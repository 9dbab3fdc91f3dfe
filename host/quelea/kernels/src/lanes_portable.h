/* Vectors of four 32-bit lanes in the compiler's own notation: any processor. */
#if defined(__aarch64__)
#include <arm_neon.h>
#endif
typedef int32_t vint __attribute__((vector_size(16)));
typedef uint32_t vuint __attribute__((vector_size(16)));
typedef vint vkey;
typedef vint vmask; /* -1 where true */
enum { W = 4 };

static inline vkey key_load(const int32_t *from)
{
    vkey loaded;
    __builtin_memcpy(&loaded, from, sizeof loaded);
    return loaded;
}
static inline void int_store(int32_t *to, vint v) { __builtin_memcpy(to, &v, sizeof v); }
static inline void key_store(int32_t *to, vkey v) { int_store(to, v); }
static inline vint key_int(vkey v) { return v; }
static inline vkey int_key(vint v) { return v; }
static inline vint int_all(uint32_t x)
{
    int32_t same = (int32_t)x;
    return (vint){same, same, same, same};
}
static inline vint int_choose(vmask mask, vint a, vint b) { return (a & mask) | (b & ~mask); }
static inline vmask int_less(vint a, vint b) { return a < b; }
#if defined(__aarch64__)
static inline vint int_min(vint a, vint b) { return vminq_s32(a, b); }
static inline vint int_max(vint a, vint b) { return vmaxq_s32(a, b); }
#else
static inline vint int_min(vint a, vint b) { return int_choose(a < b, a, b); }
static inline vint int_max(vint a, vint b) { return int_choose(a < b, b, a); }
#endif
static inline vkey key_min(vkey a, vkey b) { return int_min(a, b); }
static inline vkey key_max(vkey a, vkey b) { return int_max(a, b); }
/* Without an instruction for minima: one comparison says which bits change places. */
static inline void key_order(vkey *low, vkey *high)
{
#if defined(__aarch64__)
    vkey smaller = key_min(*low, *high);
    *high = key_max(*low, *high);
    *low = smaller;
#else
    vmask larger = *low > *high;
#if defined(__SSE2__)
    __asm__("" : "+x"(larger)); /* or gcc spends 14 s on simplifying through whole networks */
#endif
    vkey change = (*low ^ *high) & larger;
    *low ^= change;
    *high ^= change;
#endif
}
static inline vint int_add(vint a, vint b) { return (vint)((vuint)a + (vuint)b); }
static inline vint int_sub(vint a, vint b) { return (vint)((vuint)a - (vuint)b); }
static inline vint int_xor(vint a, vint b) { return a ^ b; }
static inline vint int_add_where(vint sum, vmask mask, vint x) { return int_add(sum, x & mask); }
static inline vint int_sub_where(vint sum, vmask mask, vint x) { return int_sub(sum, x & mask); }
static inline vint int_add_unless(vint sum, vmask mask, vint x) { return int_add(sum, x & ~mask); }
static inline vint int_right(vint v, vint by) { return (vint)((vuint)v >> (vuint)by); }
static inline vint int_sign(vint v) { return v >> 31; }
static inline vint int_halve(vint v) { return (vint)((vuint)v >> 1); }
static inline vint int_high(vint a, vint b)
{
    vint high;
    for (int i = 0; i < W; i++)
        high[i] = (int32_t)((uint64_t)(uint32_t)a[i] * (uint32_t)b[i] >> 32);
    return high;
}
static inline vint int_lookup(const uint32_t *table, vint index)
{
    vint found;
    for (int i = 0; i < W; i++)
        found[i] = (int32_t)table[index[i]];
    return found;
}
static inline vint int_lookup16(const uint32_t *table, vint index)
{
    return int_lookup(table, index);
}
static inline vint int_gather_32(const int32_t *state, vint index)
{
    return (vint){state[index[0]], state[index[1]], state[index[2]], state[index[3]]};
}
static inline vint int_gather_half(const uint16_t *state, vint index)
{
    return (vint){state[index[0]], state[index[1]], state[index[2]], state[index[3]]};
}
static inline vint int_load_half(const uint16_t *from)
{
    return (vint){from[0], from[1], from[2], from[3]};
}
static inline void int_store_half(uint16_t *to, vint v)
{
    for (int i = 0; i < W; i++)
        to[i] = (uint16_t)v[i];
}
