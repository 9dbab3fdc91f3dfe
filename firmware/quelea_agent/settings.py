"""A node's settings: read from a dict (cfg.json), checked, frozen.

`load` never raises: it returns (Settings, None), or (None, one sentence that names the key, the
value and the allowed range). The host checks the same file with line numbers before it stages it.
"""

from quelea_proto import limits
from quelea_proto.rules import find, names
from quelea_proto.topics import is_id

MODES = ("resilient", "exact")

# (key, smallest, largest, default or None when it must be given)
NUMBERS = (
    ("node", 1, limits.NODE_MAX, None),
    ("faults_max", 0, limits.FAULTS_MAX, 0),
    ("period_ms", limits.PERIOD_MS_MIN, limits.PERIOD_MS_MAX, 1000),
    ("epoch_rounds", 0, limits.EPOCH_ROUNDS_MAX, 0),
    ("fresh_rounds", 1, limits.FRESH_ROUNDS_MAX, 4),
    ("fanout", 0, limits.FANOUT_MAX, 0),
    ("quiet_rounds_max", 0, limits.QUIET_ROUNDS_MAX, 0),
    ("dead_band_q", 0, limits.Q_MAX, 0),
    ("lo_q", -limits.Q_MAX, limits.Q_MAX, 0),
    ("hi_q", -limits.Q_MAX, limits.Q_MAX, limits.Q_MAX),
)


class Settings:
    """numbers, ids: the neighbours, ascending by number; back_slots: own place with each."""

    def __init__(self) -> None:
        self.fleet = ""
        self.id = ""
        self.node = 0
        self.numbers = ()
        self.ids = ()
        self.back_slots = ()
        self.mode = "resilient"
        self.rule = "wmsr"
        self.faults_max = 0
        self.period_ms = 1000
        self.epoch_rounds = 0
        self.fresh_rounds = 4
        self.fanout = 0
        self.quiet_rounds_max = 0  # 0: no cadence, a frame in every round
        self.dead_band_q = 0
        self.lo_q = 0
        self.hi_q = limits.Q_MAX


def load(cfg: dict) -> tuple:
    """Return (Settings, None) or (None, problem) for a dict as JSON gives it."""
    settings = Settings()
    if not isinstance(cfg, dict):
        return None, "settings: not an object"
    problem = (
        _numbers(settings, cfg)
        or _names(settings, cfg)
        or _neighbours(settings, cfg)
        or _relations(settings)
    )
    if problem:
        return None, problem
    return settings, None


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _numbers(settings: Settings, cfg: dict) -> str:
    for key, smallest, largest, default in NUMBERS:
        value = cfg.get(key, default)
        if value is None:
            return f"{key}: missing, an integer from {smallest} to {largest} is needed"
        if not _is_int(value) or value < smallest or value > largest:
            return f"{key}: {value!r} is not an integer from {smallest} to {largest}"
        setattr(settings, key, value)
    return ""


def _names(settings: Settings, cfg: dict) -> str:
    for key in ("fleet", "id"):
        value = cfg.get(key)
        if not isinstance(value, str) or not is_id(value):
            return f"{key}: {value!r} is not 1 to 16 of a-z, 0-9 and inner dashes"
        setattr(settings, key, value)
    settings.mode = cfg.get("mode", "resilient")
    if settings.mode not in MODES:
        return "mode: {!r} is none of {}".format(settings.mode, ", ".join(MODES))
    settings.rule = cfg.get("rule", "wmsr")
    if not isinstance(settings.rule, str) or find(settings.rule) is None:
        return f"rule: {settings.rule!r} is none of {names()}"
    return ""


def _neighbours(settings: Settings, cfg: dict) -> str:
    rows = cfg.get("neighbours")
    if not isinstance(rows, (list, tuple)) or not 1 <= len(rows) <= limits.NEIGHBOURS_MAX:
        return f"neighbours: a list of 1 to {limits.NEIGHBOURS_MAX} rows is needed"
    last = 0
    for row in rows:
        if not isinstance(row, (list, tuple)) or len(row) != 3:
            return f"neighbours: {row!r} is not [number, id, their slot of this node]"
        if not _is_int(row[0]) or not last < row[0] <= limits.NODE_MAX:
            return f"neighbours: number {row[0]!r} is not in ascending order, 1 to 65535"
        if row[0] == settings.node:
            return f"neighbours: {row[0]} is this node itself"
        if not isinstance(row[1], str) or not is_id(row[1]):
            return f"neighbours: id {row[1]!r} is not 1 to 16 of a-z, 0-9 and inner dashes"
        if not _is_int(row[2]) or not 0 <= row[2] < limits.NEIGHBOURS_MAX:
            return f"neighbours: slot {row[2]!r} is not from 0 to {limits.NEIGHBOURS_MAX - 1}"
        last = row[0]
    settings.numbers = tuple([row[0] for row in rows])
    settings.ids = tuple([row[1] for row in rows])
    settings.back_slots = tuple([row[2] for row in rows])
    return ""


def _relations(settings: Settings) -> str:
    if settings.lo_q >= settings.hi_q:
        return f"lo_q: {settings.lo_q} is not below hi_q {settings.hi_q}"
    needed = 2 * settings.faults_max + 1
    if settings.mode == "resilient" and len(settings.numbers) < needed:
        return (
            f"faults_max: {settings.faults_max} needs {needed} neighbours, "
            f"this node has {len(settings.numbers)}"
        )
    return ""
