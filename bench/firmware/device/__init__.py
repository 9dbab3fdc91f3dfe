"""What runs on the targets: a part of a round each, and the two ways to measure it.

A part is a class Part with base(), what the measurement does beside the part; call(), the same
and the part; digest(), an integer of what the last call() left, the same on every runtime; and
times, how often the part runs in one call().
"""
