"""Liars by the thousand against whole fleets: every attack, share and rule, in numpy.

rules.py, baselines.py    what many nodes do at once: our rules, and published ones beside them
claims.py                 what the liars say: quelea.adversaries over columns, omniscient
setting.py, run.py        a fleet of N nodes and k messages a round; one run
table.py, picture.py      all cells, the worst case of each rule, and the heat map
"""
