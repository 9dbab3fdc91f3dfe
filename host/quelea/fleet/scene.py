"""From the coordinator's view of the fleet to the scene that the terminal shows."""

from quelea.coordinator import FleetView, NodeView
from quelea.fleet.live import NodeLine, Scene
from quelea.fleet.plan import SIGNAL, Plan


def first_scene(plan: Plan) -> Scene:
    """Return the scene of a fleet of which nothing is known yet."""
    options, topology = plan.options, plan.topology
    rule = "exact flows" if options.mode == "exact" else f"{options.rule}, F = {plan.faults_max}"
    lying = f", {len(plan.liars)} lying ({options.attack})" if plan.liars else ""
    scene = Scene(
        title=f"{topology.node_count} nodes on {topology.name}, {rule}{lying}",
        unit=SIGNAL["unit"],
        seconds=options.seconds,
    )
    scene.lines = [
        NodeLine(topology.id_of(number), number in plan.liars) for number in topology.nodes
    ]
    return scene


def bring_up_to_date(scene: Scene, view: FleetView) -> None:
    """Take over what the coordinator knows now, and add a point to the course of the spread."""
    scene.lines = [_line(node) for node in view.nodes if node.number > 0]
    scene.frames = view.frames
    scene.frames_per_s = view.frames_per_s
    scene.bytes_per_frame = view.bytes / view.frames if view.frames else 0.0
    scene.spread_q = view.spread_q
    if view.spread_q is not None and scene.elapsed_s > 0:
        scene.course.append((scene.elapsed_s, view.spread_q))


def _line(node: NodeView) -> NodeLine:
    high = node.heap.get("high")
    return NodeLine(
        id=node.id,
        lying=node.liar,
        state=node.state or ("present" if node.present else "absent"),
        epoch=node.epoch,
        seq=node.seq,
        input_q=node.input_q,
        value_q=node.value_q,
        held=node.held,
        age_s=node.age_s,
        frames=node.frames,
        heap_kb=None if high is None else int(high) / 2048,  # a board's words are half as wide
    )
