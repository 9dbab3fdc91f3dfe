"""Boards: found, flashed, enrolled and deployed to, each by itself; one that fails stops no other.

`repl` is the line to one board, `scripts` what runs on it, `files` what is copied, `pool` many at
once, `outcome` what became of each. `virtual` is a board for those who have none.
"""
