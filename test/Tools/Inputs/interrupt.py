"""Interrupts a training after its first epoch, then resumes it; one of folds
keeps nothing: interrupt.py NNC MODEL FOLDER
"""

import os
import signal
import subprocess
import sys

nnc, model, folder = sys.argv[1:]


def interrupt(command, expected, number=signal.SIGINT):
    """Runs `command` until its second epoch; it must end with status 130."""
    process = subprocess.Popen(
        [*command, "--epochs", "100000"], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if line.startswith("epoch 2"):
            process.send_signal(number)
            break
    rest = process.stderr.read()
    if process.wait() != 130 or expected not in rest:
        sys.exit(f"exit status {process.returncode}: {rest}")


folds = [nnc, "train", model, "-o", folder + "/folds.nnm", "--folds", "3"]
interrupt(folds, "nothing is kept")
if os.path.exists(folder + "/folds.nnm.checkpoint"):
    sys.exit("a checkpoint of a fold is left")
hung_up = [nnc, "train", model, "-o", folder + "/hung_up.nnm"]
interrupt(hung_up, "--resume", signal.SIGHUP)
command = [nnc, "train", model, "-o", folder + "/interrupted.nnm"]
interrupt(command, "--resume")
resume = command + ["--epochs", "40", "-q", "--resume"]
sys.exit(subprocess.run(resume, check=False).returncode)
