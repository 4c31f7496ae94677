"""Prints tests/Smvl.Tests/Training/data/schedules.json anew from transformers: python3 scripts/make_schedules.py tests/Smvl.Tests/Training/data/schedules.json

Takes the cases from the file it is given, and prints the rates that transformers (5.12.1) gives for them: get_scheduler on AdamW,
get_last_lr() before each of T + 3 scheduler steps. `--check` compares instead and fails where they differ.
"""
import json
import sys

import torch
from transformers import get_scheduler

given = json.load(open(sys.argv[1]))
worst = 0.0
for case in given["cases"]:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=given["learning_rate"])
    schedule = get_scheduler(
        case["lr_scheduler_type"], optimizer, num_warmup_steps=case["warmup_steps"], num_training_steps=case["max_steps"],
        scheduler_specific_kwargs=dict(case["lr_scheduler_kwargs"]))
    rates = []
    for _ in range(len(case["rates"])):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    worst = max([worst] + [abs(a - b) for a, b in zip(rates, case["rates"])])
    case["rates"] = rates
if "--check" in sys.argv:
    print(f"{len(given['cases'])} cases, {len({c['lr_scheduler_type'] for c in given['cases']})} schedules, largest difference {worst}")
    sys.exit(worst > 0)
print(json.dumps(given))
