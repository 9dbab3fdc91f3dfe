"""What the table runs: graphs, liars, rules, and what is to be reached. Seeds are fresh: recipes
were chosen on seeds 1 to 4, each with a division and a choice of judging rows of its own.
"""

from dataclasses import dataclass, replace

from quelea.federate.data import Data
from quelea.federate.models import Hidden, Model
from quelea.federate.run import Setting, liars_of
from quelea.federate.training import Recipe

FIRST_SEED = 11
OURS = "aligned"
NOBODY = "none"
ATTACKS = (
    NOBODY, "alie", "ipm", "ipm:3", "ipm:6", "sign-flip", "mimic", "label-flip", "backwards",
    "gaussian", "infinite", "on-off", "veiled",
)  # fmt: skip
HARD = (
    "alie", "ipm", "ipm:3", "ipm:6", "sign-flip", "mimic", "label-flip", "backwards", "on-off",
    "veiled",
)  # fmt: skip
OPEN = Recipe(rounds=400, rate=3.0, momentum=0.9, clip=0.0, shrink=0.0003, calibrate=0.0)
GUARDED = Recipe(rate=4.0)  # a fifth of liars
LIGHT = Recipe(rounds=1000, rate=3.0)  # a tenth, and more to be reached: twice the rounds
MNIST = Recipe(rounds=300, clip=0.5, shrink=0.0005)
FEWER = (NOBODY, *HARD)
PEERS = (
    "CenteredClipping", "GeometricMedian", "MultiKrum", "Krum", "Median", "TrMean", "NNM+TrMean",
    "CAF",
)  # fmt: skip
MNIST_PEERS = ("CenteredClipping", "CAF")


@dataclass(frozen=True)
class Case:
    """attacks, seeds: of our rule, the first of `rules`. rules: beside it, on others_attacks and
    the first others_seeds.

    target: accuracy that is to be reached under each attack; target_worst: by the worst node.
    peers: aggregators of byzfl, on peer_attacks and the first peer_seeds.
    """

    name: str
    title: str
    data: str
    hidden: int
    setting: Setting
    seeds: int
    target: float
    target_worst: float = 0.0
    attacks: tuple[str, ...] = (NOBODY,)
    rules: tuple[str, ...] = (OURS,)
    others_seeds: int = 0
    others_attacks: tuple[str, ...] = (NOBODY, *HARD)
    peers: tuple[str, ...] = ()
    peer_attacks: tuple[str, ...] = HARD
    peer_seeds: int = 0

    def model(self, data: Data) -> Model:
        """Return what is trained."""
        return Hidden(data.inputs, self.hidden, data.classes)

    def made(self, attack: str, seed: int) -> Setting:
        """Return the setting of a run: F is that of the lied run, with liars or without."""
        from quelea.federate import mesh

        base = replace(self.setting, seed=seed)
        if not base.liars:
            return base
        lying = liars_of(base.nodes, base.liars, seed)
        base = replace(base, faults_max=mesh.build(base.topology, base.nodes, seed).worst(lying))
        name, _, strength = attack.partition(":")
        if name == NOBODY:
            return replace(base, attack="", liars=0)
        return replace(base, attack=name, strength=float(strength) if strength else None)


def _setting(topology: str, nodes: int, liars: int, recipe: Recipe) -> Setting:
    return Setting(nodes=nodes, topology=topology, liars=liars, rule=OURS, recipe=recipe)


CASES = (
    Case(
        "honest", "digits, 50 nodes, random 4-regular, all honest", "digits", 32,
        replace(_setting("regular:4", 50, 0, OPEN), rule="mean"), 10, 0.965, 0.955,
        rules=("mean",),
    ),
    Case(
        "tenth", "digits, 50 nodes, complete, 5 liars", "digits", 32,
        _setting("complete", 50, 5, LIGHT), 10, 0.955, attacks=ATTACKS,
    ),
    Case(
        "fifth", "digits, 50 nodes, complete, 10 liars", "digits", 32,
        _setting("complete", 50, 10, GUARDED), 10, 0.93, attacks=ATTACKS,
        rules=(OURS, "filtered", "mean", "clipped", "tapered", "wmsr"), others_seeds=5,
        peers=PEERS, peer_seeds=10,
    ),
    Case(
        "mnist", "MNIST, 20 nodes, complete, 4 liars", "mnist", 64,
        _setting("complete", 20, 4, MNIST), 3, 0.90, attacks=FEWER,
        rules=(OURS, "filtered", "mean"), others_seeds=3, peers=MNIST_PEERS, peer_seeds=3,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One run of the table. rule: ours, or byzfl's after "byzfl "."""

    case: str
    rule: str
    attack: str
    seed: int


def jobs(case: Case) -> list[Job]:
    """Return a case's runs, seed by seed, ours before others."""
    seeds = range(FIRST_SEED, FIRST_SEED + case.seeds)
    ours = case.rules[0]
    found = [Job(case.name, ours, attack, seed) for seed in seeds for attack in case.attacks]
    for seed in seeds[: case.others_seeds]:
        theirs = case.others_attacks
        found += [Job(case.name, rule, a, seed) for rule in case.rules[1:] for a in theirs]
    for seed in seeds[: case.peer_seeds]:
        found += [
            Job(case.name, f"byzfl {peer}", attack, seed)
            for peer in case.peers
            for attack in case.peer_attacks
        ]
    return found
