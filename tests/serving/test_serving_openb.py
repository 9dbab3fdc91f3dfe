"""Pods of openb: the loader, and what policies make of a small cluster of the same columns."""

from pathlib import Path

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.serving import openb, probing
from quelea.topology.draws import Draws

NODE_HEAD = "sn,cpu_milli,memory_mib,gpu,model\n"
POD_HEAD = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\n"
)


def write(folder: Path, nodes: str, pods: str) -> openb.Trace:
    (folder / "nodes.csv").write_text(NODE_HEAD + nodes)
    (folder / "pods.csv").write_text(POD_HEAD + pods)
    return openb.load(folder)


def cluster(folder: Path) -> openb.Trace:
    """60 nodes of 2 to 8 GPUs; pods of whole GPUs and of parts that do not add up well."""
    draws = Draws(5, 3)
    nodes = "".join(f"n{k},{16000 * g},{65536 * g},{g},G2\n" for k, g in enumerate([2, 4, 8] * 20))
    parts = [(1, 1000), (1, 1000), (1, 810), (1, 470), (1, 320), (1, 190), (2, 1000), (0, 0)]
    pods = "".join(
        f"p{k},{4000 + 2000 * int(draws.below(4, 1)[0])},8192,{count},{milli},,LS,Running,0,1,0\n"
        for k, (count, milli) in enumerate(parts * 40)
    )
    return write(folder, nodes, pods)


@pytest.mark.parametrize("row", probing.POLICIES, ids=[row[0] for row in probing.POLICIES])
def test_nothing_is_put_where_it_does_not_fit(row: tuple, tmp_path: Path) -> None:
    trace = cluster(tmp_path)
    finder = probing.Finder(trace, 1)
    used = np.zeros(len(trace.gpus), np.int64)
    milli = 0
    for pod in openb.workload(trace, 1).tolist():
        place = row[1](finder, pod)
        if place is not None:
            finder.cluster.put(*place, pod)
            used[place[0]] += trace.pod_cpu_milli[pod]
            milli += int(trace.pod_gpus[pod] * trace.pod_milli[pod])
    free = finder.cluster.free_milli
    assert (used <= trace.cpu_milli).all() and (finder.cluster.memory >= 0).all()
    assert (free >= 0).all() and (free <= openb.WHOLE).all()
    assert trace.gpus.sum() * openb.WHOLE - free.sum() == milli == finder.cluster.allocated_milli


def test_few_probes_of_a_gossiped_view_do_nearly_as_well_as_sight_of_all(tmp_path: Path) -> None:
    trace = cluster(tmp_path)
    full = openb.SHARES.index(1.0)
    found = {name: probing.ratios(trace, choose, 2) for name, choose in probing.POLICIES}
    ours, probes = found[probing.GOSSIPED]
    assert probes <= probing.PROBES
    assert ours[full] > found["random"][0][full]
    assert ours[full] > found["best fit"][0][full] - 2.0
    assert ours == sorted(ours)


def test_a_pod_that_names_its_gpus_gets_one_of_them(tmp_path: Path) -> None:
    trace = write(
        tmp_path, "a,9000,9000,1,T4\nb,9000,9000,1,P100\n", "p,1,1,1,500,P100|A10,LS,R,0,1,0\n"
    )
    assert openb.Cluster(trace).able(np.arange(2), 0).tolist() == [False, True]


@pytest.mark.parametrize(
    ("nodes", "pods", "words"),
    [
        ("a,9000,9000,9,T4\n", "p,1,1,1,500,,LS,R,0,1,0\n", "9 GPUs"),
        ("a,9000,many,1,T4\n", "p,1,1,1,500,,LS,R,0,1,0\n", "memory_mib 'many'"),
        ("a,9000,9000,1,T4\n", "p,-1,1,1,500,,LS,R,0,1,0\n", "cpu_milli '-1'"),
        ("a,9000,9000,1,T4\n", "", "no rows"),
    ],
)
def test_a_faulty_file_is_named_with_its_line(
    nodes: str, pods: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=words):
        write(tmp_path, nodes, pods)


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        openb.load(tmp_path)
