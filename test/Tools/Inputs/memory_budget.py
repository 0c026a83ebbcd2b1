"""Trains a model with and without a bound of memory and compares the results.

usage: memory_budget.py NNC FILE MODEL FOLDER [--precision P] SHARE [SHARE...]

For each SHARE the bound leaves that share of the arena. `show --memory=SIZE`
must keep the bound and name what is computed again, and the trained model must
be the same to the last byte. In bf16 other values are stored and so rounded
under a bound: its loss must be the same to 1 percent, two roundings.
"""
import json
import subprocess
import sys

nnc, path, model, folder, *shares = sys.argv[1:]
precision = []
if shares[0] == "--precision":
    precision, shares = shares[:2], shares[2:]
BYTES = ("parameter_bytes", "state_bytes", "optimizer_bytes", "input_bytes",
         "output_bytes", "arena_bytes")


def run(*words):
    made = subprocess.run([nnc, *words], capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(f"{words}: exit {made.returncode}: {made.stderr}")
    return made.stdout


def step(option):
    lines = run("show", path, "--model", model, option, "--json",
                *precision).splitlines()
    program = json.loads(lines[-1])
    assert program["program"] == "training step", program["program"]
    assert program["memory_bytes"] == sum(program[key] for key in BYTES)
    return program


plain = step("--memory")
assert not plain["recomputed"] and plain["recomputed_flop"] == 0
arguments = plain["memory_bytes"] - plain["arena_bytes"]


def train(name, *options):
    """The bytes of the trained model, or in bf16 its loss."""
    made = f"{folder}/{name}.nnm"
    run("train", path, "--model", model, "-q", "-o", made, *precision, *options)
    if precision == ["--precision", "bf16"]:
        scores = run("evaluate", made, "--data", "digits", "--json")
        return json.loads(scores.splitlines()[-1])["loss"]
    with open(made, "rb") as file:
        return file.read()


expected = train("plain")
for share in map(float, shares):
    bound = arguments + int(plain["arena_bytes"] * share)
    tight = step(f"--memory={bound}")
    assert tight["memory_bytes"] <= bound, (share, tight["memory_bytes"], bound)
    assert tight["recomputed"], share
    assert tight["recomputed_flop"] == sum(
        entry["flop"] for entry in tight["recomputed"]) > 0
    found = train("tight", "--memory", str(bound))
    same = (abs(found - expected) <= 0.01 * expected
            if isinstance(found, float) else found == expected)
    if not same:
        sys.exit(f"{model} at {share}: the trained models differ")
    print(f"{model}: {plain['arena_bytes']} -> {tight['arena_bytes']} bytes, "
          f"{len(tight['recomputed'])} ops again")
