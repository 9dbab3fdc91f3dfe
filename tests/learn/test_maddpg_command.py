"""`quelea train policy`: a small run, one that is stopped and gone on with, and wrong flags."""

import json
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.learn.command import Options, command
from quelea.learn.maddpg import curves

SMALL = ("hidden=8", "warmup=100", "updates=0.02", "batch=16", "capacity=2000")
DEADLINE_S = 240.0


@pytest.fixture
def _torch(need):
    need(find_spec("torch"), "torch", 'pip install "quelea[learn]"')
    need(find_spec("mpe2"), "mpe2", 'pip install "quelea[learn]"')


@pytest.mark.usefixtures("_torch")
def test_a_run_that_ctrl_c_stopped_is_gone_on_with(tmp_path, capsys):
    line = [
        sys.executable, "-m", "quelea.cli", "train", "policy", "--env", "speaker-listener",
        "--episodes", "4000", "--seeds", "2", "--jobs", "2", "--judge", "4",
        "--runs", str(tmp_path), "--json",
    ]  # fmt: skip
    for change in SMALL:
        line += ["--set", change]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        began_s = time.monotonic()
        while not list(tmp_path.glob("*-train-policy/seed-*/checkpoint.pt")):
            assert time.monotonic() < began_s + DEADLINE_S and child.poll() is None
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=DEADLINE_S)
    finally:
        child.kill()
    assert child.returncode == 130, err
    assert out == "" and "--resume" in err
    (folder,) = tmp_path.glob("*-train-policy")
    assert not list(folder.glob("seed-*/result.json"))

    assert command("policy", Options(resume=folder, jobs=2), as_json=True) == 1  # learned nothing
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] is False and found["checks"][0]["bound"] == -20.0
    assert [row["seed"] for row in found["seeds"]] == [1, 2]
    assert all(row["episodes"] == 4000 and row["judged"] == 4 for row in found["seeds"])
    assert set(found["rivals"]) == {"random", "no words", "told the goal"}
    points = curves.read(folder / "seed-1" / "curve.csv")
    assert [point.episodes for point in points] == sorted({p.episodes for p in points})
    assert points[-1].episodes == 4000 and len(points) >= 40
    gathered = (folder / "curves.csv").read_text().splitlines()
    assert len(gathered) == 1 + sum(
        len(curves.read(folder / f"seed-{seed}" / "curve.csv")) for seed in (1, 2)
    )
    with np.load(folder / "seed-1" / "policy.npz") as policy:
        assert policy["0.0.weight"].shape == (8, 3) and policy["1.0.weight"].shape == (8, 11)


@pytest.mark.parametrize(
    ("what", "flags", "message"),
    [
        ("policy", {}, "say what to train"),
        ("policy", {"env": "chess"}, "no policy is trained"),
        ("policy", {"env": "spread", "changes": ("speed=1",)}, "no setting 'speed'"),
        ("policy", {"env": "spread", "changes": ("hidden=x",)}, "'x' is no int"),
        ("policy", {"env": "spread", "changes": ("twin=maybe",)}, "'maybe' is no bool"),
        ("policy", {"env": "spread", "changes": ("soft=2",)}, "out of range"),
        ("policy", {"env": "spread", "episodes": 0}, "out of range"),
        ("policy", {"resume": "x", "env": "spread"}, "no meaning"),
        ("policy", {"resume": "x"}, "no run that can be gone on with"),
        ("q", {"env": "spread"}, "no meaning"),
        ("policy", {"env": "spread", "load": "q.bin"}, "no meaning"),
    ],
)
def test_wrong_flags_are_refused(tmp_path, what, flags, message):
    if "resume" in flags:
        flags = flags | {"resume": tmp_path / "none"}
    with pytest.raises(UserError, match=message):
        command(what, Options(runs=tmp_path, **flags))


def test_a_curve_that_was_cut_short_is_mended(tmp_path):
    path = tmp_path / "curve.csv"
    curve = curves.Curve(path, 0)
    for episodes in (10, 20, 30):
        curve.add(curves.Point(episodes, 1, -3.0, -2.0, 0.1, 0.2, 0.3))
    path.write_text(path.read_text() + "40,1,-3")
    assert [point.episodes for point in curves.read(path)] == [10, 20, 30]
    curves.Curve(path, 20)
    assert [point.episodes for point in curves.read(path)] == [10, 20]


def test_curves_are_drawn(tmp_path, need):
    need(find_spec("matplotlib"), "matplotlib", 'pip install "quelea[plot]"')
    points = [curves.Point(10 * k, k, -3.0, -2.0 + k, 0.1, 0.2, 0.3) for k in range(3)]
    curves.draw("t", {1: points, 2: points[:2]}, {"random": -3.0}, tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 1000
