"""A board that was started: awaited at the broker, while its console says why it does not come."""

import time

from quelea.deploy.bus import Bus
from quelea.deploy.failure import BoardFailed, readable
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.line import Line

CONSOLE_BYTES_MAX = 8192  # the newest; what came before says nothing that this does not
LOOK_S = 0.2
SAYS = "quelea: "  # how every line of a node's own begins
REPEATS = 3  # a node that ends with the same sentence so often does so for ever

# what a node says when it has no broker: what that means, what to do
CAUSES = (
    (
        "rejected",
        "the broker refuses its password",
        "`quelea enroll`, then deploy again",
    ),
    ("refused", "nobody listens at the broker's address", "start the broker, correct [broker]"),
    ("unresolved", "the broker's name has no address", "write its IP address in [broker]"),
    ("timeout", "the broker does not answer", "look whether the board's network reaches it"),
    ("closed", "the broker ends the connection", "read the broker's log"),
)


class Console:
    """The last of what a board printed."""

    def __init__(self) -> None:
        self._text = bytearray()

    def take(self, data: bytes) -> None:
        """Add what came."""
        self._text += data
        del self._text[:-CONSOLE_BYTES_MAX]

    def lines(self) -> list[str]:
        """Return its whole lines; what a node says begins where it does, whatever came before."""
        text = bytes(self._text).decode(errors="replace").replace("\r", "\n")
        rows = [line.strip() for line in text.split("\n")[:-1] if line.strip()]
        return [row[row.find(SAYS) :] if SAYS in row else row for row in rows]

    def problem(self) -> BoardFailed | None:
        """Return why the node ends again and again, or nothing for one that runs."""
        lines = self.lines()
        for line in reversed(lines):
            faulty = line.startswith(SAYS) and not line.startswith(SAYS + "no broker")
            if faulty and lines.count(line) >= REPEATS:
                remedy = "run the command that it names, or correct fleet.toml and deploy again"
                return BoardFailed(
                    f"the node does not start: {readable(line[len(SAYS) :])}", "", remedy
                )
        return None

    def said(self) -> tuple[str, str, str]:
        """Return (what, why, remedy) of a node that is not ready, by its last words."""
        lines = self.lines()
        for line in reversed(lines):
            for word, what, remedy in CAUSES:
                if line.startswith(SAYS + "no broker") and word in line:
                    return what, readable(line), remedy
            if line.startswith(SAYS):
                return readable(line[len(SAYS) :]), "", "correct what it says and deploy again"
            if "Error" in line or "Exception" in line:
                return f"the node ended: {readable(line)}", "", "`quelea deploy` again; report it"
        last = readable(lines[-1]) if lines else "it printed nothing"
        return "it is not ready at the broker", last, "`mpremote connect PORT repl` shows more"


def await_ready(
    bus: Bus, line: Line, fleet: BoardFleet, node_id: str, before: int, ready_s: float
) -> float:
    """Return the seconds until a node is ready in a new session; BoardFailed says why it is not.

    before: its session until now, 0 for none.
    """
    console = Console()
    started_s = time.monotonic()
    heard = True
    while time.monotonic() < started_s + ready_s:
        if bus.ready(node_id, before):
            return time.monotonic() - started_s
        try:
            if heard:
                console.take(line.read(LOOK_S))
            else:
                bus.wait(LOOK_S)
        except BoardFailed:
            heard = False  # a USB port of the chip itself goes with the reset; the broker will say
        problem = console.problem()
        if problem is not None:
            raise problem
    what, why, remedy = console.said()
    place = f"{fleet.tables.host}:{fleet.tables.port}"
    raise BoardFailed(
        f"not ready after {ready_s:g} s: {what}", f"{why}; its broker is {place}", remedy
    )
