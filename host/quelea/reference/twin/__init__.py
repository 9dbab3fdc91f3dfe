"""The reference in plain Python; setup.py compiles the same files as quelea.reference.compiled.

What these files keep to, so that one text serves both: no `import cython` (types are in the
`.pxd` beside the compiled package), names of other modules are qualified (`limits.Q_MAX` becomes a
constant, `codec.crc16` a C call), and every number fits 64 bits signed.
"""
