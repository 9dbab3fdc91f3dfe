"""The one list of what is flashed: read by the build, by fleets of processes and by the tests.

Every board gets the core; a part beside it is flashed where the fleet's configuration needs it.
"""

metadata(description="A node of a Quelea fleet", version="0.1.0")  # noqa: F821
options.defaults(  # noqa: F821
    sharing=False,  # a limit that the fleet shares
    members=False,  # the same, and members may come and go
    floors=False,  # beside it: documents that change floors
    agreed=False,  # beside either: the policy whose water level the fleet agrees on
    cadence=False,  # fewer frames while nothing changes
    story=False,  # offloading to shared servers, by choice
    learning=False,  # the story with tables that learn
    cluster=False,  # a fleet of clusters, delegates between them
    spiking=False,  # integrate-and-fire networks
    serving=False,  # models held and requests answered, by lease
    traffic=False,  # an intersection's signals
    federated=False,  # training together, without a server
    tls=False,  # certificates; the image must have MicroPython's `tls`
    auth=False,  # tags on frames, by keys of pairs or of the fleet
    drivers=False,  # current clamps, relays, PWM, control pilots
    update=False,  # signed documents, updates over the air
)

package(  # noqa: F821
    "quelea_proto",
    (
        "__init__.py",
        "crc.py",
        "fixed.py",
        "flows.py",
        "frames.py",
        "limits.py",
        "rules/__init__.py",
        "rules/clipped_wmsr.py",
        "rules/mean.py",
        "rules/median.py",
        "rules/midpoint.py",
        "rules/trim_and_clip.py",
        "rules/trimmed_mean.py",
        "rules/wmsr.py",
        "sorting.py",
        "topics.py",
    ),
    base_path="../shared",
)
package(  # noqa: F821
    "quelea_agent",
    (
        "__init__.py",
        "agent.py",
        "consensus.py",
        "counters.py",
        "demand.py",
        "link.py",
        "neighbours.py",
        "outbox.py",
        "report.py",
        "settings.py",
        "port/__init__.py",
        "port/backlog.py",
        "port/client.py",
        "port/config.py",
        "port/console.py",
        "port/enrolled.py",
        "port/esp32.py",
        "port/heap.py",
        "port/mqtt.py",
        "port/packets.py",
        "port/run.py",
        "port/sensors.py",
        "port/session.py",
        "port/store.py",
        "port/tcp.py",
        "port/unix.py",
        "port/which.py",
    ),
)
if options.sharing or options.members:  # noqa: F821
    package("quelea_proto", ("headroom_row.py",), base_path="../shared")  # noqa: F821
    package(  # noqa: F821
        "quelea_agent",
        (
            "allocation.py",
            "headroom.py",
            "ledger.py",
            "load.py",
            "policies/__init__.py",
            "policies/max_min.py",
            "policies/proportional.py",
            "sharing.py",
            "port/share.py",
        ),
    )
if options.members:  # noqa: F821
    package(  # noqa: F821
        "quelea_proto", ("members_doc.py", "pulse_row.py"), base_path="../shared"
    )
    package(  # noqa: F821
        "quelea_agent", ("books.py", "members.py", "membership.py", "mirror.py", "port/members.py")
    )
if options.floors:  # noqa: F821
    package("quelea_agent", ("floors.py",))  # noqa: F821
if options.agreed:  # noqa: F821
    package("quelea_agent", ("policies/max_min_agreed.py", "port/agreed.py"))  # noqa: F821
if options.story or options.learning or options.serving or options.federated:  # noqa: F821
    package("quelea_proto", ("draws.py",), base_path="../shared")  # noqa: F821
if options.story or options.learning:  # noqa: F821
    package(  # noqa: F821
        "quelea_proto", ("lease_row.py", "rumour_row.py"), base_path="../shared"
    )
    package(  # noqa: F821
        "quelea_agent",
        (
            "choice/__init__.py",
            "choice/at_random.py",
            "choice/best.py",
            "choice/damped.py",
            "choice/greedy.py",
            "choice/patient.py",
            "choice/regret.py",
            "chooser.py",
            "offload.py",
            "rumours.py",
            "port/story.py",
        ),
    )
if options.learning:  # noqa: F821
    package(  # noqa: F821
        "quelea_agent",
        ("choice/policy.py", "choice/q_learning.py", "dense_native.py", "q_table.py"),
    )
if options.learning or options.serving:  # noqa: F821
    package("quelea_agent", ("dense.py",))  # noqa: F821
if options.cadence:  # noqa: F821
    package(  # noqa: F821
        "quelea_agent",
        ("cadence.py", "hush.py", "port/again.py", "port/lookout.py", "surge.py"),
    )
if options.cluster:  # noqa: F821
    package(  # noqa: F821
        "quelea_proto", ("cluster_row.py", "weighted.py"), base_path="../shared"
    )
    package("quelea_agent", ("cluster.py", "voices.py", "port/cluster.py"))  # noqa: F821
if options.spiking:  # noqa: F821
    package("quelea_agent", ("spiking.py",))  # noqa: F821
if options.spiking and not options.cadence:  # noqa: F821
    package("quelea_agent", ("surge.py",))  # noqa: F821
if options.tls:  # noqa: F821
    package("quelea_agent", ("port/tls_wire.py",))  # noqa: F821
if options.auth:  # noqa: F821
    package("quelea_agent", ("port/auth.py",))  # noqa: F821
if options.drivers:  # noqa: F821
    package(  # noqa: F821
        "quelea_agent",
        (
            "port/drivers/__init__.py",
            "port/drivers/clamp.py",
            "port/drivers/pilot.py",
            "port/drivers/pwm.py",
            "port/drivers/relay.py",
        ),
    )
if options.update:  # noqa: F821
    module("start.py")  # noqa: F821
    package(  # noqa: F821
        "quelea_agent",
        (
            "port/fetch.py",
            "port/files.py",
            "port/release.py",
            "port/safe.py",
            "port/signed.py",
            "port/trust.py",
            "port/update.py",
        ),
    )
if options.serving:  # noqa: F821
    package(  # noqa: F821
        "quelea_proto", ("request_row.py", "serving_row.py"), base_path="../shared"
    )
    package(  # noqa: F821
        "quelea_agent",
        (
            "lending.py",
            "placing.py",
            "serving.py",
            "port/desk.py",
            "port/serving.py",
        ),
    )
if options.traffic:  # noqa: F821
    package("quelea_proto", ("claim_row.py",), base_path="../shared")  # noqa: F821
    package(  # noqa: F821
        "quelea_agent", ("crossing.py", "neighbourhood.py", "port/traffic.py", "signal_head.py")
    )
if options.federated:  # noqa: F821
    package("quelea_proto", ("parcel_row.py",), base_path="../shared")  # noqa: F821
    package(  # noqa: F821
        "quelea_agent",
        ("federated.py", "gradients.py", "port/federated.py", "samples.py", "softmax.py"),
    )
if (
    options.federated  # noqa: F821
    or options.learning  # noqa: F821
    or options.serving  # noqa: F821
    or options.story  # noqa: F821
    or options.traffic  # noqa: F821
):
    package("quelea_agent", ("port/loop.py",))  # noqa: F821
module("main.py")  # noqa: F821
