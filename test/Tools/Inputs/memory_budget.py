"""Trains a model with and without a bound of memory and compares the results.

usage: memory_budget.py NNC FILE MODEL FOLDER SHARE [SHARE...]

For each SHARE the bound leaves that share of the arena. `show --memory=SIZE`
must keep the bound and name what is computed again, and the trained model must
be the same to the last byte.
"""
import json
import subprocess
import sys

nnc, path, model, folder = sys.argv[1:5]
BYTES = ("parameter_bytes", "state_bytes", "optimizer_bytes", "input_bytes",
         "output_bytes", "arena_bytes")


def run(*words):
    made = subprocess.run([nnc, *words], capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(f"{words}: exit {made.returncode}: {made.stderr}")
    return made.stdout


def step(option):
    lines = run("show", path, "--model", model, option, "--json").splitlines()
    program = json.loads(lines[-1])
    assert program["program"] == "training step", program["program"]
    assert program["memory_bytes"] == sum(program[key] for key in BYTES)
    return program


plain = step("--memory")
assert not plain["recomputed"] and plain["recomputed_flop"] == 0
arguments = plain["memory_bytes"] - plain["arena_bytes"]
run("train", path, "--model", model, "-q", "-o", f"{folder}/plain.nnm")
with open(f"{folder}/plain.nnm", "rb") as file:
    expected = file.read()
for share in map(float, sys.argv[5:]):
    bound = arguments + int(plain["arena_bytes"] * share)
    tight = step(f"--memory={bound}")
    assert tight["memory_bytes"] <= bound, (share, tight["memory_bytes"], bound)
    assert tight["recomputed"], share
    assert tight["recomputed_flop"] == sum(
        entry["flop"] for entry in tight["recomputed"]) > 0
    run("train", path, "--model", model, "-q", "-o", f"{folder}/tight.nnm",
        "--memory", str(bound))
    with open(f"{folder}/tight.nnm", "rb") as file:
        if file.read() != expected:
            sys.exit(f"{model} at {share}: the trained models differ")
    print(f"{model}: {plain['arena_bytes']} -> {tight['arena_bytes']} bytes, "
          f"{len(tight['recomputed'])} ops again")
