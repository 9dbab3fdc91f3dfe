"""Whole-node traces: cases in, one line a case out; the host compares the lines.

C <case> <rounds> <digest>          every case
S <step> <digest>                   every step of one case, whole state in each digest
then what one step got, gave and left behind, for the first step that differs
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea.conform.device.world import STEPS_PER_CASE, World


def make_agent(settings: dict, session: int):
    """Return the agent for a settings dict; ValueError if the agent refuses it."""
    from quelea_agent.agent import Agent
    from quelea_agent.settings import load

    checked, problem = load(settings)
    if problem:
        raise ValueError(problem)
    return Agent(checked, session)


def run_case(seed: int, case: int, make, steps: int = STEPS_PER_CASE):
    """Return (rounds, digest) of one case."""
    world = World(seed, case, make)
    for _ in range(steps):
        world.step()
    for node in world.nodes:
        world.fold_state(node)
    return world.rounds, world.digest


def print_cases(seed: int, first: int, count: int, make=make_agent) -> None:
    """Print a line for each case from first on."""
    for case in range(first, first + count):
        rounds, digest = run_case(seed, case, make)
        print("C", case, rounds, digest)


def print_steps(seed: int, case: int, make=make_agent, steps: int = STEPS_PER_CASE) -> None:
    """Print a digest a step, with the machine's whole state in each."""
    world = World(seed, case, make)
    for step in range(steps):
        node = world.step()[0]
        world.fold_state(node)
        print("S", step, world.digest)


def print_step(seed: int, case: int, step: int, make=make_agent) -> None:
    """Print settings, inputs, outputs and state before and after one step of a case."""
    world = World(seed, case, make)
    for _ in range(step):
        world.step()
    node = world.nodes[step % len(world.nodes)]
    before = node.machine.state()
    node, now_ms, frames_in, frames_out = world.step()
    for key in sorted(node.settings):
        print("setting", key, node.settings[key])
    print("session", node.session)
    print("now_ms", now_ms)
    for source, frame in frames_in:
        print("in", source, _hex(frame))
    for dest, frame in frames_out:
        print("out", dest, _hex(frame))
    print("wake", node.machine.next_wake_ms)
    print("before", " ".join([str(value) for value in before]))
    print("after", " ".join([str(value) for value in node.machine.state()]))


def _hex(frame: bytes) -> str:
    return "".join([f"{byte:02x}" for byte in frame])
