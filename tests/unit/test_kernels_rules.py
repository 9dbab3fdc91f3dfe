"""The kernels against quelea_proto.rules, to the bit: all small inputs, a million random ones, and
every number of values and every F."""

import array
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from quelea import kernels
from quelea.errors import UserError
from quelea.kernels import _core
from quelea_proto.limits import FAULTS_MAX, NEIGHBOURS_MAX, Q_MAX
from quelea_proto.rules import RULES, find

ONE = {
    "mean": kernels.mean,
    "trimmed-mean": kernels.trimmed_mean,
    "wmsr": kernels.wmsr,
    "midpoint": kernels.midpoint,
    "median": kernels.median,
    "trim-and-clip": kernels.trim_and_clip,
    "clipped-wmsr": kernels.clipped_wmsr,
}
NAMES = tuple(row[0] for row in RULES)
HERE = tuple(name for name in kernels.ISAS if _core.available(name))
Ints = NDArray[np.int32]


@pytest.fixture(params=kernels.ISAS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param not in HERE:
        pytest.skip(f"this processor has no {request.param}")
    _core.use(request.param)
    yield request.param
    _core.use(kernels.ISA)


def expected(name: str, own_q: Ints, values_q: Ints, faults_max: int) -> list[int]:
    apply, count = find(name)[1], values_q.shape[0]
    columns = values_q.T.tolist()
    own = own_q.tolist()
    return [apply(own[i], [*columns[i], 0], count, faults_max) for i in range(len(own))]


def test_all_small_inputs(isa: str) -> None:
    """Five values below count, six of own: all there are, and every F."""
    for count in range(1, 5):
        rows = np.array(list(itertools.product(range(-2, 3), repeat=count + 1)), np.int32).T
        own_q, values_q = rows[0].copy(), rows[1:].copy()
        for name in NAMES:
            for faults_max in range(count // 2 + 2):
                found = kernels.columns(name, own_q, values_q, faults_max)
                want = expected(name, own_q, values_q, faults_max)
                assert found.tolist() == want, (name, count, faults_max)
                some = range(0, own_q.size, 7)
                one = [
                    ONE[name](want_own, v, faults_max)
                    for want_own, v in ((int(own_q[i]), values_q[:, i].tolist()) for i in some)
                ]
                assert one == [want[i] for i in some], (name, count, faults_max)


def test_a_million_random_inputs(seed: int) -> None:
    """Shared out among the instruction sets, rules, sizes and value ranges."""
    draw = np.random.default_rng(seed)
    done = 0
    while done < 1_000_000:
        for name in NAMES:
            _core.use(HERE[int(draw.integers(len(HERE)))])
            count = int(draw.integers(1, 20))
            faults_max = int(draw.integers(0, (count + 1) // 2 + 1))
            top = int(draw.choice([1, 30, 32767, Q_MAX]))
            values_q = draw.integers(-top, top + 1, (count, 5000), dtype=np.int32)
            own_q = draw.integers(-top, top + 1, 5000, dtype=np.int32)
            found = kernels.columns(name, own_q, values_q, faults_max)
            want = expected(name, own_q, values_q, faults_max)
            assert found.tolist() == want, (name, count, faults_max, top)
            done += own_q.size
    _core.use(kernels.ISA)


def test_every_number_of_values_and_every_f(isa: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    for count in range(1, NEIGHBOURS_MAX + 1):
        every = range(min((count - 1) // 2, FAULTS_MAX) + 1)
        tried = every if count < 34 else {0, 1, count // 3, *every[-2:], int(draw.choice(every))}
        for faults_max in tried:
            top = int(draw.choice([5, Q_MAX]))
            values_q = draw.integers(-top, top + 1, (count, 19), dtype=np.int32)
            own_q = draw.integers(-top, top + 1, 19, dtype=np.int32)
            for name in NAMES[1:]:
                want = expected(name, own_q, values_q, faults_max)
                found = kernels.columns(name, own_q, values_q, faults_max)
                assert found.tolist() == want, (name, count, faults_max)
                one = ONE[name](int(own_q[3]), values_q[:, 3].tolist(), faults_max)
                assert one == want[3], (name, count, faults_max)


def test_the_ends_of_the_range(isa: str) -> None:
    for count in (1, 3, 16, 17, 33, NEIGHBOURS_MAX):
        for low, high, own in itertools.product((-Q_MAX, Q_MAX), (-Q_MAX, Q_MAX), (-Q_MAX, Q_MAX)):
            values_q = np.full((count, 16), low, np.int32)
            values_q[count // 2 :] = high
            own_q = np.full(16, own, np.int32)
            for name in NAMES:
                for faults_max in {0, (count - 1) // 2, (count - 1) // 3}:
                    want = expected(name, own_q[:1], values_q[:, :1], faults_max)[0]
                    found = kernels.columns(name, own_q, values_q, faults_max)
                    assert set(found.tolist()) == {want}, (name, count, faults_max, low, high, own)
                    one = ONE[name](own, values_q[:, 0].tolist(), faults_max)
                    assert one == want


def test_plain_trimmed_mean(isa: str, seed: int) -> None:
    """Without an own value: sort, slice, mean, half up, as exact integers."""
    draw = np.random.default_rng(seed)
    for count in (1, 2, 3, 9, 16, 17, 18, 40, 127):
        for faults_max in {0, 1, (count - 1) // 3, (count - 1) // 2}:
            if count < 2 * faults_max + 1 or faults_max > FAULTS_MAX:
                continue
            values_q = draw.integers(-Q_MAX, Q_MAX + 1, (count, 50), dtype=np.int32)
            kept = np.sort(values_q, axis=0)[faults_max : count - faults_max].astype(np.int64)
            want = (kept.sum(axis=0) + len(kept) // 2) // len(kept)
            found = kernels.columns("trimmed-mean", None, values_q, faults_max)
            assert found.tolist() == want.tolist(), (count, faults_max)
            one = kernels.plain_trimmed_mean(values_q[:, 7].tolist(), faults_max)
            assert one == int(want[7])


def test_widths_strides_threads_and_places(seed: int) -> None:
    draw = np.random.default_rng(seed)
    for lanes in (1, 15, 16, 17, 63, 64, 65, 1000, 5003):
        values_q = draw.integers(-32768, 32768, (9, lanes), dtype=np.int32)
        own_q = draw.integers(-32768, 32768, lanes, dtype=np.int32)
        want = kernels.columns("wmsr", own_q, values_q, 2)
        assert want.tolist() == expected("wmsr", own_q, values_q, 2)
        halves = kernels.columns("wmsr", own_q.astype(np.int16), values_q.astype(np.int16), 2)
        assert halves.dtype == np.int16 and (halves == want).all()
        in_rows = np.ascontiguousarray(values_q.T).T
        assert (kernels.columns("wmsr", own_q, in_rows, 2) == want).all()
        every_third = np.zeros((9, 3 * lanes), np.int32)
        every_third[:, ::3] = values_q
        assert (kernels.columns("wmsr", own_q, every_third[:, ::3], 2) == want).all()
        for threads in (2, 3):
            assert (kernels.columns("wmsr", own_q, values_q, 2, threads=threads) == want).all()
        over = own_q.copy()
        assert kernels.columns("wmsr", over, values_q, 2, out=over) is over
        assert (over == want).all()


def test_one_call_takes_lists_tuples_and_buffers() -> None:
    values = [5, -3, 900, 12, 7, 8, 1, 0, -44]
    want = find("trimmed-mean")[1](6, [*values, 0], len(values), 2)
    taken = [values, tuple(values), *(array.array(code, values) for code in "hilq")]
    taken += [np.array(values, kind) for kind in (np.int16, np.int32, np.int64)]
    taken.append(memoryview(array.array("i", values)))
    for given in taken:
        assert kernels.trimmed_mean(6, given, 2) == want, type(given)
    assert kernels.trimmed_mean(6, [1, 2], 1) == 6  # too few: the node holds
    assert kernels.mean(6, []) == 6


@pytest.mark.parametrize(
    "own, values, faults, error",
    [
        (0, [1, Q_MAX + 1, 3], 1, ValueError),
        (-Q_MAX - 1, [1, 2, 3], 1, ValueError),
        (0, [1, 1 << 80, 3], 1, (OverflowError, ValueError)),
        (0, [0] * 127, 1, ValueError),
        (0, [1, 2, 3], -1, ValueError),
        (0, [1, 2, 3], FAULTS_MAX + 1, ValueError),
        (0, [1.5, 2, 3], 1, TypeError),
        (0, array.array("d", [1, 2, 3]), 1, TypeError),
        (0, array.array("I", [1, 2, 3]), 1, TypeError),
        (0, np.zeros((2, 2), np.int32), 1, TypeError),
        (0, np.zeros(6, np.int32)[::2], 1, (BufferError, ValueError)),
        (0, 17, 1, TypeError),
        (None, [1, 2, 3], 1, TypeError),
    ],
)
def test_one_call_refuses(own: object, values: object, faults: int, error: type) -> None:
    for rule in (kernels.trimmed_mean, kernels.wmsr, kernels.trim_and_clip):
        with pytest.raises(error):
            rule(own, values, faults)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "krum"},
        {"faults_max": -1},
        {"faults_max": FAULTS_MAX + 1},
        {"values_q": np.zeros((127, 4), np.int32)},
        {"values_q": np.zeros((3, 4), np.float64)},
        {"values_q": np.zeros(4, np.int32)},
        {"own_q": np.zeros(5, np.int32)},
        {"own_q": np.zeros(4, np.int16)},
        {"own_q": np.zeros(8, np.int32)[::2]},
        {"own_q": None, "rule": "wmsr"},
        {"own_q": None, "faults_max": 2},
        {"threads": 0},
        {"out": np.zeros(4, np.int16)},
    ],
)
def test_columns_refuse_what_cannot_be_meant(change: dict[str, object]) -> None:
    given: dict[str, object] = {
        "rule": "trimmed-mean",
        "own_q": np.zeros(4, np.int32),
        "values_q": np.zeros((3, 4), np.int32),
        "faults_max": 1,
        "threads": 1,
        "out": None,
    }
    given.update(change)
    with pytest.raises(UserError):
        kernels.columns(**given)  # type: ignore[arg-type]


def test_out_must_not_overlap_the_values() -> None:
    values_q = np.zeros((3, 4), np.int32)
    with pytest.raises(UserError):
        kernels.columns("mean", np.zeros(4, np.int32), values_q, 0, out=values_q[1])


def test_range_check() -> None:
    kernels.check_range(np.array([-Q_MAX, Q_MAX], np.int32))
    with pytest.raises(UserError):
        kernels.check_range(np.array([Q_MAX + 1], np.int32))


@pytest.mark.parametrize("name", [*HERE, "sse9"])
def test_the_instruction_set_can_be_forced(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from quelea import kernels; print(kernels.ISA)"],
        env={**os.environ, "QUELEA_ISA": name},
        capture_output=True,
        text=True,
        check=False,
    )
    if name in HERE:
        assert ran.stdout.strip() == name
    else:
        assert ran.returncode and "QUELEA_ISA" in ran.stderr
