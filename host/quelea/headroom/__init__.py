"""Headroom on the host: plan (a limit split, or refused) and audit (was it kept)."""
