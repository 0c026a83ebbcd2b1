"""Trains as many epochs as had the least validation loss:
best.py EVENTS.json COMMAND...
"""

import json
import subprocess
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    events = [json.loads(line) for line in file]
epochs = [event for event in events if event["event"] == "epoch"]
best = min(epochs, key=lambda event: event["validation_loss"])
if best is epochs[-1]:
    sys.exit("the last epoch was the best: nothing was restored")
if events[-1]["validation_loss"] != best["validation_loss"]:
    sys.exit("the figures at the end are not those of the best epoch")
command = [*sys.argv[2:], "--epochs", str(best["epoch"])]
sys.exit(subprocess.run(command, check=False).returncode)
