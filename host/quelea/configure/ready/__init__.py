"""Configurations that ship with Quelea: a TOML file each, found by its name."""
