"""Which backend runs: the compiled one if it is there and fits, else the plain-Python twin.

QUELEA_REFERENCE=python      the twin, whatever is built
QUELEA_REFERENCE=cython      the compiled one or an error
QUELEA_REQUIRE_CYTHON=1      the same, for runs that must not fall back in silence
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from quelea_proto import limits

from quelea.errors import UserError

MODULES = (
    "codec", "rules", "flows", "pace", "peers", "machine", "frames", "policy", "q_table", "softmax"
)  # fmt: skip
BUILD = "run `make env`, which builds the extension (it needs a C compiler)"


class MissingExtension(UserError, ImportError):
    """The compiled reference was required and is not built."""


class StaleExtension(UserError):
    """The compiled reference was built from other limits; no ImportError, so never hidden."""


def wanted(environ: Mapping[str, str]) -> str:
    """Return "python", "cython" or "" (either) as the environment says."""
    choice = environ.get("QUELEA_REFERENCE", "")
    if choice not in ("", "python", "cython"):
        raise UserError(
            f"{choice!r} is no backend", "QUELEA_REFERENCE", "allowed: python, cython", "unset it"
        )
    required = environ.get("QUELEA_REQUIRE_CYTHON", "") not in ("", "0")
    if required and choice == "python":
        raise UserError(
            "the twin is asked for and the compiled reference required",
            "QUELEA_REFERENCE, QUELEA_REQUIRE_CYTHON",
            remedy="unset one of the two",
        )
    return "cython" if required else choice


def compare(name: str, compiled: Mapping[str, int]) -> None:
    """Raise StaleExtension if a limit compiled into this module is not what it is now."""
    for limit, value in compiled.items():
        now = getattr(limits, limit, None)
        if now != value:
            raise StaleExtension(
                f"compiled with {limit} = {value}, but quelea_proto.limits says {now}",
                name,
                "an extension of other limits would compute other results",
                BUILD,
            )


def _backend(package: str) -> dict[str, ModuleType]:
    modules = {name: import_module(f"quelea.reference.{package}.{name}") for name in MODULES}
    for module in modules.values():
        compare(module.__name__, module.COMPILED)
    return modules


def choose(environ: Mapping[str, str]) -> tuple[str, dict[str, ModuleType]]:
    """Return ("cython" or "python", its modules by name)."""
    want = wanted(environ)
    if want != "python":
        try:
            return "cython", _backend("compiled")
        except ModuleNotFoundError as error:  # any other ImportError is a broken build: not hidden
            if not (error.name or "").startswith("quelea.reference.compiled"):
                raise
            if want == "cython":
                raise MissingExtension(
                    "the compiled reference is required and is not built",
                    "QUELEA_REQUIRE_CYTHON",
                    f"no module {error.name}",
                    BUILD,
                ) from error
    return "python", _backend("twin")
