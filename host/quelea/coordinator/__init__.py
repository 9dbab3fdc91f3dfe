"""The coordinator: a listener that announces, records and commands, and that no node needs.

`link` is the MQTT connection, `intake` what becomes of a message, `lease` presence, `account`
the gaps, `view` the snapshot, `clean` what is left at the broker.
"""

from quelea.coordinator.clean import clear_retained
from quelea.coordinator.coordinator import Coordinator
from quelea.coordinator.view import FleetView, NodeView

__all__ = ["Coordinator", "FleetView", "NodeView", "clear_retained"]
