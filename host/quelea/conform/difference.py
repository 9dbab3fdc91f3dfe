"""The first step of a trace at which a target differs: what it got, gave and became."""

from dataclasses import dataclass, field

from quelea_agent.counters import NAMES as COUNTERS

MASK = 0x7FFFFFFF  # integers are compared in 31 bits, two's complement
HEAD = ("value_q", "input_q", "settled_q", "epoch", "rounds", "held", "restarted", "seq",
        "next_wake_ms", "demand_q", "random")  # fmt: skip
SLOT = ("live", "session", "seq", "crc", "epoch", "value_q", "heard_ms", "suspicion", "used")
CADENCE = ("volatility", "silent", "felt demand_q", "boots", "said_q")
EDGE = ("flow_q", "turn", "residue", "peer_turn", "peer_q", "peer_count")


@dataclass
class Step:
    """One step as a target printed it; ins and outs: "<source or dest> <hex>"."""

    settings: list[str] = field(default_factory=list)
    session: str = ""
    now_ms: str = ""
    ins: list[str] = field(default_factory=list)
    outs: list[str] = field(default_factory=list)
    wake: str = ""
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)

    @classmethod
    def parse(cls, printed: str) -> "Step":
        """Read what quelea.conform.device.trace.print_step printed."""
        step = cls()
        for line in printed.splitlines():
            word, _, rest = line.partition(" ")
            if word == "setting":
                step.settings.append(rest)
            elif word == "in":
                step.ins.append(rest)
            elif word == "out":
                step.outs.append(rest)
            elif word == "before":
                step.before = [int(number) for number in rest.split()]
            elif word == "after":
                step.after = [int(number) for number in rest.split()]
            elif word in ("session", "now_ms", "wake"):
                setattr(step, word, rest)
        return step

    def setting(self, key: str) -> str:
        """Return the text of one setting, or an empty one."""
        return next((text.partition(" ")[2] for text in self.settings if text.startswith(key)), "")


@dataclass(frozen=True)
class Difference:
    """Where a target first differs from the reference. bits: how many, at that step."""

    where: str
    bits: int
    lines: tuple[str, ...]


def state_names(count: int, exact: bool, quiet: bool = False) -> list[str]:
    """Return a name for each integer of Agent.state(), or plain positions if they do not fit.

    quiet: whether the node has a cadence.
    """
    last = ["waits" if exact else "lost, in step", *(CADENCE if quiet else ())]
    names = [*HEAD, *(f"counter {name}" for name in COUNTERS)]
    row = (*SLOT, *EDGE) if exact else SLOT
    slots, rest = divmod(count - len(names) - len(last), len(row))
    if rest:
        return [f"state[{at}]" for at in range(count)]
    names += [f"slot {slot} {name}" for slot in range(slots) for name in row]
    return [*names, *last]


def _bits(one: int, other: int) -> int:
    return ((one ^ other) & MASK).bit_count()


def _frame_bits(one: str, other: str) -> int:
    (dest, _, data), (other_dest, _, other_data) = one.partition(" "), other.partition(" ")
    size = max(len(data), len(other_data), 1)
    differing = int(data.ljust(size, "0"), 16) ^ int(other_data.ljust(size, "0"), 16)
    return differing.bit_count() + _bits(int(dest), int(other_dest))


def compare(where: str, expected: Step, got: Step) -> Difference:
    """Return the difference of two steps, in lines for a person."""
    exact = "exact" in expected.setting("mode")
    lines = [f"setting {text}" for text in expected.settings]
    lines += [f"session {expected.session}", f"now_ms {expected.now_ms}"]
    lines += [f"frame in, source {text}" for text in expected.ins]
    if expected.ins != got.ins or expected.now_ms != got.now_ms:
        lines.append("the inputs differ too: the generator itself runs differently here")
    bits = 0
    for at in range(max(len(expected.outs), len(got.outs))):
        sent = expected.outs[at] if at < len(expected.outs) else "0 "
        sent_there = got.outs[at] if at < len(got.outs) else "0 "
        if sent != sent_there:
            bits += _frame_bits(sent, sent_there)
            lines.append(f"frame out, reference: dest {sent}")
            lines.append(f"frame out, target:    dest {sent_there}")
    if expected.wake != got.wake:
        bits += _bits(int(expected.wake), int(got.wake))
        lines.append(f"next_wake_ms: reference {expected.wake}, target {got.wake}")
    if len(expected.after) != len(got.after):
        lines.append(f"state has {len(expected.after)} numbers, on the target {len(got.after)}")
    quiet = expected.setting("quiet_rounds_max") not in ("", "0")
    names = state_names(len(expected.after), exact, quiet)
    for name, before, one, other in zip(names, expected.before, expected.after, got.after):
        if one != other:
            bits += _bits(one, other)
            lines.append(f"{name}: was {before}, reference {one}, target {other}")
    lines.append("state before, reference: " + " ".join(map(str, expected.before)))
    lines.append("state after, reference:  " + " ".join(map(str, expected.after)))
    lines.append("state after, target:     " + " ".join(map(str, got.after)))
    return Difference(where, max(bits, 1), tuple(lines))
