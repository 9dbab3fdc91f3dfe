"""What `quelea train policy` can be told to train: a line each in TASKS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from quelea.learn import rivals_mpe
from quelea.learn.games_mpe import Original, SpeakerListener, Spread
from quelea.learn.maddpg.seam import Environment, Settings
from quelea.learn.rivals_mpe import Policy

BATCH = 16  # episodes side by side


@dataclass(frozen=True)
class Task:
    """A thing to learn, its settings, and what its last checkpoint is held to.

    practice: a batch of so many instances, to train on. judge: what is reported on. learner: makes
    another Learner(spec, settings, seed) than the plain one. curve: episodes played for a point of
    the curve. rivals: policies that are played on judge beside the learned one, by name; the first
    has to be beaten. least: the mean return over seeds that is to be reached. back: how far the
    end of a curve may lie below its best point.
    """

    title: str
    practice: Callable[[int], Environment]
    judge: Callable[[], Environment]
    settings: Settings
    least: float
    rivals: Mapping[str, Policy] = field(default_factory=dict)
    batch: int = BATCH
    episodes: int = 500  # that are reported on
    back: float = 3.0
    learner: Callable[..., Any] | None = None
    curve: int = 500


def speaker_listener() -> Task:
    """One sees the goal and has three words, the other moves."""
    return Task(
        "simple_speaker_listener_v4",
        SpeakerListener,
        lambda: Original("speaker-listener"),
        Settings(episodes=8_000, reward_scale=0.1),
        least=-20.0,
        rivals={
            "random": rivals_mpe.chance((3, 5)),
            "no words": rivals_mpe.no_words,
            "told the goal": rivals_mpe.told,
        },
    )


def spread() -> Task:
    """Three agents, three landmarks, one reward."""
    return Task(
        "simple_spread_v3",
        Spread,
        lambda: Original("spread"),
        Settings(
            episodes=8_000,
            reward_scale=0.1,
            returns_steps=3,
            share=True,
            rate_last=6e-4,
            explore_until=0.6,
        ),
        least=-35.0,
        rivals={
            "random": rivals_mpe.chance((5, 5, 5)),
            "to the nearest": rivals_mpe.nearest,
            "assigned": rivals_mpe.assigned,
        },
    )


def story() -> Task:
    """Fifty agents of the story, one small network for all of them."""
    from quelea.learn import story_game as game

    return Task(
        "the story", game.StoryGame, lambda: game.StoryGame(BATCH), game.SETTINGS,
        least=game.LEAST, rivals={"random": rivals_mpe.chance((4,) * 50)},
        episodes=64, back=game.BACK, learner=game.learner, curve=32,
    )  # fmt: skip


TASKS: dict[str, Callable[[], Task]] = {
    "speaker-listener": speaker_listener,
    "spread": spread,
    "story": story,
}
