# Spiking layers on every runtime: decay toward zero, u's wrap, v's clip, packed weights, encoders.
from kit import check
from quelea_agent.spiking import Layer, decayed, largest, spikes_by_latency, spikes_by_rate

for value in (0, 1, -1, 4095, -4095, 4096, -4097, 8388607, -8388607, -8388608):
    print("decay", value, [decayed(value, kept) for kept in (0, 1, 2047, 4095, 4096)])
check(decayed(-1, 4095) == 0, "toward zero")

values = [0, 1, 5, 16, 9]
spikes = [0] * 5
charge = [8] * 5
for step in range(8):
    count = spikes_by_latency(values, 8, 16, step, spikes)
    print("latency", step, spikes[:count])
    count = spikes_by_rate(values, 16, charge, spikes)
    print("rate", step, spikes[:count])

# Three inputs, three neurons: weights -8..7, then a bias that drives u and v to their ends.
rows = ((7, -8, 3), (-1, 5, -7), (2, 0, -3))
packed = b"".join([bytes([row[0] + 8 | (row[1] + 8) << 4, row[2] + 8 | 8 << 4]) for row in rows])
seed = 77
for du, dv, shift, threshold in ((4095, 0, 4, 300), (300, 40, 8, 9000), (0, 0, 8, 131071)):
    layer = Layer(packed, 3, 3, shift, du, dv, threshold, [0, 70000, -90000])
    for turn in range(40):
        count = 0
        for k in range(3):
            seed = (seed * 75 + 74) % 65537
            if seed & 1:
                spikes[count] = k
                count += 1
        layer.step(spikes, count)
        if turn % 5 == 4:
            print(du, turn, layer.u, layer.v, layer.spiked[: layer.count])
    print("operations", layer.operations, "largest", largest(layer.v))
layer.u = [8388607, -8388608, 0]
layer.v = [8388607, -8388607, 0]
layer.step([0, 1], 2)
print("edge", layer.u, layer.v)
