"""Many simulated runs at once: a grid of seeds, rules, attacks and graphs, on any joblib engine.

`grid` names the points, `point` runs and judges one, `engine` spreads chunks of them over cores or
a cluster, `store` keeps each finished chunk, `table` writes the results, `command` is the way in.
"""
