# The rule in quelea_proto.rules.trim_and_clip on edge cases.
from kit_rules import show, show_wide
from quelea_proto.rules.trim_and_clip import apply

show(apply)
show_wide(apply)
