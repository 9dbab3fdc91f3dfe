"""Tables that learn in the story: trained here by all agents at once, or by each on its own."""

from dataclasses import dataclass

from joblib import Parallel, delayed
from quelea_agent.choice.q_learning import ACTIONS, STATES
from quelea_agent.q_table import QTable, Schedule

from quelea.learn import bandit, unlearned
from quelea.story import setting
from quelea.story.course import Mode, Phase
from quelea.story.loop import Loop
from quelea.story.trials import ROUNDS, Figures, Trial, measure

RHO = 0.97
RULE = "q-learning"
TRAINING_SEED = 100_001  # instances that no table is reported on
TRAINING_ROUNDS = 200
TRAINING_SCHEDULE = (9830, 328, 16, 128, 6, 5)  # of one table that fifty agents write


@dataclass(frozen=True)
class Row:
    """A row of the table. trained: begins with the trained table."""

    name: str
    mode: Mode
    trained: bool = False


ROWS = (
    Row("greedy", Mode("greedy")),
    Row("random", Mode("random")),
    Row("bandit", Mode(bandit.NAME)),
    Row("bandit, throttled", Mode(bandit.NAME, throttled=True)),
    Row("damped, throttled", Mode("damped", throttled=True)),
    Row("regret, throttled", Mode("regret", throttled=True)),
    Row("q-learning, learns nothing", Mode(unlearned.NAME, throttled=True, checked=True)),
    Row("q-learning, from nothing", Mode(RULE, throttled=True, checked=True)),
    Row("q-learning, not throttled", Mode(RULE, checked=True), True),
    Row("q-learning", Mode(RULE, throttled=True, checked=True), True),
)


def train(episodes: int, seed: int = TRAINING_SEED) -> QTable:
    """Return one table, written by all agents of so many instances of the story, one by one."""
    table = QTable(STATES, len(ACTIONS), Schedule(*TRAINING_SCHEDULE))
    for episode in range(episodes):
        loop = Loop(setting.draw(seed + episode, RHO).setup(100))
        loop.use(RULE, True, True, True)
        for agent in loop.agents:
            agent._rule.table = table
        for _ in range(TRAINING_ROUNDS):
            loop.round()
    return table


def dumped(table: QTable) -> bytes:
    """Return the table as nodes store it."""
    buffer = bytearray(table.dump_bytes())
    table.dump(buffer)
    return bytes(buffer)


def one(row: Row, seed: int, memory: bytes) -> Figures:
    """Run a row on a seed; for a pool of processes."""
    bandit.register()
    unlearned.register()
    trial = Trial(row.name, RHO, (Phase(row.name, ROUNDS, row.mode),))
    return measure(trial, seed, memory=memory if row.trained else b"")


def tabulate(
    seeds: range, memory: bytes, jobs: int, rows: tuple[Row, ...] = ROWS
) -> dict[str, list[Figures]]:
    """Return the figures of every row by seed."""
    work = [(row, seed) for row in rows for seed in seeds]
    done = Parallel(n_jobs=jobs or -1)(delayed(one)(row, seed, memory) for row, seed in work)
    found: dict[str, list[Figures]] = {row.name: [] for row in rows}
    for (row, _), figures in zip(work, done, strict=True):
        found[row.name].append(figures)
    return found
