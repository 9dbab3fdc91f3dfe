/* Values to keys and back for any count; gathering for counts that are multiples of 16. */

/* Whole vectors, then what is left one by one. */
#define MOVE(name, from_type, to_type, vector, single)                           \
    static void name(const from_type *from, to_type *to, size_t count)           \
    {                                                                            \
        size_t i = 0;                                                            \
        for (; i + W <= count; i += W)                                           \
            vector;                                                              \
        for (; i < count; i++)                                                   \
            to[i] = (to_type)(single);                                           \
    }
#define LOAD_32(at) key_int(key_load(at))
MOVE(key_from_32, int32_t, int32_t,
     int_store(to + i, int_add(LOAD_32(from + i), int_all(KEY_BIAS))),
     (uint32_t)from[i] + KEY_BIAS)
MOVE(key_to_32, int32_t, int32_t,
     int_store(to + i, int_sub(LOAD_32(from + i), int_all(KEY_BIAS))),
     (uint32_t)from[i] - KEY_BIAS)
MOVE(key_from_half, uint16_t, int32_t,
     int_store(to + i, int_add(int_load_half(from + i), int_all(KEY_BIAS))),
     from[i] + KEY_BIAS)
/* The low half of a key is that of its value, or of its value + 2^15. */
MOVE(key_to_half, int32_t, uint16_t, int_store_half(to + i, LOAD_32(from + i)), from[i])
#undef LOAD_32
#undef MOVE

static void key_from_16(const int16_t *from, int32_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[i] + KEY_BIAS;
}

static void key_to_16(const int32_t *from, int16_t *to, size_t count)
{
    key_to_half(from, (uint16_t *)to, count);
}

static void gather_32(const int32_t *state, const uint32_t *index, int32_t *to, size_t count)
{
    for (size_t i = 0; i < count; i += W) {
        vint at = key_int(key_load((const int32_t *)index + i));
        int_store(to + i, int_gather_32(state, at));
    }
}

static void gather_half(const uint16_t *state, const uint32_t *index, int32_t *to, size_t count)
{
    for (size_t i = 0; i < count; i += W) {
        vint at = key_int(key_load((const int32_t *)index + i));
        int_store(to + i, int_add(int_gather_half(state, at), int_all(KEY_BIAS)));
    }
}

static void tile_32(const int32_t *state, const uint16_t *index, int32_t *to, size_t count)
{
    for (size_t i = 0; i < count; i += W)
        int_store(to + i, int_gather_32(state, int_load_half(index + i)));
}

static void tile_half(const uint16_t *state, const uint16_t *index, uint16_t *to, size_t count)
{
    for (size_t i = 0; i < count; i += W)
        int_store_half(to + i, int_gather_half(state, int_load_half(index + i)));
}

static void tile_half_key(const uint16_t *state, const uint16_t *index, int32_t *to, size_t count)
{
    for (size_t i = 0; i < count; i += W) {
        vint low = int_gather_half(state, int_load_half(index + i));
        int_store(to + i, int_add(low, int_all(KEY_BIAS)));
    }
}

static void add_64(const int64_t *a, const int64_t *b, int64_t *restrict sum, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] = a[i] + b[i];
}
