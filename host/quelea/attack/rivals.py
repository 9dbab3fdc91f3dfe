"""What is claimed of the rule for sampled fleets, against the best known of each cell."""

from quelea.attack.table import Table

SAMPLED = "clipped-wmsr"  # what `auto` takes for fleets that no certificate covers
RIVALS = ("wmsr", "midpoint", "CS+", "trim-and-clip")
RATIO_MAX = 1.1  # of the least worst error among the rivals
SLACK = 0.005  # half a percent of the initial spread: what a seed moves
CAPTURED_MAX = 0.1  # of the honest nodes, under the worst attack


def checks(table: Table) -> list[dict[str, object]]:
    """Return what is claimed of SAMPLED against the rivals, where all of them were run."""
    found: list[dict[str, object]] = []
    for setting in table.settings:
        if not {*RIVALS, SAMPLED} <= set(table.rules_in(setting)):
            continue
        for share in table.shares:
            worst = {rule: table.worst(setting, share, rule) for rule in RIVALS}
            error = min(one.error for one in worst.values())
            ours = table.worst(setting, share, SAMPLED)
            rows = (
                ("error", ours.error, RATIO_MAX * error + SLACK),
                ("captured", ours.captured, CAPTURED_MAX),
            )
            for what, value, bound in rows:
                found.append(
                    {
                        "name": f"{SAMPLED}, {setting}, {share:.0%} liars, worst {what}",
                        "ok": value <= bound,
                        "value": round(100 * value, 3),
                        "bound": round(100 * bound, 3),
                        "unit": "%",
                    }
                )
    return found


def misses(table: Table, rule: str) -> tuple[list[tuple[str, float, str]], int]:
    """Return the cells where a rule is behind the best rival, and how many could be compared.

    Behind: its error is over RATIO_MAX times the least of the rivals', and SLACK more.
    """
    found: list[tuple[str, float, str]] = []
    compared = 0
    for setting in table.settings:
        if not {*RIVALS, rule} <= set(table.rules_in(setting)):
            continue
        for share in table.shares:
            for attack in table.attacks:
                compared += 1
                best = min(table.cells[setting, share, attack, one].error for one in RIVALS)
                error = table.cells[setting, share, attack, rule].error
                if error > RATIO_MAX * best + SLACK:
                    found.append((setting, share, attack))
    return found, compared


def misses_text(table: Table) -> str:
    """Return how often each rule is behind the best rival, and where SAMPLED is; may be empty."""
    found, compared = misses(table, SAMPLED)
    if not compared:
        return ""
    rules = (SAMPLED, *RIVALS)
    counts = ", ".join(f"{rule} {len(misses(table, rule)[0])}" for rule in rules)
    lines = [
        f"Attack by attack, cells of {compared} whose error is over {RATIO_MAX:g} times the best "
        f"of {', '.join(RIVALS)} and {100 * SLACK:g} % more: {counts}."
    ]
    lines += [f"  {SAMPLED}: {setting}, {share:.0%}, {attack}" for setting, share, attack in found]
    return "\n".join([*lines, "", ""])
