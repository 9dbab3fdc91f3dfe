"""Small games solved to the end: what liars can hold for ever on a complete graph.

solve.py       one game: all states, all lies, value iteration
table.py       every rule and rounding on every game, as figures and as docs/games.md
strategy.py    the liars' best play, exported as the adversary game-optimal
"""
