"""Learning without a server: nodes train on their own rows and average with their neighbours.

`data` has the rows and `partition` who owns them, `models` what is trained, `gossip` who hears
whom, `rules` and `attacks` one file each, `run` one course; `table` many of them.
"""
