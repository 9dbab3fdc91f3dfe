"""Trained networks as JSON; each names the command that wrote it."""
