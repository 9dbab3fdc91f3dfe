"""Certificates of an authority's folder: which end soon, and who was shut out."""

from collections.abc import Iterator

from quelea.secure import certificates
from quelea.secure.ca import Authority
from quelea.secure.doctor.finding import ERROR, NOTE, OK, WARNING, Finding

SOON_DAYS = 60.0


def look(authority: Authority) -> Iterator[Finding]:
    """Yield one finding for each certificate that ends, and one for all others."""
    bad = 0
    for name, left in [("ca", certificates.days_left(authority.certificate)), *_days(authority)]:
        if left > SOON_DAYS:
            continue
        bad += 1
        remedy = f"`quelea ca issue --renew {name}`, then copy its files"
        if left <= 0:
            yield Finding(
                "certificate", ERROR, f"{name}: ran out {-left:.0f} days ago", remedy, name
            )
        else:
            yield Finding("certificate", WARNING, f"{name}: {left:.0f} days left", remedy, name)
    revoked = sorted({one.id for one in authority.issued if one.revoked})
    if revoked:
        yield Finding("revoked", NOTE, f"revoked: {', '.join(revoked)}")
    if not bad:
        yield Finding("certificates", OK, f"none ends within {SOON_DAYS:.0f} days")
    for name in ("ca.key.pem", "sign.key.pem", "master.key"):
        mode = (authority.folder / name).stat().st_mode & 0o077
        if mode:
            yield Finding("private", ERROR, f"{name} can be read by others", f"chmod 600 {name}")


def _days(authority: Authority) -> list[tuple[str, float]]:
    valid = [one for one in authority.issued if not one.revoked]
    return [(one.id, authority.days_left(one)) for one in valid]
