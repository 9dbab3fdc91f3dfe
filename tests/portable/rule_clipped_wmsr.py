# The rule in quelea_proto.rules.clipped_wmsr on edge cases.
from kit_rules import show, show_wide
from quelea_proto.rules.clipped_wmsr import apply

show(apply)
show_wide(apply)
