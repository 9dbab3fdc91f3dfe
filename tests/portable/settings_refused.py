# Settings from a file: bad ones are refused with one sentence, never with an exception.
# REQ-SET-1, REQ-SET-2, REQ-SET-3.
from kit import check
from kit_agent import settings_of
from quelea_agent.settings import load

GOOD = [[1, "n01", 0], [2, "n02", 1], [9, "n09", 0]]
for changes in (
    {}, {"node": 0}, {"node": 65536}, {"node": "5"}, {"node": True}, {"node": None},
    {"id": "N05"}, {"id": ""}, {"id": 5}, {"fleet": "a b"}, {"fleet": None},
    {"mode": "fast"}, {"mode": 1}, {"rule": "average"}, {"rule": None}, {"rule": "median"},
    {"faults_max": -1}, {"faults_max": 63}, {"faults_max": 2}, {"faults_max": 1.5},
    {"period_ms": 19}, {"period_ms": 20}, {"period_ms": 3600000}, {"period_ms": 3600001},
    {"epoch_rounds": 1000001}, {"fresh_rounds": 0}, {"fresh_rounds": 101}, {"fanout": 127},
    {"lo_q": 1000}, {"hi_q": 8388608}, {"lo_q": -8388608}, {"lo_q": 999},
    {"neighbours": []}, {"neighbours": "abc"}, {"neighbours": None}, {"neighbours": [1, 2, 3]},
    {"neighbours": GOOD + [[3, "n03", 0]]}, {"neighbours": GOOD + [[9, "n09", 0]]},
    {"neighbours": [[5, "n05", 0]] + GOOD}, {"neighbours": GOOD + [[70000, "x", 0]]},
    {"neighbours": GOOD + [[10, "X", 0]]}, {"neighbours": GOOD + [[10, "x", 126]]},
    {"neighbours": GOOD + [[10, "x", -1]]}, {"neighbours": GOOD + [[10, "x"]]},
    {"neighbours": [[1, "n01", 0], [2, "n02", 1]]}, {"mode": "exact", "neighbours": [[1, "a", 0]]},
    {"unknown": 1},
):  # fmt: skip
    settings, problem = load(settings_of(**changes))
    keys = sorted(changes)
    print(keys, "taken" if problem is None else problem)
    check((settings is None) == (problem is not None), "one of both", keys)
for cfg in (None, [], "x", 5, {}):
    settings, problem = load(cfg)
    check(settings is None, "no settings")
