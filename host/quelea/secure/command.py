"""`quelea ca`: a fleet's authority: make it, issue, revoke, list, deliver to the boards."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from quelea.errors import EXIT_OK, UserError
from quelea.secure import ca
from quelea.secure.ca import Authority

VERBS = ("init", "issue", "revoke", "list", "deliver")


def command(
    verb: str,
    names: Sequence[str],
    folder: Path,
    broker: Sequence[str],
    days: int,
    host: bool,
    renew: bool,
    auth: str,
    as_json: bool,
) -> int:
    """Do one verb; UserError for what cannot be."""
    if verb == "init":
        if len(names) != 1:
            raise UserError("one name of a fleet is needed", "FLEET", remedy="quelea ca init demo")
        authority = ca.create(folder, names[0], list(broker) or ["localhost", "127.0.0.1"])
        _say(f"authority of {authority.fleet} in {folder}: keep ca.key.pem, sign.key.pem and")
        _say("master.key off every network; whoever has them is the fleet.")
        _say(f"the broker: mosquitto -c {authority.folder / 'broker' / 'mosquitto.conf'}")
    elif verb == "deliver":
        from quelea.secure.deliver import deliver

        if len(names) != 1:
            raise UserError("one fleet.toml is needed", "FLEET", remedy="quelea ca deliver FILE")
        authority = Authority(folder)
        deliver(authority, names[0], auth)
        _say("secrets.toml has the keys of every node; `quelea enroll` gives them to the boards")
    elif verb in ("issue", "revoke", "list"):
        authority = Authority(folder)
        if verb != "list" and not names:
            raise UserError(f"whom to {verb}", "ID", remedy=f"quelea ca {verb} n01 n02")
        if verb == "issue":
            _issue(authority, names, ca.HOST if host else ca.NODE, days, renew)
        elif verb == "revoke":
            for name in names:
                authority.revoke(name)
                _say(f"{name}: revoked; copy broker/crl.pem to the broker and restart it")
    else:
        raise UserError(f"{verb!r} is no verb of `quelea ca`", "VERB", ", ".join(VERBS))
    _list(authority, as_json)
    return EXIT_OK


def _issue(authority: Authority, names: Sequence[str], role: str, days: int, renew: bool) -> None:
    if not 1 <= days <= ca.AUTHORITY_DAYS:
        raise UserError(f"{days} days", "--days", f"1 to {ca.AUTHORITY_DAYS}")
    for name in names:
        ca.check_id(name, role)  # all before the first
    for name in names:
        if renew and authority.valid(name) is not None:
            authority.revoke(name)
        if authority.issue(name, role, days):
            _say(f"{name}: files in {authority.place(role, name)}")
        else:
            _say(f"{name}: has a certificate already; --renew revokes it and makes another")


def _list(authority: Authority, as_json: bool) -> None:
    rows = [
        {
            "id": one.id,
            "role": one.role,
            "serial": f"{one.serial:x}",
            "not_after": one.not_after,
            "revoked": one.revoked,
        }
        for one in authority.issued
    ]
    if as_json:
        print(json.dumps({"verdict": True, "checks": [], "results": rows}))
    for row in rows:
        state = "revoked" if row["revoked"] else f"until {str(row['not_after'])[:10]}"
        _say(f"  {row['role']:6} {row['id']:16} {state}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
