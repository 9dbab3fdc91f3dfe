"""The protocol: what boards and computers both run. No I/O, no clock, no randomness."""
