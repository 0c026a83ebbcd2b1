"""Interrupts a training after its first epoch, then resumes it:
interrupt.py NNC MODEL FOLDER
"""

import signal
import subprocess
import sys

nnc, model, folder = sys.argv[1:]
command = [nnc, "train", model, "-o", folder + "/interrupted.nnm"]
process = subprocess.Popen(
    command + ["--epochs", "100000"], stderr=subprocess.PIPE, text=True
)
for line in process.stderr:
    if line.startswith("epoch 2"):
        process.send_signal(signal.SIGINT)
        break
rest = process.stderr.read()
if process.wait() != 130 or "--resume" not in rest:
    sys.exit(f"exit status {process.returncode}: {rest}")
resume = command + ["--epochs", "40", "-q", "--resume"]
sys.exit(subprocess.run(resume, check=False).returncode)
