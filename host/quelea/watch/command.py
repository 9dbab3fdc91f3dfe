"""`quelea watch`: serve the live page of a run or of a broker's fleet until Ctrl-C."""

import contextlib
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quelea.errors import EXIT_INTERRUPT, EXIT_OK, UserError
from quelea.journal import find_run
from quelea.journal.folder import ROOT

LOOPBACK = "127.0.0.1"
BEGUN_S = 5.0  # for a run that has only just been started to have a journal
INSTALL = "pip install 'quelea[dash]'"


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
    from quelea.watch.app import Page
    from quelea.watch.hub import Hub, Source
    from quelea.watch.sources import JournalBack, follow_when_begun

    control = None
    back = None
    source: Source
    if broker:
        if allow_write:
            what = "acts need the process that runs an emulated fleet; a broker has none"
            raise UserError(what, "--allow-write", "", "leave it out, or watch a run")
        from quelea.watch.bus import Bus

        source = Bus(broker, fleet, blind=blind)
        about: dict[str, Any] = {"kind": "bus", "where": source.where}
    else:
        path = find_run(run, root)
        follower = follow_when_begun(path, blind, BEGUN_S)
        source = follower
        back = JournalBack(follower)
        about = {"kind": "journal", "where": path.resolve().parent.name, "look": True}
        if allow_write:
            from quelea.watch.control import Remote

            control = Remote(path.parent)
            about["acts"] = control.offers()
    hub = Hub(source, about | {"blind": blind})
    page = Page(
        hub,
        look=back.look if back else None,
        why=back.why if back else None,
        act=control.act if control else None,
    )
    with _listen(port) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(18) if control else ""
        url = f"http://{LOOPBACK}:{port}/" + (f"#{token}" if token else "")
        print(f"watching {about['where']}: {url}", file=sys.stderr, flush=True)
        if open_page:
            _open(url)
        hub.start()
        try:
            return _serve(page, listening, port, token, until_eof)
        finally:
            hub.stop()
            if back:
                back.close()


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


def _serve(page: Any, listening: socket.socket, port: int, token: str, until_eof: bool) -> int:
    import uvicorn

    from quelea.watch.app import application
    from quelea.watch.server import Server

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
