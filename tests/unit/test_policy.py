"""The policy rule: its features, its draw, and what a file must be."""

import numpy as np
from quelea.learn import features
from quelea.story import setting
from quelea.story.loop import Loop
from quelea_agent import dense
from quelea_agent.choice.policy import FEATURES
from quelea_agent.rumours import UNKNOWN


def network(seed: int, shift: int = 12) -> bytes:
    """Return a file of random weights, 11-8-1."""
    draw = np.random.default_rng(seed)
    first = draw.integers(-128, 128, FEATURES * 8).tolist()
    second = draw.integers(-128, 128, 8).tolist()
    rows = [(FEATURES, 8, 9, draw.integers(-9000, 9000, 8).tolist(), first)]
    return bytes(dense.dump([*rows, (8, 1, shift, [0], second)]))


def looped(seed: int, memory: bytes) -> Loop:
    """Return a small story whose agents follow the policy of a file."""
    loop = Loop(setting.draw(seed, 0.97, 16).setup(100))
    for agent in loop.agents:
        agent.memory = memory
    loop.use("policy", True, True, True)
    return loop


def test_the_host_sees_what_the_board_sees(seed: int) -> None:
    loop = looped(seed & 0xFFFF, network(seed))
    seen: dict[str, set[int]] = {name: set() for name in features.NAMES}
    for _ in range(30):
        loop.round()
        for agent in loop.agents:
            rule, count = agent._rule, len(agent.allowed)
            believed = [agent.believed_q(index) for index in range(count)]
            ages = []
            for index in range(count):
                agent.believed_q(index)
                ages.append(agent.rumours.age())
            capacities = [agent.capacities_q[server] for server in agent.allowed]
            if agent.seen_q == UNKNOWN:
                continue
            found = features.features(
                np.array(agent.seen_q), np.array(believed), np.array(ages),
                np.array(capacities), np.array(agent.demand_q), np.array(agent.at),
                np.array(rule.rest), np.array(rule.moves),
            )  # fmt: skip
            rule.look_here()
            for index in range(count):
                rule.look_at(index)
                assert rule.values == found[index].tolist()
                for name, value in zip(features.NAMES, rule.values, strict=True):
                    seen[name].add(value)
    assert all(len(values) > 1 for values in seen.values()), seen
