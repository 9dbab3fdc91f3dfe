"""The source distribution builds a wheel, and the wheel alone runs: in an environment of its own.

The wheel is installed without its dependencies; those come from the environment of the tests by a
path file that is added afterwards. So what Quelea itself must carry is not found elsewhere.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import need
from quelea.reference.guard import MODULES

ROOT = Path(__file__).resolve().parents[2]
TWINS = {path.stem for path in ROOT.glob("host/quelea/reference/twin/[a-z]*.py")}
HELP_S_MAX = 20  # generous: a loaded machine, a cold cache

# What the wheel has to carry beside the modules, from its top folder.
CARRIED = (
    "quelea_proto/vectors/rules.jsonl",
    "quelea_proto/vectors/frames.jsonl",
    "quelea_proto/rules/wmsr.py",
    "quelea_agent/agent.py",
    "quelea/py.typed",
    "quelea_proto/py.typed",
    "quelea/data/homes.csv",
    "quelea/spiking/networks/surge.json",
    "quelea/learn/networks/story.qnn",
    "quelea/data/homes.LICENSE.txt",
    "quelea/conform/targets/wasm_run.mjs",
    "quelea/watch/page/index.html",
    "quelea/watch/page/main.js",
    "quelea/watch/page/panels.css",
    "quelea/watch/page/icon.svg",
    "quelea-0.1.0.data/data/share/quelea/manifest.py",
    "quelea-0.1.0.data/data/share/quelea/main.py",
    "quelea-0.1.0.data/data/share/quelea/start.py",
)
# What an installed quelea is asked; prints one JSON object.
PROBE = """
import json, quelea, quelea_agent.agent, quelea_proto.limits
from importlib import resources
from quelea import reference
from quelea.fleet import manifest
vectors = resources.files("quelea_proto") / "vectors" / "rules.jsonl"
print(json.dumps({
    "files": [quelea.__file__, quelea_agent.agent.__file__, quelea_proto.limits.__file__],
    "backend": reference.BACKEND,
    "vectors": len(vectors.read_text().splitlines()),
    "manifest": str(manifest.find()),
    "flashed": len(manifest.read(manifest.find())),
}))
"""


def run(*command, **more):
    ran = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **more
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
    return ran.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Build both distributions from a copy of the tracked files: (sdist, wheel)."""
    tree = tmp_path_factory.mktemp("tree")
    need((ROOT / ".git").exists() and shutil.which("git"), "the git clone", "git clone")
    for name in run("git", "-C", ROOT, "ls-files", "-co", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    out = tmp_path_factory.mktemp("dist")
    # Without isolation, so that no registry is asked; the wheel is built from the sdist.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, tree)
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(dist, tmp_path_factory):
    """Install the wheel in an empty environment; return its interpreter."""
    folder = tmp_path_factory.mktemp("empty")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index",
        "--disable-pip-version-check", dist[1])  # fmt: skip
    site = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    # A path file is not followed further, so the editable quelea of the tests stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH",)}
    return {**kept, **more}


def test_the_source_distribution_is_complete(dist):
    with tarfile.open(dist[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("Makefile", "tools/tidy.py", "firmware/start.py", "docs/protocol.md", "setup.py",
                 "host/quelea/reference/twin/rules.py", "host/quelea/reference/compiled/rules.pxd",
                 "hardware/boards/ESP32-DevKitC/wiring.svg", "tests/conftest.py",
                 "shared/quelea_proto/vectors/rules.jsonl"):  # fmt: skip
        assert name in names, name
    built = (".so", ".o", ".pyc")
    assert [name for name in names if name.endswith(built) or name.startswith("build/")] == []


def test_the_wheel_carries_what_it_needs(dist):
    names = set(zipfile.ZipFile(dist[1]).namelist())
    assert [name for name in CARRIED if name not in names] == []
    compiled = [name for name in names if name.startswith("quelea/reference/compiled/")]
    found = {Path(name).name.partition(".")[0] for name in compiled if name.endswith(".so")}
    assert found == set(MODULES) == TWINS
    assert not any(name.endswith(".so") for name in names if not name.startswith("quelea/"))
    assert not any(name.endswith((".c", ".h", ".o")) for name in names)
    assert not any(name.startswith(("tests/", "tools/")) for name in names)


def test_every_tracked_module_is_in_the_wheel(dist):
    """A sub-package without __init__.py would be forgotten in silence."""
    names = set(zipfile.ZipFile(dist[1]).namelist())
    for folder, package in (
        ("host", "quelea"),
        ("shared", "quelea_proto"),
        ("firmware", "quelea_agent"),
    ):
        for path in (ROOT / folder / package).rglob("*.py"):
            assert path.relative_to(ROOT / folder).as_posix() in names, path


def test_an_installed_wheel_imports_and_finds_its_files(installed, tmp_path):
    text = run(installed, "-c", PROBE, cwd=tmp_path, env=environment(QUELEA_REQUIRE_CYTHON="1"))
    found = json.loads(text)
    prefix = str(installed.parent.parent)
    assert all(path.startswith(prefix) for path in [*found["files"], found["manifest"]]), found
    assert found["backend"] == "cython"
    assert found["vectors"] > 300 and found["flashed"] > 20


def test_an_installed_wheel_explains_its_commands(installed, tmp_path):
    program = installed.with_name("quelea")
    text = run(program, "--help", cwd=tmp_path, env=environment(), timeout=HELP_S_MAX)
    assert "fleet" in text and "conform" in text
