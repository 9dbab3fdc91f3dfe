"""Dissensus: cancels, for each neighbour, the pull of its honest neighbours.

He, Karimireddy and Jaggi, "Byzantine-robust decentralized learning via ClippedGossip", 2022:
x - eps * sum of w (x_j - x) over the honest, divided by the liars' weight. Weights are equal
here; without the graph the honest values known stand for the neighbour's neighbours.
`eps_tenths` (default 15): above 10 the honest pull is outdone.
"""

DIRECT = True
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return x - eps * (honest pull on x) / liars for the neighbour's value x, in the range."""
    peer_q = view.peer_q(slot)
    liars = max(1, view.agent.settings.faults_max)
    honest = max(1, len(view.agent.settings.numbers) - liars)
    pull_q = (view.mean_q() - peer_q) * honest // liars
    return view.inside(peer_q - pull_q * view.options.get("eps_tenths", 15) // 10)
