"""Two steps are compared number by number, with a name for each."""

from quelea.conform.device import trace
from quelea.conform.device.world import World
from quelea.conform.difference import Step, compare, state_names
from quelea_agent.agent import Agent

PRINTED = """setting mode {mode}
session 7
now_ms 100
in 3 2100
out 0 {out}
wake {wake}
before 1 2 3
after {after}
"""


def step(mode="resilient", out="00ff", wake="150", after="1 2 3"):
    return Step.parse(PRINTED.format(mode=mode, out=out, wake=wake, after=after))


def test_every_number_of_the_state_has_a_name():
    for case in range(12):
        world = World(1, case, trace.make_agent)
        for node in world.nodes:
            assert isinstance(node.machine, Agent)
            quiet = bool(world.quiet)
            names = state_names(len(node.machine.state()), world.exact, quiet)
            assert names[0] == "value_q" and len(names) == len(set(names))
            assert len(names) == len(node.machine.state())
            assert ("waits" in names) == world.exact
            assert f"slot {len(node.numbers) - 1} used" in names


def test_a_state_of_another_shape_is_numbered():
    assert state_names(3, False) == ["state[0]", "state[1]", "state[2]"]


def test_bits_of_frames_wake_and_state_add_up():
    found = compare("here", step(), step(out="01fe", wake="151", after="1 2 -1"))
    # 2 in the frame, 1 in the wake, 3 -> -1: 29 of 31.
    assert found.bits == 2 + 1 + 29
    assert "state[2]: was 3, reference 3, target -1" in found.lines
    assert any("frame out, target:    dest 0 01fe" in line for line in found.lines)
    assert any(line.startswith("next_wake_ms: reference 150") for line in found.lines)


def test_a_missing_frame_and_other_inputs_are_said():
    lost = step()
    lost.outs = []
    assert compare("here", step(), lost).bits == 8
    other = step()
    other.now_ms = "101"
    assert any("inputs differ too" in line for line in compare("here", step(), other).lines)
