"""What a person should look at, worst first: sentences from the model, without knowing the plan.

Only what was said and heard counts here, so a fault that nobody announced is found too.
"""

from statistics import median
from typing import NamedTuple

from quelea.watch.state import Model, Node

BAD, WARN = "bad", "warn"
FAR_SHARE = 0.05  # of the signal's range: so far from the others a settled value is odd
FAR_SPREADS = 8  # ... and as many times the distance within which half of the nodes are
SETTLED_ROUNDS = 12  # of an epoch before a value counts as settled
HELD_ROUNDS = 3  # of an epoch in which a node may wait for its first inputs
HEAP_SHARE = 0.9
NAMED_MAX = 5  # nodes in one sentence
GRACE_PERIODS = 8  # after a node came, before its links count


class Notice(NamedTuple):
    """level: bad or warn. nodes: numbers that it is about. text: a sentence for people."""

    level: str
    name: str
    nodes: tuple[int, ...]
    text: str


def notices(model: Model) -> list[Notice]:
    """Return what deserves attention at the model's time, worst first."""
    found = [
        *_budget(model),
        *_broker(model),
        *_accused(model),
        *_absent(model),
        *_links(model),
        *_far(model),
        *_nodes(model),
    ]
    return sorted(found, key=lambda notice: notice.level != BAD)


def names(model: Model, numbers: tuple[int, ...] | list[int]) -> str:
    """Return ids as words: n01, n02 and 3 more."""
    ids = [model.nodes[number].id for number in numbers[:NAMED_MAX] if number in model.nodes]
    more = len(numbers) - len(ids)
    return ", ".join(ids) + (f" and {more} more" if more > 0 else "")


def reason(model: Model, node: Node) -> str:
    """Return in a few words why a node stands where it does."""
    said = node.status.get("reason")
    if not node.heard:
        return node.why or "never heard"
    if node.number in model.budget.members.gone:
        return "gone: its account is closed"
    if not model.present(node):
        return node.why or "silent"
    unheard = model.budget.members.unheard.get(node.number)
    if unheard:
        return f"not heard by {names(model, unheard)}"
    if node.liar:
        return f"lies: {node.attack}" if node.attack else "lies"
    if node.number in model.accused:
        return "proved wrong"
    if node.held:
        live = node.figure("live")
        fresh = "too few" if live is None or live >= model.facts.needed else str(live)
        return f"holds: {fresh} of {model.facts.needed} fresh"
    cap_q = model.budget.cap_q(node.number)
    if isinstance(said, str) and said:
        return said[:64]
    claim_q = model.budget.claim_q(node.number)
    if cap_q is not None and claim_q is not None and cap_q < claim_q:
        return "capped: waits for headroom"
    return "restarts" if node.round == 0 else "agrees" if model.facts.mode else ""


def _budget(model: Model) -> list[Notice]:
    budget = model.budget
    found = [
        Notice(BAD, "headroom", (number,), f"{names(model, [number])} {what}: that cannot be")
        for number, what in sorted(budget.impossible.items())
        if number not in model.accused
    ]
    if budget.violations:
        text = f"the limit was broken {budget.violations:,} times, first: {budget.found[0][1]}"
        found.append(Notice(BAD, "limit", (), text))
    return found


def _broker(model: Model) -> list[Notice]:
    if model.broker_lost_us is not None:
        away_s = (model.t_us - model.broker_lost_us) / 1e6
        return [Notice(BAD, "broker", (), f"no broker for {away_s:.0f} s: nothing is heard")]
    heard = [node.heard_us for node in model.members() if node.heard]
    if heard and model.t_us - max(heard) > 2 * model.quiet_us:
        silent_s = (model.t_us - max(heard)) / 1e6
        return [Notice(BAD, "silence", (), f"nobody was heard for {silent_s:.0f} s")]
    return []


def _accused(model: Model) -> list[Notice]:
    return [
        Notice(
            BAD,
            "wrong",
            (number,),
            f"{model.nodes[number].id} is proved wrong, {one.findings:,} times: {one.what}",
        )
        for number, one in sorted(model.accused.items())
    ]


def _absent(model: Model) -> list[Notice]:
    if model.broker_lost_us is not None:
        return []  # said above: all are silent to us
    reasons: dict[str, list[int]] = {}
    for node in model.members():
        if not model.present(node):
            reasons.setdefault(node.why or ("silent" if node.heard else "never heard"), []).append(
                node.number
            )
    return [
        Notice(
            WARN if why == "disconnected" else BAD,
            "absent",
            tuple(numbers),
            f"{names(model, numbers)} absent: {why}",
        )
        for why, numbers in reasons.items()
    ]


def _links(model: Model) -> list[Notice]:
    """Inputs that nobody names any more although both ends are there."""
    found: list[Notice] = []
    if model.broker_lost_us is not None or model.t_us < model.broker_back_us + 2 * model.quiet_us:
        return found  # all come back one by one
    groups = model.parts()
    settled = {node.number for node in model.members() if _links_count(model, node)}
    if len(groups) > 1:
        found += [_part(model, group) for group in groups[1:] if settled.issuperset(group)]
    alone = {number for notice in found for number in notice.nodes}
    for a, b, ab, ba in model.links():
        if not {a.number, b.number} <= settled or {a.number, b.number} & alone:
            continue
        if not model.present(a) or not model.present(b) or (ab and ba):
            continue
        if not ab and not ba:
            text = f"{a.id} and {b.id} do not hear each other"
        else:
            deaf, mute = (b, a) if ab else (a, b)
            if deaf.held:
                continue  # it waits and so uses nobody: no sign that it does not hear
            text = f"{deaf.id} does not hear {mute.id}"
        found.append(Notice(WARN, "link", (a.number, b.number), text))
    return _gathered(model, found)


def _part(model: Model, group: list[int]) -> Notice:
    who = names(model, group)
    text = f"{who} are a part of their own" if len(group) > 1 else f"{who} hears no other node"
    return Notice(BAD, "parts", tuple(group), text)


def _gathered(model: Model, found: list[Notice]) -> list[Notice]:
    """Turn many dead links of one node into one sentence about it."""
    counts: dict[int, int] = {}
    for notice in found:
        if notice.name == "link":
            for number in notice.nodes:
                counts[number] = counts.get(number, 0) + 1
    out = []
    for number, count in sorted(counts.items(), key=lambda item: -item[1]):
        mine = [n for n in found if n.name == "link" and number in n.nodes]
        if count < 3 or len(mine) < 3:
            continue
        node = model.nodes[number]
        text = f"{node.id} and {len(mine)} of its {len(node.neighbours)} neighbours do not hear "
        text += "each other both ways"
        out.append(Notice(WARN, "links", (number,), text))
        found = [n for n in found if n not in mine]
    return out + found


def _links_count(model: Model, node: Node) -> bool:
    """Whether a node has been there for so long that a missing input means something."""
    if not node.heard or node.held:
        return node.heard
    return node.seq >= GRACE_PERIODS and node.round >= 1


def _far(model: Model) -> list[Notice]:
    """Nodes that stay far from all others when those have settled."""
    if model.facts.mode == "exact":
        return []
    epoch = model.epoch()
    there = [n for n in model.members() if n.heard and model.present(n) and n.epoch == epoch]
    settled = [node for node in there if node.round >= SETTLED_ROUNDS]
    if len(settled) < 4:
        return []
    middle_q = median(node.value_q for node in settled)
    half_q = median(abs(node.value_q - middle_q) for node in settled)
    lo_q, hi_q = model.facts.lo_q, model.facts.hi_q
    range_q = hi_q - lo_q if lo_q is not None and hi_q is not None else abs(middle_q)
    least_q = max(4.0, FAR_SPREADS * half_q, FAR_SHARE * range_q * (half_q > range_q / 50))
    return [
        Notice(
            WARN if node.liar else BAD,
            "far",
            (node.number,),
            f"{node.id} says {node.value_q:,}, half of the others {middle_q:,.0f} ± {half_q:,.0f}",
        )
        for node in settled
        if abs(node.value_q - middle_q) > least_q
        and node.number not in model.accused
        and not node.held  # that it stays where it was is said elsewhere
    ]


def _nodes(model: Model) -> list[Notice]:
    found = []
    held = [
        n.number
        for n in model.members()
        if n.heard and n.held and model.present(n) and n.round > HELD_ROUNDS
    ]
    if held:
        verb = "holds" if len(held) == 1 else "hold"
        text = f"{names(model, held)} {verb}: fewer than {model.facts.needed} fresh neighbours"
        found.append(Notice(WARN, "held", tuple(held), text))
    for node in model.members():
        account = node.account
        if account.contradictions:
            text = f"{node.id} contradicted itself {account.contradictions:,} times"
            found.append(Notice(BAD, "equivocation", (node.number,), text))
        if account.refused > max(2, account.frames // 100):
            text = f"{node.id}: {account.refused:,} of its payloads were no good frames"
            found.append(Notice(WARN, "refused", (node.number,), text))
        if node.resets:
            times = "once" if node.resets == 1 else f"{node.resets} times"
            text = f"{node.id} restarted {times}"
            found.append(Notice(WARN, "reset", (node.number,), text))
        high, size = node.heap()
        if high and size and high > HEAP_SHARE * size:
            text = f"{node.id} has used {high / size:.0%} of its heap"
            found.append(Notice(WARN, "heap", (node.number,), text))
    return found
