"""Runs on MicroPython: judges the documents of argv[1], one a line, and prints JSON."""

import binascii
import gc
import json
import sys
import time

from quelea_agent.port.signed import Check

answers = []
steps_max = 0
slowest_us = 0
with open(sys.argv[1]) as file:
    for line in file:
        public, kind, document = [binascii.unhexlify(word) for word in line.strip().split(",")]
        gc.collect()
        check = Check(public, kind, document)
        steps = 1
        while True:
            begin_us = time.ticks_us()
            answer = check.step()
            slowest_us = max(slowest_us, time.ticks_diff(time.ticks_us(), begin_us))
            if answer is not None:
                break
            steps += 1
        steps_max = max(steps_max, steps)
        answers.append([answer, len(check.body)])
print(json.dumps({"answers": answers, "steps_max": steps_max, "slowest_us": slowest_us}))
