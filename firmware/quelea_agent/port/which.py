"""Which port this is: the one place that asks for the platform."""

import sys


def port_module():
    """Return the port of the platform that this runs on."""
    if sys.implementation.name == "cpython":
        from quelea_agent.port import cpython as module
    elif sys.platform == "esp32":
        from quelea_agent.port import esp32 as module
    else:
        from quelea_agent.port import unix as module
    return module
