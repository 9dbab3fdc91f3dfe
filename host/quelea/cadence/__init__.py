"""How much a cadence saves and what it costs: fleets in virtual time beside fleets that always
speak, and beside the rule that this project began from."""
