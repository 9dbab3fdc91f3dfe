/* One agent at a time: ranks by counting, no branch on the data. Included for each ISA.
 *
 * The rank of a value is the number of smaller ones; (value, index) in one word makes all
 * different. n values cost n * n / W comparisons, which for n <= 127 beats any sort of one list.
 * values[0..count-1] are the received ones, values[count] is the own.
 */

enum { ONE_ROOM = 144 }; /* VALUES_MAX and a vector of padding */

static int32_t floor_div(int32_t total, int32_t divisor)
{
    int32_t quotient = total / divisor;
    return quotient - (total % divisor < 0);
}

static void rank_all(const int32_t *values, int count, int32_t *ranks)
{
    int32_t words[ONE_ROOM] __attribute__((aligned(64)));
    int padded = (count + W - 1) / W * W;
    for (int i = 0; i < count; i++)
        words[i] = values[i] * 128 + i;
    for (int i = count; i < padded; i++)
        words[i] = INT32_MAX; /* rank count: in no range of ranks */
    for (int i = 0; i < padded; i += W) {
        vint word = key_int(key_load(words + i)), rank = int_all(0), one = int_all(1);
        for (int j = 0; j < count; j++)
            rank = int_add_where(rank, int_less(int_all((uint32_t)words[j]), word), one);
        int_store(ranks + i, rank);
    }
}

static int32_t add_lanes(vint sum)
{
    int32_t lanes[W] __attribute__((aligned(64))), total = 0;
    int_store(lanes, sum);
    for (int i = 0; i < W; i++)
        total += lanes[i];
    return total;
}

/* The sum of the values with ranks first..last-1. */
static int32_t sum_between(const int32_t *values, const int32_t *ranks, int count, int first,
                           int last)
{
    vint sum = int_all(0);
    for (int i = 0; i < count; i += W) {
        vint rank = key_int(key_load(ranks + i)), value = key_int(key_load(values + i));
        vint inside = int_add_unless(int_all(0), int_less(rank, int_all((uint32_t)first)), value);
        sum = int_add_where(sum, int_less(rank, int_all((uint32_t)last)), inside);
    }
    return add_lanes(sum);
}

static int32_t one_mean(const int32_t *values, int count, int faults)
{
    int32_t total = 0;
    (void)faults;
    for (int i = 0; i <= count; i++)
        total += values[i];
    return floor_div(total + ((count + 1) >> 1), count + 1);
}

static int32_t one_trim(const int32_t *values, int count, int faults)
{
    int32_t ranks[ONE_ROOM] __attribute__((aligned(64)));
    int all = count + 1, kept = all - 2 * faults;
    rank_all(values, all, ranks);
    return floor_div(sum_between(values, ranks, all, faults, all - faults) + (kept >> 1), kept);
}

static int32_t one_pair(const int32_t *values, int all, int low, int high)
{
    int32_t ranks[ONE_ROOM] __attribute__((aligned(64)));
    rank_all(values, all, ranks);
    int32_t sum = sum_between(values, ranks, all, low, low + 1);
    return floor_div(sum + sum_between(values, ranks, all, high, high + 1) + 1, 2);
}

static int32_t one_midpoint(const int32_t *values, int count, int faults)
{
    return one_pair(values, count + 1, faults, count - faults);
}

static int32_t one_median(const int32_t *values, int count, int faults)
{
    (void)faults;
    return one_pair(values, count + 1, count >> 1, (count + 1) >> 1);
}

static int32_t one_wmsr(const int32_t *values, int count, int faults)
{
    int32_t ranks[ONE_ROOM] __attribute__((aligned(64)));
    vint own = int_all((uint32_t)values[count]), one = int_all(1);
    vint low = int_all((uint32_t)faults), high = int_all((uint32_t)(count - faults - 1));
    vint gone = int_all(0), dropped = int_all(0), none = int_all(0);
    rank_all(values, count, ranks);
    for (int i = 0; i < count; i += W) {
        vint rank = key_int(key_load(ranks + i)), value = key_int(key_load(values + i));
        vmask outside = int_less(rank, int_all((uint32_t)count));
        vmask under = int_less(rank, low) & int_less(value, own) & outside;
        vmask over = int_less(high, rank) & int_less(own, value) & outside;
        gone = int_add_where(gone, under | over, value);
        dropped = int_add_where(dropped, under | over, one);
        none = int_add_where(none, outside, value);
    }
    int kept = count + 1 - add_lanes(dropped);
    int32_t total = values[count] + add_lanes(none) - add_lanes(gone);
    return floor_div(total + (kept >> 1), kept);
}

/* Fill `apart` with the differences to the own value, clipped, and `ranks` with the values' ranks. */
static void clip_and_rank(const int32_t *values, int count, int faults, int32_t *apart,
                          int32_t *ranks)
{
    int32_t own = values[count], nearest = count - 2 * faults;
    for (int i = 0; i < count; i++)
        apart[i] = values[i] < own ? own - values[i] : values[i] - own;
    rank_all(apart, count, ranks);
    int32_t tau = sum_between(apart, ranks, count, nearest - 1, nearest);
    for (int i = 0; i < count; i++) {
        int32_t moved = values[i] - own;
        apart[i] = moved < -tau ? -tau : moved > tau ? tau : moved;
    }
    rank_all(values, count, ranks);
}

static int32_t one_clip(const int32_t *values, int count, int faults)
{
    int32_t ranks[ONE_ROOM] __attribute__((aligned(64)));
    int32_t apart[ONE_ROOM] __attribute__((aligned(64))) = {0};
    int32_t own = values[count], nearest = count - 2 * faults, total = (nearest + 1) >> 1;
    clip_and_rank(values, count, faults, apart, ranks);
    return own + floor_div(total + sum_between(apart, ranks, count, faults, count - faults),
                           nearest + 1);
}

static int32_t one_clipped_wmsr(const int32_t *values, int count, int faults)
{
    int32_t ranks[ONE_ROOM] __attribute__((aligned(64)));
    int32_t apart[ONE_ROOM] __attribute__((aligned(64))) = {0};
    int32_t own = values[count], total = 0, kept = 1;
    clip_and_rank(values, count, faults, apart, ranks);
    for (int i = 0; i < count; i++) {
        int dropped = (ranks[i] < faults && values[i] < own) ||
                      (ranks[i] >= count - faults && values[i] > own);
        total += dropped ? 0 : apart[i];
        kept += !dropped;
    }
    return own + floor_div(total + (kept >> 1), kept);
}
