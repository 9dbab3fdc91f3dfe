"""The network of the rule `policy`: the one that ships, or a file of one's own."""

from pathlib import Path

from quelea_agent.choice.policy import loaded

from quelea.errors import UserError

SHIPPED = Path(__file__).parent / "networks" / "story.qnn"
RULE = "policy"


def read(path: Path | None = None) -> bytes:
    """Return the file, checked as a board checks it; UserError if it cannot be used."""
    path = path or SHIPPED
    try:
        file = path.read_bytes()
    except OSError as error:
        raise UserError("the policy cannot be read", str(path), error.strerror or "") from None
    _, problem = loaded(file)
    if problem:
        raise UserError(
            "a board would refuse this policy", str(path), problem,
            "`quelea train policy --env story --export FILE` writes one",
        )  # fmt: skip
    return file
