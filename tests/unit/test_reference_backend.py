"""Which backend is chosen, what makes its absence or its age fatal, and what a Machine refuses."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import quelea
from quelea.errors import UserError
from quelea.reference import config
from quelea.reference.guard import StaleExtension, compare
from quelea_agent.settings import load
from quelea_proto import limits
from reference_traces import backend, configuration

REFERENCE = Path(config.__file__).parent
SHOW = "import quelea.reference as r; print(r.BACKEND, r.Machine.__module__)"


def run(code, path="", **environ):
    """Run code in a fresh interpreter; path: searched first; returns (status, output)."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("QUELEA_")}
    folders = [str(path)] if path else []
    folders += [folder for folder in sys.path if folder]
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**kept, **environ, "PYTHONPATH": os.pathsep.join(folders)},
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def bare(tmp_path):
    """A copy of the package without what a compiler made."""
    target = tmp_path / "quelea"
    made = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(REFERENCE, target / "reference", ignore=made)
    for path in Path(quelea.__file__).parent.glob("*.py"):
        shutil.copy(path, target)
    return tmp_path


def test_the_compiled_reference_is_the_default():
    backend("cython")
    assert run(SHOW) == (0, "cython quelea.reference.compiled.machine\n")
    assert run(SHOW, QUELEA_REQUIRE_CYTHON="1")[0] == 0


def test_the_twin_can_be_asked_for():
    twin = (0, "python quelea.reference.twin.machine\n")
    assert run(SHOW, QUELEA_REFERENCE="python") == twin


def test_the_twin_stands_in_where_nothing_is_built(bare):
    assert run(SHOW, bare) == (0, "python quelea.reference.twin.machine\n")
    assert run(SHOW, bare, QUELEA_REQUIRE_CYTHON="0")[0] == 0


@pytest.mark.parametrize("setting", ["QUELEA_REQUIRE_CYTHON=1", "QUELEA_REFERENCE=cython"])
def test_a_required_extension_that_is_missing_is_fatal(bare, setting):
    code = (
        "from quelea.errors import UserError\n"
        "try:\n    import quelea.reference\n"
        "except ImportError as error:\n    print(isinstance(error, UserError), error)\n"
    )
    status, text = run(code, bare, **dict([setting.split("=")]))
    assert status == 0 and text.startswith("True ") and "make env" in text


def test_a_broken_extension_is_not_passed_over(bare):
    """Only absence may lead to the twin: a build that cannot be loaded must be seen."""
    (bare / "quelea/reference/compiled/codec.py").write_text("raise ImportError('no symbol')\n")
    status, text = run(SHOW, bare)
    assert status == 1 and "no symbol" in text


def test_wrong_or_contradicting_settings_are_refused():
    status, text = run(SHOW, QUELEA_REFERENCE="numba")
    assert status == 1 and "'numba' is no backend" in text and "python, cython" in text
    status, text = run(SHOW, QUELEA_REFERENCE="python", QUELEA_REQUIRE_CYTHON="1")
    assert status == 1 and "unset one of the two" in text


@pytest.mark.parametrize("limit", ["DAMP", "NEIGHBOURS_MAX", "TICKS_HALF"])
def test_a_changed_limit_makes_the_extension_refuse_to_load(limit):
    backend("cython")
    code = f"import quelea_proto.limits as l; l.{limit} += 1\n"
    code += "try:\n    import quelea.reference\nexcept ImportError:\n    print('hidden')"
    status, text = run(code)
    assert status == 1 and "StaleExtension" in text and "make env" in text
    assert f"compiled with {limit} = {getattr(limits, limit)}" in text and "hidden" not in text
    assert run(code, QUELEA_REFERENCE="python")[0] == 0


def test_the_extension_is_not_older_than_its_sources():
    """An old build would be tested in place of what was edited; compilers write newer files."""
    folders = (REFERENCE / "twin", REFERENCE / "compiled")
    for noun, module in backend("cython").items():
        built = Path(module.__file__)
        if "site-packages" in built.parts:
            return  # unpacked from a wheel: sources and extension have no order in time
        types = sorted(folders[1].glob("*.pxd"))
        for source in (folders[0] / f"{noun}.py", *types):
            assert built.stat().st_mtime >= source.stat().st_mtime, f"{source}: run `make env`"


def test_a_limit_that_is_gone_makes_it_stale():
    with pytest.raises(StaleExtension):
        compare("x", {"NO_SUCH_LIMIT": 5})
    with pytest.raises(StaleExtension):
        compare("x", {"Q_MAX": limits.Q_MAX + 1})
    compare("x", {"Q_MAX": limits.Q_MAX})


@pytest.mark.parametrize("name", ["python", "cython"])
def test_every_limit_used_is_compared(name):
    for noun, module in backend(name).items():
        source = (REFERENCE / "twin" / f"{noun}.py").read_text()
        used = set(re.findall(r"limits\.([A-Z_]+)", source))
        assert used == set(module.COMPILED), noun
        assert all(module.COMPILED[limit] == getattr(limits, limit) for limit in used)


# -- what a Machine refuses -----------------------------------------------------------------------

ODD = [None, True, -1, 0, 1, 62, 63, 127, 1 << 40, 1.5, "", "x", "wmsr", "exact", "-a", "a" * 17]
ODD += [[], [[1, "a", 0]], [[2, "b", 1], [1, "a", 0]], [[1, "a", 126]], [[1, "A", 0]], [[1, 2]]]
ODD += [{}, [7], [[1, "a", 0]] * 2, [[70000, "a", 0]], "n03", "demo"]


def test_configurations_are_refused_as_the_agent_refuses_them(seed):
    rng = random.Random(seed)
    taken = refused = 0
    for _ in range(5000):
        cfg = configuration(rng)
        for _ in range(rng.choice([0, 1, 1, 2])):
            key = rng.choice(sorted(cfg))
            if rng.random() < 0.3:
                del cfg[key]
            else:
                cfg[key] = rng.choice(ODD)
        problem = load(cfg)[1]
        try:
            config.check(cfg, 1)
        except UserError as error:
            assert problem is not None, (cfg, str(error))
            key = re.match(r"[a-z_]+", str(error))[0]
            assert problem.startswith(key), (problem, str(error))
            refused += 1
        else:
            assert problem is None, (cfg, problem)
            taken += 1
    assert taken > 500 and refused > 500


def test_defaults_are_the_agents():
    cfg = {"fleet": "demo", "id": "n03", "node": 3, "neighbours": [[1, "n01", 0]]}
    settings = load(json.loads(json.dumps(cfg)))[0]
    for key, value in config.check(cfg, 1).items():
        if key != "neighbours":
            assert getattr(settings, key) == value, key


@pytest.mark.parametrize("name", ["python", "cython"])
@pytest.mark.parametrize("session", [0, 65536, -1, True, None])
def test_a_session_outside_its_range_is_refused(name, session, seed):
    with pytest.raises(UserError, match="65535"):
        backend(name)["machine"].Machine(configuration(random.Random(seed)), session)


def test_an_unknown_rule_names_all_rules():
    import quelea.reference

    assert quelea.reference.rule("median")(5, [1, 9], 2, 0) == 5
    with pytest.raises(KeyError, match="trim-and-clip"):
        quelea.reference.rule("mode")
