"""Conformance: the same files on every runtime, compared bit by bit.

`targets/` says where they run, `device/` is what runs there, `conform` runs all of it and
`report` tells what came out. `traces` and `difference` hold whole nodes to the reference.
"""
