"""Trains, kills the process at random moments, and resumes until it is done:
kill.py NNC MODEL FOLDER EPOCHS
"""

import random
import subprocess
import sys
import time

nnc, model, folder, epochs = sys.argv[1:]
command = [nnc, "train", model, "-o", folder + "/killed.nnm", "-q"]
command += ["--epochs", epochs, "--checkpoint", folder + "/checkpoints"]
command += ["--checkpoint-every", "7", "--resume"]
random.seed(20)
for _ in range(6):
    process = subprocess.Popen(command)
    time.sleep(random.uniform(0.02, 0.6))
    process.kill()
    process.wait()
sys.exit(subprocess.run(command, check=False).returncode)
