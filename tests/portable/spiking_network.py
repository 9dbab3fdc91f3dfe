# The shipped surge network on every runtime: readings in, decisions and charges out.
# ROWS are the weights of host/quelea/spiking/networks/surge.json; tests/spiking compares them.
from quelea_agent.spiking import Layer, Network
from quelea_agent.surge import Surge

STEPS = 8
TOP = 16
ROWS = (
    (24, 16, 4, 0, 64, 436,
     (
        -25, -526, -301, 933, 73, 537, -312, 73,
        -507, 577, 8, 546, 2041, 164, 813, 405,
     ),
     "9576b56795877a896497989b88e8b9cab6798567aa65778886c5b8a65977b6886995b6a76c7999d98aa7"
     "6998acaa884678a96aa9666778b87aa9b9a75779d86ba8597aaa7999aa363ad88d7b89b87e69b8795968"
     "9b7ba76889879ab8a96c58a79a98a668ad9a69d5878796b98868a96857277788767bacbb9967a69aaa6a"
     "a65a5b9c889559ad774468678996978ab893896697ab8469aa8069bcaa77589caa8696498779878b8879"
     "7b6b8758a49a7f6ba8899474b7dc57a586c9d73cd7a6707b"
    ),
    (16, 2, 4, 0, 64, 131071,
     (
        -297, 297,
     ),
     "5abcb7b787a794155afa478539adb9a8"
    ),
)  # fmt: skip


def unhex(text: str) -> bytes:
    return bytes([int(text[k : k + 2], 16) for k in range(0, len(text), 2)])


layers = []
for inputs, neurons, shift, du, dv, threshold, biases, weights in ROWS:
    layers.append(Layer(unhex(weights), inputs, neurons, shift, du, dv, threshold, list(biases)))
network = Network(layers, STEPS, TOP, False)
node = Surge(network, 4)
seed = 5
reading = 400
for turn in range(60):
    seed = (seed * 75 + 74) % 65537
    reading = (reading * 3 + seed % 2000) // 4 + (1500 if turn % 13 == 0 else 0)
    spoke = node.sense(reading)
    if turn >= 24:
        print(turn, reading, spoke, node.expected, layers[1].v, layers[0].count)
print("operations", network.operations())
