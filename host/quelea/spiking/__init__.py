"""Spiking networks: trained here, run on boards by quelea_agent.spiking, bit for bit the same.

network: the file format and the reference; codes: encoders; train: surrogate gradients; exchange:
NIR; surge and digits: the two tasks; dense: the int8 network they are held to.
"""
