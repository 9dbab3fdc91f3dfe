"""The simulator: the real agent in virtual time with seeded faults; a seed replays its run."""
