"""Trains, kills the process at twenty random moments, each time going on with
what it left, until it is done: kill.py NNC MODEL FOLDER EPOCHS [OPTION...]
"""

import os
import random
import subprocess
import sys
import time

nnc, model, folder, epochs, *options = sys.argv[1:]
command = [nnc, "train", model, "-o", folder + "/killed.nnm", "-q", *options]
command += ["--epochs", epochs, "--checkpoint", folder + "/checkpoints"]
command += ["--checkpoint-every", "7", "--resume", "--cache", folder + "/cache"]
random.seed(20)
# Compiled before the clock runs, so that what is killed is the training.
subprocess.run([*command, "--dry-run"], check=True)
killed = 0
while killed < 20:
    process = subprocess.Popen(command)
    time.sleep(random.uniform(0.01, 0.15))
    if process.poll() is not None:
        # Done before all were killed: the rest start anew.
        if process.returncode:
            sys.exit(f"exit status {process.returncode}")
        for name in os.listdir(folder + "/checkpoints"):
            os.remove(os.path.join(folder, "checkpoints", name))
        continue
    process.kill()
    process.wait()
    killed += 1
status = subprocess.run(command, check=False).returncode
if len(os.listdir(folder + "/checkpoints")) != 2:
    sys.exit("the folder does not hold the last two checkpoints and nothing else")
sys.exit(status)
