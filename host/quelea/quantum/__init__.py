"""A study of quantum resources for agreement, simulated: what they give and what they do not.

state: state vectors; noise: decoherence; resources: W and GHZ states; interface: what consensus
code is given; benor: agreement against an adversary; search: minimum finding; theory: the formulas
that every figure is held to; study: the figures. No board runs any of it.
"""
