"""Train several seeds, each in a process of its own, and judge what each has at the end."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from quelea.learn.maddpg.evaluate import returns
from quelea.learn.maddpg.seam import Settings
from quelea.learn.maddpg.tasks import TASKS, Task

POINTS = 40  # of a curve
POLICY, RESULT = "policy.npz", "result.json"
POLL_S = 1.0

_stop: Any = None


def folder_of(root: Path, seed: int) -> Path:
    """Return where a seed writes."""
    return root / f"seed-{seed}"


def learner_of(task: Task, settings: Settings, seed: int) -> Any:
    """Return the untrained learner of a task."""
    from quelea.learn.maddpg.learner import Learner

    return (task.learner or Learner)(task.practice(task.batch).spec, settings, seed)


def one(
    task: Task, settings: Settings, seed: int, folder: Path,
    stop: Callable[[], bool] = lambda: False,
) -> bool:  # fmt: skip
    """Train one seed, or go on with it; False if it was stopped.

    Leaves in folder: curve.csv, checkpoint.pt, and at the end policy.npz (the actors' parameters,
    float32) and result.json (the returns of the last policy on the task itself).
    """
    from quelea.learn.maddpg.run import Trainer, train

    if (folder / RESULT).exists():
        return True
    trainer = Trainer(task.practice(task.batch), settings, seed, learner_of(task, settings, seed))
    # what the curve is drawn from is played on the fast form, never with a seed of the report
    quick = task.practice(min(task.curve, 100))
    first = 2_100_000_000

    def evaluate(learner: Any) -> float:
        return float(returns(quick, learner.best, task.curve, first).mean())

    if not train(trainer, folder, evaluate, max(1, settings.episodes // POINTS), stop):
        return False
    weights: dict[str, Any] = trainer.learner.weights()
    np.savez(folder / POLICY, **weights)
    found = returns(task.judge(), trainer.learner.best, task.episodes)
    document = {
        "seed": seed, "episodes": trainer.episodes, "updates": trainer.updates,
        "steps": trainer.episodes * trainer.env.spec.steps, "judged": len(found),
        "mean": float(found.mean()), "error": float(found.std() / np.sqrt(len(found))),
    }  # fmt: skip
    (folder / RESULT).write_text(json.dumps(document))
    return True


def _begin(stop: Any) -> None:
    """In a new process: Ctrl-C, which reaches all of a terminal, is the parent's to pass on."""
    global _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stop = stop
    import torch

    torch.set_num_threads(1)  # seeds are what runs side by side


def _left_alone() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _work(name: str, document: dict[str, Any], judged: int, seed: int, folder: Path) -> bool:
    over = one(
        replace(TASKS[name](), episodes=judged), Settings.read(document), seed, folder,
        lambda: _stop.is_set() or _left_alone(),
    )  # fmt: skip
    if _left_alone():
        os._exit(1)  # nobody would ever end this process
    return over


def run(
    name: str, settings: Settings, seeds: Sequence[int], judged: int, root: Path, jobs: int,
    tell: Callable[[], None] = lambda: None,
) -> bool:  # fmt: skip
    """Train all seeds; False if Ctrl-C stopped it: then every seed has left a checkpoint.

    judged: episodes that each is reported on. tell: called about once a second. A second Ctrl-C
    does not wait for the checkpoints.
    """
    context = multiprocessing.get_context("spawn")  # a fork of a process with torch may hang
    stop = context.Event()
    call = partial(_work, name, settings.document(), judged)
    with ProcessPoolExecutor(
        min(jobs, len(seeds)), mp_context=context, initializer=_begin, initargs=(stop,)
    ) as pool:
        try:
            waiting = {pool.submit(call, seed, folder_of(root, seed)) for seed in seeds}
            done = set(waiting)
            while waiting:
                waiting = wait(waiting, timeout=POLL_S).not_done
                tell()
        except KeyboardInterrupt:
            stop.set()
            wait(done)
        except BaseException:
            stop.set()
            raise
    return all([future.result() for future in done])
