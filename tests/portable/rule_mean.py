# The rule in quelea_proto.rules.mean on edge cases.
from kit_rules import show, show_wide
from quelea_proto.rules.mean import apply

show(apply)
show_wide(apply)
