"""Checkers: one property a file, read only from a run's journal (record.py)."""
