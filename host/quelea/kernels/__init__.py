"""The fast kernels: the rules on single agents, on columns of agents and on whole fleets, and
exact averaging. C for the processor's instruction set, bit-identical with quelea_proto.rules.

    kernels.trimmed_mean(own_q, values_q, faults_max)         one agent: a list or an int buffer
    kernels.columns("wmsr", own_q, values_q, faults_max)      values_q[k, agents], already gathered
    kernels.Fleet(graph, values_q, "wmsr", faults_max).run(rounds)     graph: Table or Circulant
    kernels.exponential_sums(values_q)                         2^m agents, the exact sum at each
    kernels.Averaging(kernels.Matchings(edges, agents), values_q).run(rounds)

QUELEA_ISA=portable|avx2|avx512 forces an instruction set; ISA says which is in use. Values are
signed integers with |q| < 2^23; the array functions do not look for others (results would be
meaningless, never a crash): `check_range` does.
"""

from quelea.kernels._core import (
    clipped_wmsr,
    mean,
    median,
    midpoint,
    plain_trimmed_mean,
    trim_and_clip,
    trimmed_mean,
    wmsr,
)
from quelea.kernels.choice import ISA, ISAS
from quelea.kernels.columns import check_range, columns
from quelea.kernels.exact import Averaging, Matchings, exponential_sums
from quelea.kernels.fleet import Fleet
from quelea.kernels.graphs import Circulant, Table, random_regular
from quelea.kernels.momentum import Momentum

__all__ = [
    "ISA",
    "ISAS",
    "Averaging",
    "Circulant",
    "Fleet",
    "Matchings",
    "Momentum",
    "Table",
    "check_range",
    "clipped_wmsr",
    "columns",
    "exponential_sums",
    "mean",
    "median",
    "midpoint",
    "plain_trimmed_mean",
    "random_regular",
    "trim_and_clip",
    "trimmed_mean",
    "wmsr",
]
