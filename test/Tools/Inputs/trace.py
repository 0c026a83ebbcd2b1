"""Compares the losses of the first ten training steps with PyTorch's:
trace.py NNC ORACLES CASE PRECISION TOLERANCE FOLDER [MNIST]

Starts from the weights and batches of ORACLES/mlp_inputs.py, whose traces are in
mlp_trace.json. `nnc train --steps K` says the mean of the first K losses.
"""

import json
import os
import random
import subprocess
import sys

nnc, oracles, name, precision, tolerance, folder, *mnist = sys.argv[1:]
sys.path.insert(0, oracles)
sys.dont_write_bytecode = True
import mlp_inputs  # noqa: E402

figures = os.path.join(oracles, "../Inputs/oracles/mlp_trace.json")
with open(figures, encoding="utf-8") as file:
    case = next(c for c in json.load(file)["cases"] if c["name"] == name)
words = [w.replace("MNIST", "".join(mnist)) for w in case["inputs"].split()]
inputs = mlp_inputs.parse([*words, "--out", folder])
os.makedirs(folder, exist_ok=True)

# As mlp_inputs.write_inputs, under the names that nnc looks for.
generator = random.Random(1)
weights = mlp_inputs.initial_weights(inputs.widths, generator)
names = {
    f"{k}.{short}": f"layer{k}.{long}"
    for k in range(len(inputs.widths) - 1)
    for short, long in (("w", "weight"), ("b", "bias"))
}
weights = {names[key]: value for key, value in weights.items()}
batches = mlp_inputs.batches(inputs, generator)
data = {}
for key, (descr, shape, values) in batches.items():
    data[key + "_train"] = (descr, (shape[0] * shape[1], *shape[2:]), values)
mlp_inputs.write_npz(folder + "/weights.npz", weights)
mlp_inputs.write_npz(folder + "/data.npz", data)

lines = [f"model mlp(x: f32[batch, {inputs.widths[0]}]) -> "]
lines[0] += f"(logits: f32[batch, {inputs.widths[-1]}]) {{"
before = "x"
for k, units in enumerate(inputs.widths[1:]):
    last = k == len(inputs.widths) - 2
    activation = "" if last else ", activation = relu"
    lines.append(f"  layer{k} = dense({before}, {units}{activation})")
    before = f"layer{k}"
lines += [f"  return {before}", "}", "train mlp {", "  shuffle = false"]
lines += ["  loss = softmax_cross_entropy", "}"]
with open(folder + "/mlp.nn", "w", encoding="utf-8") as file:
    file.write("\n".join(lines) + "\n")

optimizer = "sgd" if "--optimizer sgd" in case["training"] else "adam"
command = [nnc, "train", folder + "/mlp.nn", "--json", "--seed", "1"]
command += ["--data", folder + "/data.npz", "--weights", folder + "/weights.npz"]
command += ["--batch-size", str(inputs.batch_size), "--optimizer", optimizer]
command += ["--precision", precision, "--cache", folder + "/cache"]
command += ["-o", folder + "/mlp.nnm"]
total = 0
worst = 0
for step, expected in enumerate(case[precision], 1):
    done = subprocess.run(
        [*command, "--steps", str(step)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    mean = json.loads(done.stdout.splitlines()[-1])["loss"]
    loss = mean * step - total
    total = mean * step
    worst = max(worst, abs(loss - expected))
    if not abs(loss - expected) <= float(tolerance):
        sys.exit(f"step {step}: {loss}, expected {expected}")
print(f"{name} {precision}: within {worst:.1e}")
