"""Speed, as ratios: `make bench` or `python -m bench`; README.md says how each is fair."""
