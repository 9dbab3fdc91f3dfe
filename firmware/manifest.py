"""The one list of what is flashed: read by the build, by fleets of processes and by the tests."""

metadata(description="A node of a Quelea fleet", version="0.1.0")  # noqa: F821

package("quelea_proto", base_path="../shared")  # noqa: F821
package(  # noqa: F821
    "quelea_agent",
    (
        "__init__.py",
        "agent.py",
        "allocation.py",
        "consensus.py",
        "counters.py",
        "demand.py",
        "headroom.py",
        "ledger.py",
        "link.py",
        "load.py",
        "neighbours.py",
        "outbox.py",
        "policies/__init__.py",
        "policies/max_min.py",
        "policies/proportional.py",
        "report.py",
        "settings.py",
        "sharing.py",
        "port/__init__.py",
        "port/backlog.py",
        "port/client.py",
        "port/config.py",
        "port/console.py",
        "port/esp32.py",
        "port/heap.py",
        "port/mqtt.py",
        "port/packets.py",
        "port/run.py",
        "port/sensors.py",
        "port/session.py",
        "port/share.py",
        "port/store.py",
        "port/tcp.py",
        "port/unix.py",
    ),
)
module("main.py")  # noqa: F821
