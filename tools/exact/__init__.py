"""Exact definitions of what the protocol computes, written apart from it.

Nothing here imports quelea_proto or quelea: two voices that agree by sharing code say nothing.
Bounds that both need are written out again, as numbers, where they are used.
"""
