"""Who may join a fleet and be believed: certificates, keys, signatures, and what is refused."""
