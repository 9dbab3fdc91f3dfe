"""What one can ask of an emulated fleet; what cannot be is refused before anything starts."""

from dataclasses import dataclass, field
from pathlib import Path

from quelea_proto import limits, rules
from quelea_proto.topics import is_id

from quelea import adversaries
from quelea.errors import UserError
from quelea.fleet import network
from quelea.fleet.rule import AUTO

MODES = ("resilient", "exact")
AUTHS = ("none", "fleet", "pairwise")
NODES_MAX = 2000  # what a machine of two cores and 4 GB can hold of real processes
SECONDS_MAX = 7 * 24 * 3600
JOURNAL_MB_MAX = 1_000_000


@dataclass
class FleetOptions:
    """Options of `quelea fleet`; every field is a flag of the same name.

    faults_max None: as many liars as any honest node has among its neighbours. topology "": the
    robust growth that carries faults_max. rule "auto": by the graph, see rule.py. seconds: from
    the first frames to the verdict. journal_mb: beyond it the oldest frames go, 0: never.
    keep: run folders left below runs when this one begins, itself among them; 0: all.
    """

    nodes: int = 16
    liars: int = 2
    faults_max: int | None = None
    mode: str = "resilient"
    rule: str = AUTO
    attack: str = "ramp"
    topology: str = ""
    broker: str = "nats"
    network: str = ""
    runtime: str | None = None
    heap_kb: int = 110
    seconds: int = 40
    period_ms: int = 250
    epoch_rounds: int = 40
    fanout: int = 0
    cadence: int = 0
    dead_band: int = 0
    surge: str = "off"
    demand: str = "homes"
    config: str = ""
    scenario: str = ""
    clusters: int = 0
    limit: int = 0
    floors: str = ""
    policy: str = "max-min"
    seed: int = 1
    chaos: bool = True
    storm: int = 0
    force: bool = False
    tls: bool = False
    auth: str = "none"
    name: str = "fleet"
    journal_mb: int = 4096
    keep: int = 0
    watch: bool = False
    allow_write: bool = False
    runs: Path = field(default_factory=lambda: Path("runs"))
    said: tuple[str, ...] = ()  # fields that the command line gave: they go before those of a file

    def check(self) -> None:
        """Raise UserError for the first option that is out of range or names nothing."""
        from quelea.fleet import quiet  # which knows these options

        self._check_numbers()
        quiet.check(self)
        if self.mode not in MODES:
            raise UserError(f"no mode named {self.mode!r}", "--mode", "one of: resilient, exact")
        if self.rule != AUTO and rules.find(self.rule) is None:
            allowed = f"one of: {rules.names()}, {AUTO}"
            raise UserError(f"no rule named {self.rule!r}", "--rule", allowed)
        if self.liars:
            adversaries.path(self.attack)
        if self.auth not in AUTHS:
            raise UserError(
                f"no authentication named {self.auth!r}", "--auth", f"one of: {', '.join(AUTHS)}"
            )
        if self.tls and self.broker.partition(":")[0] != "mosquitto":
            raise UserError(
                f"certificates with the broker {self.broker}",
                "--tls",
                "a broker is needed that takes the user name from the certificate",
                "add `--broker mosquitto`",
            )
        if self.broker.startswith("mqtts://"):
            raise UserError(
                "the nodes of an emulated fleet have no certificate of another's broker",
                "--broker",
                "",
                "`--broker mosquitto --tls` gives each one of its own",
            )
        network.parse(self.network)
        if self.network and self.broker.startswith("nats-cluster"):
            raise UserError(
                "a bad network stands before one broker, not before a cluster",
                "--network",
                "its proxy would lead all nodes to one server",
                "leave out --network, or take `--broker nats`",
            )
        if not is_id(self.name):
            raise UserError(
                f"{self.name!r} cannot name a fleet",
                "--name",
                "1 to 16 of a-z, 0-9 and inner dashes",
            )
        if self.liars >= self.nodes:
            raise UserError(
                f"{self.liars} liars among {self.nodes} nodes leave nobody honest",
                "--liars",
                f"0 to {self.nodes - 1}",
            )
        if self.mode == "exact" and self.liars:
            raise UserError(
                f"{self.liars} liars in exact mode",
                "--liars",
                "exact averaging trusts every node: one liar moves the result at will",
                "add `--liars 0`, or use `--mode resilient`",
            )

    def _check_numbers(self) -> None:
        span = limits.PERIOD_MS_MIN, limits.PERIOD_MS_MAX
        rows: list[tuple[str, int, int, int]] = [
            ("--nodes", self.nodes, 2, NODES_MAX),
            ("--liars", self.liars, 0, NODES_MAX),
            ("--faults-max", self.faults_max or 0, 0, limits.FAULTS_MAX),
            ("--heap-kb", self.heap_kb, 48, 16384),
            ("--seconds", self.seconds, 5, SECONDS_MAX),
            ("--period-ms", self.period_ms, *span),
            ("--epoch-rounds", self.epoch_rounds, 0, limits.EPOCH_ROUNDS_MAX),
            ("--clusters", self.clusters, 0, limits.CLUSTERS_MAX),
            ("--fanout", self.fanout, 0, limits.FANOUT_MAX),
            ("--storm", self.storm, 0, SECONDS_MAX),
            ("--seed", self.seed, 0, 2**31 - 1),
            ("--journal-mb", self.journal_mb, 0, JOURNAL_MB_MAX),
            ("--keep", self.keep, 0, 100_000),
        ]
        for flag, value, smallest, largest in rows:
            if not smallest <= value <= largest:
                raise UserError(f"{value} is out of range", flag, f"{smallest} to {largest}")
        if 0 < self.epoch_rounds < 4:
            raise UserError(
                f"{self.epoch_rounds} is too short an epoch",
                "--epoch-rounds",
                "0 (never restart), or 4 and more: one round restarts, the others converge",
            )
        if self.seconds * 1000 < 8 * self.period_ms:
            raise UserError(
                f"{self.seconds} s hold fewer than 8 rounds of {self.period_ms} ms",
                "--seconds",
                "8 periods or more",
                f"`--seconds {8 * self.period_ms // 1000 + 1}`, or a shorter --period-ms",
            )
