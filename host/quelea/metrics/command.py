"""`quelea metrics` as a function; the command line only hands arguments over."""

import sys
from pathlib import Path

from quelea.errors import EXIT_INTERRUPT, UserError
from quelea.journal import find_run
from quelea.journal.folder import ROOT
from quelea.top.views import Source

BEGUN_S = 5.0  # for a run that has only just been started to have a journal
PORT = 9464
INSTALL = "pip install 'quelea[dash]'"


def command(
    run: Path | str | None = None,
    *,
    broker: str = "",
    fleet: str = "fleet",
    host: str = "127.0.0.1",
    port: int = PORT,
    per_node: int = 0,
    root: Path | str = ROOT,
) -> int:
    """Serve a run's figures until Ctrl-C; return the exit status.

    run: a folder, a journal file or a name below root; None is the newest. broker: an address
    instead, with the fleet's name. per_node: series of single nodes for fleets of up to so many.
    """
    try:
        from quelea.metrics.collect import Collector
        from quelea.metrics.server import Server
    except ImportError as error:
        raise UserError(
            f"metrics need {error.name}, which is not installed", remedy=INSTALL
        ) from None
    source: Source
    path = None
    if broker:
        from quelea.watch.bus import Bus

        source = Bus(broker, fleet, blind=True)
    else:
        from quelea.watch.sources import follow_when_begun

        path = find_run(run, root)
        source = follow_when_begun(path, True, BEGUN_S)  # operators are not told who lies
    collector = Collector(source, per_node, path)
    collector.turn()
    try:
        with Server(collector, host, port) as server:
            collector.start()
            shown = server.server_address[1]
            print(f"http://{host}:{shown}/metrics and /healthz", file=sys.stderr, flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        collector.stop()
    return EXIT_INTERRUPT
