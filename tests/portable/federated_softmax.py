# Softmax regression in integers on every runtime: training, files of samples, and what is compiled
# against what is not.
from kit import check

try:
    from quelea_agent import gradients
    from quelea_agent.samples import HEAD, load, next_bytes
    from quelea_agent.softmax import BATCH, COARSE, FINE, Softmax, value_at
    from quelea_proto.crc import crc16
    from quelea_proto.draws import Draws
except (ImportError, MemoryError) as error:
    print("SKIP", error)
    raise SystemExit from None


def file_of(inputs, classes, count, draws):
    rows = bytearray()
    for _ in range(count):
        for _ in range(inputs):
            rows.append(max(0, draws.below(33) - 16))
        rows.append(draws.below(classes))
    rows = b"QDS1" + bytes((count, 0, inputs, 0, classes, 0)) + rows
    crc = crc16(rows, len(rows))
    return rows + bytes((crc & 255, crc >> 8))


for inputs, classes, shift in ((5, 3, 4), (20, 10, 2), (64, 10, 6)):
    draws = Draws(inputs, 7)
    data = file_of(inputs, classes, 12, draws)
    samples, problem = load(data)
    check(problem is None and samples.count == 12, "loaded", problem)
    model = Softmax(inputs, classes)
    most = 0
    for turn in range(25):
        model.step(samples, draws, shift)
        most = max(most, max(model.velocity), -min(model.velocity))
        if turn % 8 == 0:
            print(turn, list(model.errors(samples.rows, 0, 1)), sum(model.velocity))
    print(inputs, list(model.coarse)[:12], list(model.weights)[-4:], most)
    check(most < 33554432, "the velocity stays within its bound")
    buffer = bytearray(2 * model.count)
    model.put(buffer)
    check([value_at(buffer, at) for at in range(model.count)] == list(model.coarse), "as spoken")
    model.set(0, 40000)
    model.set(1, -40000)
    print(model.coarse[0], model.coarse[1], model.weights[0], model.weights[1])
    print([model.predict(samples.rows, at * samples.row) for at in range(12)])
    for at in range(len(data)):
        bad = bytearray(data)
        bad[at] ^= 1 << at % 8
        found, problem = load(bad)
        if found is not None or not problem or load(data[:at])[0] is not None:
            print("FAIL accepted", at)
    print(next_bytes(data[:HEAD]) == len(data) - HEAD, next_bytes(b"QDS1"), load(b"")[1])

plain = gradients.forward_plain, gradients.gather_plain, gradients.settle_plain
used = gradients.forward, gradients.gather, gradients.settle
check(gradients.proof(used) == gradients.proof(plain), "compiled or not, the same", BATCH)
print(gradients.proof(plain), sum(COARSE), sum(FINE))
