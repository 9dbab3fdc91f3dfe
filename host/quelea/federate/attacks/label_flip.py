"""Label flipping: liars train as the honest do, on labels turned around (9 for 0, 8 for 1 ...)."""

LABELS = True
