"""A picture of a world at one moment: what the servers carry, and how each agent fares."""

from typing import Any

import numpy as np

from quelea.learn.env_world import Bytes, World
from quelea.pictures.style import FAULT, GRID, HONEST, KEPT, LIAR, OTHER, legend, new_figure

DPI = 100
HEIGHT_IN, WIDTH_IN = 3.6, 7.2


def picture(world: World, cycle: int) -> Bytes:
    """Return it as an array of shape (height, width, 3); UserError without matplotlib."""
    figure = new_figure(HEIGHT_IN, WIDTH_IN)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    figure.set_dpi(DPI)
    figure.set_layout_engine(None)  # one that measures every text takes most of the time
    above, below = figure.subplots(2, 1)
    figure.subplots_adjust(left=0.08, right=0.98, top=0.87, bottom=0.13, hspace=0.75)
    wanted_q = sum(world.wanted_q(i) for i in range(len(world.agents)))
    share = world.goodput_q / wanted_q if wanted_q else 1.0
    above.set_title(f"round {cycle}: {share:.3f} of all demand is served, {world.moves} move")
    _servers(above, world)
    _agents(below, world)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba(), np.uint8)[..., :3])


def _servers(axes: Any, world: World) -> None:
    """Draw what is asked of each server and what it carries, in parts of its capacity."""
    at = np.arange(len(world.capacities_q))
    capacities_q = np.array(world.capacities_q)
    asked = np.array([offload.asked_q for offload in world.offloads]) / capacities_q
    sent = np.array(world.loads_q) / capacities_q
    over = sent > 1
    axes.bar(at, asked, 0.8, color="none", edgecolor=OTHER, label="asked")
    axes.bar(at[~over], sent[~over], 0.6, color=KEPT, label="sent")
    if over.any():
        axes.bar(at[over], sent[over], 0.6, color=LIAR, hatch="//", label="sent, too much")
    axes.axhline(1.0, color="black", linewidth=0.8, linestyle=":")
    axes.set_ylim(0, max(2.0, float(asked.max()) * 1.05))
    axes.set_xticks(at, [str(server + 1) for server in at])
    axes.set_ylabel("load / capacity")
    legend(axes, 3)


def _agents(axes: Any, world: World) -> None:
    """Draw what share of its demand each agent was served; who has just moved has a mark."""
    count = len(world.agents)
    wanted_q = [world.wanted_q(i) for i in range(count)]
    shares = [q / most_q if most_q else 1.0 for q, most_q in zip(world.served_q, wanted_q)]
    at = np.arange(1, count + 1)
    moved = np.array(world.moved)
    axes.bar(at, shares, 0.7, color=HONEST, label="served of its demand")
    if moved.any():
        axes.plot(at[moved], np.ones(moved.sum()), "v", color=FAULT, label="moved")
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_ylim(0, 1.08)
    axes.set_xlim(0, count + 1)
    axes.set_xlabel("agent")
    axes.set_ylabel("share")
    legend(axes, 2)
