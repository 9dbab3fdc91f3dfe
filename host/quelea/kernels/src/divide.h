/* Division by 2..127 as multiplication, per vector; included after the lanes of one ISA. */

static inline vint divide(vint sum, const struct divisor *div)
{
    vint shifted = int_add(sum, int_all(div->before));
    vint high = int_right(int_high(shifted, int_all(div->magic)), int_all(div->shift));
    return int_add(high, int_all(div->after));
}

/* floor(total / divisor) for any sign: ~total is not negative where total is. */
static inline vint divide_signed(vint total, const struct divisor *div)
{
    vint sign = int_sign(total);
    vint high = int_high(int_xor(total, sign), int_all(div->magic));
    return int_xor(int_right(high, int_all(div->shift)), sign);
}

/* The middle of two keys, half up; their sum needs all 32 bits. */
static inline vint middle(vint a, vint b)
{
    return int_halve(int_add(int_add(a, b), int_all(1)));
}
