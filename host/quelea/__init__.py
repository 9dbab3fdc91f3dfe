"""Quelea on a computer: reference, simulator, emulated fleet, conformance, monitoring."""

__version__ = "0.1.0"
