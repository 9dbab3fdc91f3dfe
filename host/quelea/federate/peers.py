"""byzfl's aggregators as rules on the same runs: a node hands it its own vector and all it heard.

byzfl works on floating-point numbers; what it returns is rounded to the numbers that are sent.
Its package loads torchvision when imported, which its aggregators do without and which a torch
for processors alone lacks; so they are loaded by themselves. Its CAF draws from numpy's global
generator, and may not end among few vectors or where one is far beyond all others: one that it
has dropped may stay the farthest, by which it lowers the others' weights.
"""

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.federate.fixed import Format, Ints
from quelea.federate.gossip import Round

Floats = NDArray[np.float64]

NAME = "byzfl"
INSTALL = "pip install 'quelea[bench]'"
BEFORE = ("", "NNM", "Bucketing")
TAU = 1.0  # of centred clipping, in parameters: a few honest steps
BUCKET = 2

_loaded: dict[str, types.ModuleType] = {}


def modules() -> dict[str, types.ModuleType]:
    """Return byzfl's modules of aggregators and attacks; empty where it is not installed."""
    if _loaded:
        return _loaded
    found = importlib.util.find_spec(NAME)
    if found is None or found.submodule_search_locations is None:
        return {}
    before = sys.modules.get(NAME)
    bare = types.ModuleType(NAME)
    bare.__path__ = list(found.submodule_search_locations)
    sys.modules[NAME] = bare
    try:
        for part in ("aggregators.aggregators", "aggregators.preaggregators", "attacks.attacks"):
            _loaded[part.split(".")[1]] = importlib.import_module(f"{NAME}.{part}")
    except ImportError:
        _loaded.clear()
    finally:
        for name in [one for one in sys.modules if one.split(".")[0] == NAME]:
            del sys.modules[name]  # so that whoever imports byzfl gets all of it
        if before is not None:
            sys.modules[NAME] = before
    return _loaded


def names() -> list[str]:
    """Return what `combiner` takes, such as "NNM+TrMean"."""
    alone = ["TrMean", "Median", "Krum", "MultiKrum", "GeometricMedian", "CenteredClipping", "CAF"]
    return [f"{first}+{name}" if first else name for first in BEFORE for name in alone]


def combiner(name: str, form: Format) -> Callable[[Round], Ints]:
    """Return one of names() as a rule; UserError where byzfl is missing or the name unknown."""
    if name not in names():
        raise UserError(f"no aggregator named {name!r}", "--rule", f"one of: {', '.join(names())}")
    if not modules():
        raise UserError("byzfl is not installed", "--rule", "", INSTALL)
    first, _, last = name.rpartition("+")

    def combine(round: Round) -> Ints:
        faults = round.faults_max

        def rule(vectors: Ints) -> Ints:
            values = form.decode(vectors).astype(np.float64)
            if first == "NNM":
                values = modules()["preaggregators"].NNM(faults)(values)
            elif first == "Bucketing":
                values = modules()["preaggregators"].Bucketing(BUCKET)(values)
                faults_left = min(faults, (len(values) - 1) // 2)
                return form.encode(_made(last, faults_left, values)(values))
            return form.encode(_made(last, faults, values)(values))

        return round.per_set(rule, lambda members: round.said_q[members])

    return combine


def _made(name: str, faults: int, values: Floats) -> Any:
    """Return an aggregator; centred clipping starts from the median, which no few can move far."""
    kinds = modules()["aggregators"]
    if name == "Median":
        return kinds.Median()
    if name == "GeometricMedian":
        return kinds.GeometricMedian()
    if name == "CenteredClipping":
        made = kinds.CenteredClipping(tau=TAU)
        made.m = np.median(values, axis=0)
        return made
    return getattr(kinds, name)(faults)
