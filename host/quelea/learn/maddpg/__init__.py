"""Multi-agent actor-critic: deterministic policy gradients with a centralised critic (MADDPG).

Lowe et al., "Multi-agent actor-critic for mixed cooperative-competitive environments" (2017), with
discrete actions by a straight-through Gumbel-softmax. The algorithm is in four parts that know
nothing of any task: `seam` (what an environment is, and the settings), `nets`, `replay` and
`learner`. `run` trains one seed, `seeds` several in processes, `tasks` names what can be trained.
Needs PyTorch (the extra `learn`), except for `seam`, `curves` and `tasks`.
"""
