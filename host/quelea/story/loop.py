"""The world of the story, round by round: agents, servers, gossip with loss. Integers only.

In MicroPython's subset, so that the very same fleet runs on every runtime and can be compared bit
by bit. The agents and the servers' leases are the firmware's own modules; here is only what lies
between them: how much an overloaded server still does, and which messages are lost.

An overloaded server loses part of its work to its overload (congestive collapse): with capacity C
it serves C / (1 + kappa (L - C) / C) of a load L > C.
"""

from quelea_agent.chooser import Chooser, Plan
from quelea_agent.offload import Offload
from quelea_proto.draws import Draws
from quelea_proto.fixed import part

from quelea.story import lies

UNIT_Q = 64  # q a unit of demand or capacity
LOSS_OF_32768 = 3277  # a tenth of the messages are lost
CLAIM_Q_MAX = 200 * UNIT_Q  # more than a tenth of the demand is no demand
WORLD_LANE = 65535  # the world's own stream of draws, which no agent has


class Setup:
    """What a run starts from; all in q. numbers are 1 .. n, lists by number - 1.

    neighbours: for each agent the ascending numbers. liars: numbers. kappa_percent: 100 as in S50.
    """

    def __init__(  # type: ignore[no-untyped-def]
        self, demands_q, allowed, neighbours, capacities_q, seed: int,
        kappa_percent: int = 100,
    ) -> None:  # fmt: skip
        self.demands_q = demands_q
        self.allowed = allowed
        self.neighbours = neighbours
        self.capacities_q = capacities_q
        self.seed = seed
        self.kappa_percent = kappa_percent


class Loop:
    """After each round(): goodput_q, overloaded, overasked, messages, moves, servers, served_q.

    own_clocks: False: all choose at the same moment. True: each at its own of the period, which
    stays, as nodes do that were switched on at any time; it sees what is then.
    """

    def __init__(self, setup, own_clocks: bool = False) -> None:  # type: ignore[no-untyped-def]
        self.setup = setup
        self.own_clocks = own_clocks
        self.capacities_q = list(setup.capacities_q)
        self.kappa_percent = setup.kappa_percent
        self.draws = Draws(setup.seed, WORLD_LANE)
        self.agents = []
        self.offloads = []
        for capacity_q in self.capacities_q:
            self.offloads.append(Offload(capacity_q, CLAIM_Q_MAX))
        count = len(setup.demands_q)
        for i in range(count):
            plan = Plan(
                i + 1, tuple(setup.neighbours[i]), tuple(setup.capacities_q),
                tuple(setup.allowed[i]), setup.demands_q[i], setup.seed,
            )  # fmt: skip
            self.agents.append(Chooser(plan, 1))
        self.lie = None
        self.sly = False
        self.lying = [False] * count
        self.order = list(range(count))
        self.servers = [agent.server for agent in self.agents]
        self.sent_q = [0] * count
        self.served_q = [0] * count
        self.loads_q = [0] * len(self.capacities_q)  # what is sent to each server
        self.rounds = 0
        self.goodput_q = 0
        self.overloaded = 0  # servers that are sent more than they have
        self.overasked = 0  # servers that are asked for more than they have
        self.messages = 0
        self.moves = 0
        self._granted_q = [0] * count
        if own_clocks:
            self.draws.shuffle(self.order)

    # -- what the story does to the fleet ------------------------------------------------------
    def use(self, rule: str, throttled: bool, checked: bool, adaptive: bool) -> None:
        """Give every agent a rule of choice; coordination is switched on and off by this alone."""
        for agent in self.agents:
            agent.use(rule, throttled, checked, adaptive)

    def lie_as(self, name: str, numbers) -> None:  # type: ignore[no-untyped-def]
        """From now on these numbers lie in this way; no number: nobody does."""
        self.lie = lies.find(name)
        self.sly = name == "sly"
        for i in range(len(self.lying)):
            self.lying[i] = i + 1 in numbers

    def resize(self, server: int, capacity_q: int) -> None:
        """Change what a server can do; everybody knows capacities, as in S50."""
        self.capacities_q[server] = capacity_q
        self.offloads[server].resize(capacity_q)
        for agent in self.agents:
            agent.resize(server, capacity_q)

    # -- a round -------------------------------------------------------------------------------
    def round(self) -> None:
        """Choose, ask, serve, answer, gossip: all at once, or one after the other."""
        self.rounds += 1
        self.moves = 0
        self.messages = 0
        for offload in self.offloads:
            offload.tick()
        if self.own_clocks:
            for i in self.order:
                self._turn(i)
            serve(self)
            return
        for i in range(len(self.agents)):
            self._choose(i)
        self.draws.shuffle(self.order)
        for i in self.order:
            self._ask(i)
        serve(self)
        for i in range(len(self.agents)):
            offload = self.offloads[self.servers[i]]
            self.agents[i].answered(offload.asked_q, self._granted_q[i])
        self.draws.shuffle(self.order)
        for i in self.order:
            self._gossip(i)

    def _turn(self, i: int) -> None:
        """Let one agent do its round: what it is told of its server is what is so now."""
        self._choose(i)
        self._ask(i)
        self.agents[i].answered(self.offloads[self.servers[i]].asked_q, self._granted_q[i])
        self._gossip(i)

    def _choose(self, i: int) -> None:
        server = self.agents[i].choose()
        if server != self.servers[i]:
            self.offloads[self.servers[i]].release(i + 1)
            self.servers[i] = server
            self.moves += 1

    def _ask(self, i: int) -> None:
        """Ask the server; a grant is acted on at once, as an answer is."""
        agent = self.agents[i]
        offload = self.offloads[self.servers[i]]
        granted_q = offload.ask(i + 1, agent.demand_q, agent.lease.held_q)
        self._granted_q[i] = granted_q
        self.sent_q[i] = granted_q if agent.throttled else agent.demand_q

    def _gossip(self, i: int) -> None:
        """Push to one neighbour, which answers, if there is something to say."""
        agent = self.agents[i]
        slot = agent.speak()
        if slot < 0:
            return
        other = agent.plan.numbers[slot] - 1
        self._forge(i, other)
        if self._arrives() and self.agents[other].hear(i + 1, agent.row):
            self._forge(other, i)
            if self._arrives():
                agent.hear(other + 1, self.agents[other].row)

    def _arrives(self) -> bool:
        """Count a message; return whether it comes through."""
        self.messages += 1
        return self.draws.next() >= LOSS_OF_32768

    def _forge(self, i: int, receiver: int) -> None:
        if self.lie is not None and self.lying[i]:
            truths_q = [offload.asked_q for offload in self.offloads]
            spared = self.servers[receiver] if self.sly else -1
            lies.forge(
                self.agents[i].row, self.lie, self.capacities_q, truths_q, spared, self.rounds,
                self.draws,
            )  # fmt: skip


def serve(world) -> None:  # type: ignore[no-untyped-def]
    """Let what is sent meet the capacities: loads_q, goodput_q, served_q, overloaded, overasked.

    world: a Loop, or the host's side of a fleet of processes, which has the same columns.
    """
    loads_q = world.loads_q
    for server in range(len(loads_q)):
        loads_q[server] = 0
    for i in range(len(world.servers)):
        loads_q[world.servers[i]] += world.sent_q[i]
    world.goodput_q = 0
    world.overloaded = 0
    world.overasked = 0
    all_done_q = []
    for server in range(len(loads_q)):
        capacity_q = world.capacities_q[server]
        all_done_q.append(done_q(loads_q[server], capacity_q, world.kappa_percent))
        world.goodput_q += all_done_q[server]
        if loads_q[server] > capacity_q:
            world.overloaded += 1
        if world.offloads[server].asked_q > capacity_q:
            world.overasked += 1
    for i in range(len(world.servers)):
        server = world.servers[i]
        sent_q = world.sent_q[i]
        if loads_q[server] > all_done_q[server]:
            sent_q = part(all_done_q[server], sent_q, loads_q[server])
        world.served_q[i] = sent_q


def done_q(load_q: int, capacity_q: int, kappa_percent: int) -> int:
    """Return what a server does of a load, in q."""
    if load_q <= capacity_q:
        return load_q
    whole = 100 * capacity_q
    return int(part(capacity_q, whole, whole + kappa_percent * (load_q - capacity_q)))
