"""Comparator networks: how they are built, cut down to what a rule needs, proven and printed."""
