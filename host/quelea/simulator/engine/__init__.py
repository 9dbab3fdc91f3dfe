"""The accelerated engine: sixteen seeds side by side, whole nodes, in synchronous rounds.

`lanes` draws what befalls each seed and runs a group of them, `twin` runs one of those seeds on
the reference's Machines with real frames, `command` runs thousands. docs/testing.md says what this
engine models and what only the simulator does.
"""
