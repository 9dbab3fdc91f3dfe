# Clocks that wrap at 2^30 and rings of 2^16. REQ-CLOCK-1, REQ-EPOCH-4.
from kit import check
from quelea_proto.fixed import random_next, ring16_diff, ticks_add, ticks_diff

TOP = 1073741823
HALF = 536870912
for start in (0, 1, HALF - 1, HALF, HALF + 1, TOP - 1, TOP):
    for delta in (0, 1, 20, 3600000, HALF - 1):
        later = ticks_add(start, delta)
        check(0 <= later <= TOP, "add", start, delta, later)
        check(ticks_diff(later, start) == delta, "diff", ticks_diff(later, start))
        check(ticks_diff(start, later) == -delta, "back", ticks_diff(start, later))
        check(ticks_add(later, -delta) == start, "minus", ticks_add(later, -delta))
print("half", ticks_diff(0, HALF), ticks_diff(HALF, 0), ticks_add(0, HALF), ticks_add(HALF, HALF))
for later, earlier in ((0, 65535), (65535, 0), (1, 65534), (32767, 0), (32768, 0), (0, 32767)):
    print("ring", later, earlier, ring16_diff(later, earlier))
state = 1
total = 0
for _ in range(1000):
    state = random_next(state)
    total = (total * 31 + state) & 65535
print("random", state, total)
