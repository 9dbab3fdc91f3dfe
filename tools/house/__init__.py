"""The house rules, one subject a file; tools/tidy.py runs them over the tree."""
