"""Model serving: which node holds which model, and who answers which request."""
