"""Which instruction set runs, decided once at import: the processor's best, or QUELEA_ISA."""

import os

from quelea_proto import limits

from quelea.errors import UserError
from quelea.kernels import _core

ISAS: tuple[str, ...] = ("avx512", "avx2", "portable")  # fastest first


class StaleKernels(UserError):
    """The kernels were built from other limits; no ImportError, so never hidden."""


def choose(wish: str) -> str:
    """Switch to the instruction set named wish ("" the fastest); return the one in use."""
    if wish and wish not in ISAS:
        raise UserError(
            f"{wish!r} is no instruction set",
            "QUELEA_ISA",
            f"allowed: {', '.join(ISAS)}",
            "unset it to take the fastest",
        )
    used = _core.use(wish)
    if not used:
        able = ", ".join(name for name in ISAS if _core.available(name))
        raise UserError(
            f"{wish} cannot run here",
            "QUELEA_ISA",
            "the processor lacks it, or the build was made by a compiler that does",
            f"take one of: {able}",
        )
    return used


def check_limits() -> None:
    """Refuse to go on with kernels built from other bounds than the protocol's."""
    built = _core.limits()
    protocol = (limits.SUM_VALUES_MAX, limits.FAULTS_MAX, limits.Q_MAX)
    if built != protocol:
        raise StaleKernels(
            f"the kernels were built for the bounds {built}, the protocol has {protocol}",
            "quelea.kernels",
            remedy="change host/quelea/kernels/src/kernel.h and run `make env`",
        )


check_limits()
ISA: str = choose(os.environ.get("QUELEA_ISA", ""))
