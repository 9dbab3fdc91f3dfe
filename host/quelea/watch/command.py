"""`quelea watch`: serve the live page of a run or of a broker's fleet until Ctrl-C."""

import contextlib
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from quelea.errors import EXIT_INTERRUPT, EXIT_OK, UserError
from quelea.journal import find_run
from quelea.journal.folder import ROOT

if TYPE_CHECKING:
    from quelea.watch.hub import Hub
    from quelea.watch.sources import JournalBack

LOOPBACK = "127.0.0.1"
BEGUN_S = 5.0  # for a run that has only just been started to have a journal
INSTALL = "pip install 'quelea[dash]'"


class Watched(NamedTuple):
    """What is served. back: looks back and explains, of a journal. act: of an emulated fleet."""

    hub: "Hub"
    back: "JournalBack | None" = None
    act: Callable[[dict[str, Any]], dict[str, Any]] | None = None


def command(
    run: Path | str | None = None,
    *,
    broker: str = "",
    fleet: str = "fleet",
    port: int = 0,
    allow_write: bool = False,
    blind: bool = False,
    open_page: bool = False,
    root: Path | str = ROOT,
    until_eof: bool = False,
) -> int:
    """Serve the page and return the exit status.

    run: a folder, a journal file or a name below root; None is the newest. broker: an address
    instead, with the fleet's name. port 0: a free one. allow_write: what the run's own process
    offers may be done from the page. blind: who lies and what was broken on purpose stays hidden.
    until_eof: end when standard input does, as the one who started us. UserError for others.
    """
    _require()
    watched = (
        _on_bus(broker, fleet, allow_write, blind)
        if broker
        else _on_run(find_run(run, root), allow_write, blind)
    )
    with _listen(port) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(18) if watched.act else ""
        url = f"http://{LOOPBACK}:{port}/" + (f"#{token}" if token else "")
        print(f"watching {watched.hub.about['where']}: {url}", file=sys.stderr, flush=True)
        if open_page:
            _open(url)
        watched.hub.start()
        try:
            return _serve(watched, listening, port, token, until_eof)
        finally:
            watched.hub.stop()
            if watched.back:
                watched.back.close()


def _on_bus(broker: str, fleet: str, allow_write: bool, blind: bool) -> Watched:
    if allow_write:
        what = "acts need the process that runs an emulated fleet; a broker has none"
        raise UserError(what, "--allow-write", "", "leave it out, or watch a run")
    from quelea.watch.bus import Bus
    from quelea.watch.hub import Hub

    source = Bus(broker, fleet, blind=blind)
    return Watched(Hub(source, {"kind": "bus", "where": source.where, "blind": blind}))


def _on_run(path: Path, allow_write: bool, blind: bool) -> Watched:
    from quelea.watch.control import Remote
    from quelea.watch.hub import Hub
    from quelea.watch.sources import JournalBack, follow_when_begun

    remote = Remote(path.parent) if allow_write else None
    follower = follow_when_begun(path, blind, BEGUN_S)
    where = path.resolve().parent.name
    about: dict[str, Any] = {"kind": "journal", "where": where, "look": True, "blind": blind}
    if remote is not None:
        about["acts"] = remote.offers()
    return Watched(Hub(follower, about), JournalBack(follower), remote.act if remote else None)


def _require() -> None:
    try:
        import starlette
        import uvicorn
    except ImportError as error:
        raise UserError(
            f"the live page needs {error.name}, which is not installed", remedy=INSTALL
        ) from None
    assert starlette and uvicorn


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        raise UserError(
            f"port {port} cannot be had: {getattr(error, 'strerror', None) or error}",
            "--port",
            "0 (a free one) to 65535",
            "leave --port out",
        ) from None


def _serve(
    watched: Watched, listening: socket.socket, port: int, token: str, until_eof: bool
) -> int:
    import uvicorn

    from quelea.watch.app import Page, application
    from quelea.watch.server import Server

    back = watched.back
    page = Page(
        watched.hub,
        look=back.look if back else None,
        why=back.why if back else None,
        act=watched.act,
    )
    config = uvicorn.Config(
        application(page, port, token),
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    if until_eof:
        threading.Thread(target=_await_eof, args=(server.end,), daemon=True).start()
    server.on_end = lambda: setattr(page, "stopping", True)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return EXIT_INTERRUPT if server.interrupted else EXIT_OK


def _await_eof(then: Callable[[], None]) -> None:
    """Call `then` when the one who started us closes our standard input, or dies."""
    with contextlib.suppress(OSError, ValueError):
        while sys.stdin.buffer.read(1024):
            pass
    then()


def _open(url: str) -> None:
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
