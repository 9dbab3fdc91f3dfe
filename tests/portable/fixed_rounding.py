# Rounding and saturation at the edges of the number format. REQ-NUM-2, REQ-NUM-3, REQ-NUM-6.
from kit import check
from quelea_proto.fixed import clamp, from_counts, mean_half_up, saturate, toward_zero
from quelea_proto.limits import Q_MAX

for total in (-7, -3, -2, -1, 0, 1, 2, 3, 7):
    print("mean", total, [mean_half_up(total, n) for n in (1, 2, 3, 4)])
    print("zero", total, [toward_zero(total, n) for n in (1, 2, 3, 4)])
for count in (1, 2, 3, 64, 126, 127):
    print("top", count, mean_half_up(count * Q_MAX, count), mean_half_up(-count * Q_MAX, count))
    for off in (-1, 1):
        print("near", mean_half_up(count * Q_MAX - off, count), mean_half_up(off, count))
# Half up moves with the values: the mean of values + c is the mean + c.
for total in range(-9, 10):
    for count in (1, 2, 3, 5, 8):
        moved = mean_half_up(total + 1000 * count, count) - 1000
        if moved != mean_half_up(total, count):
            check(False, "shift", total, count)
print("clamp", clamp(5, 1, 3), clamp(-5, 1, 3), clamp(2, 1, 3), clamp(1, 1, 1))
print("saturate", saturate(Q_MAX + 1), saturate(-Q_MAX - 1), saturate(Q_MAX), saturate(-1))
for counts, numerator, shift in ((0, 1, 1), (65535, 16383, 10), (65535, -16383, 10), (1, 1, 24)):
    print("counts", from_counts(counts, numerator, shift))
