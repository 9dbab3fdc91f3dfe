"""What the conformance run stages on a target: these files run on MicroPython and on CPython.

The portable subset of shared/ applies: integers only, inside 31 bits, no typing, no dataclasses.
"""
