# A network of two layers: scores of many inputs, and files that must be refused.
from quelea_agent.dense import dump, largest, load

state = 7


def draw(bound):
    global state
    state = state * 75 % 65537
    return state % bound


first = [draw(256) - 128 for _ in range(12 * 6)]
second = [draw(256) - 128 for _ in range(6 * 4)]
data = dump(
    [
        (12, 6, 9, [draw(4000) - 2000 for _ in range(6)], first),
        (6, 4, 0, [-268435456, 268435455, 5, -1], second),
    ]
)
network, problem = load(data)
print(len(data), problem, network.inputs, network.outputs, network.macs())
for _ in range(12):
    values = [draw(256) for _ in range(12)]
    scores = network.scores(values)
    print(scores, largest(scores), network.layers[0].sums)
print(network.scores([255] * 12), network.scores(bytes(12)))
refused = 0
for at in range(len(data)):
    bad = bytearray(data)
    bad[at] ^= 1 << draw(8)
    found, problem = load(bad)
    if found is not None or not problem:
        print("FAIL accepted", at)
    found, problem = load(data[:at])
    if found is not None:
        print("FAIL accepted a part of", at)
    refused += 1
print(refused, load(data + b"x")[1], load(b"")[1], load(b"QNN1\x00\x00\xff\xff")[1])
