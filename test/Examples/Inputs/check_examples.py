"""Runs `nnc check` on every model of a folder: check_examples.py NNC FOLDER.

A check must pass, or the model be refused as not supported (exit status 4);
some examples must pass.
"""

import pathlib
import subprocess
import sys

# A layer alone, and what takes minutes.
SKIPPED = {"centred.nn", "transformer.nn"}
REQUIRED = {"digits.nn", "gan.nn", "highway.nn", "quadratic.nn", "siamese.nn"}

nnc, folder = sys.argv[1:]
passed, failed = set(), False
for model in sorted(pathlib.Path(folder).glob("*.nn")):
    if model.name in SKIPPED:
        continue
    done = subprocess.run(
        [nnc, "check", model, "--gradients", "--reference", "--seed", "5"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        passed.add(model.name)
    elif done.returncode != 4:
        failed = True
        print(f"{model}: exit status {done.returncode}")
        print(done.stdout, done.stderr)
for name in sorted(REQUIRED - passed):
    failed = True
    print(f"{name} was not checked")
sys.exit(failed)
