"""Runs a command and succeeds if its exit status is the one expected:
status.py STATUS COMMAND...
"""

import subprocess
import sys

done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, check=False)
if done.returncode != int(sys.argv[1]):
    sys.exit(f"exit status {done.returncode}, expected {sys.argv[1]}")
