"""Boards, what is wired to which of their pins, and drawings of it; tools/wiring.py runs it."""
