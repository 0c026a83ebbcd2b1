"""Compares every metric of nnc evaluate with the same figure from what nnc
predict gives: metrics.py NNC FOLDER

The data are made here: three classes that overlap, and a noisy plane.
"""

import csv
import json
import math
import os
import random
import subprocess
import sys

nnc, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
random.seed(3)


def write(name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def run(*words):
    done = subprocess.run(
        [nnc, *words], cwd=folder, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"exit status {done.returncode}: {words}")
    return done.stdout


def outputs(name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return rows


def compare(found, expected, tolerance=1e-6):
    for key, value in expected.items():
        if not math.isclose(found[key], value, rel_tol=tolerance, abs_tol=tolerance):
            sys.exit(f"{key}: nnc says {found[key]}, expected {value}")
        print(key, round(value, 4))


# Classes: blue is rarer, and all of them overlap.
classes = ["red", "green", "blue"]
centres = {"red": (0, 0), "green": (1, 0), "blue": (0, 1)}
truth = random.choices(classes, [5, 3, 1], k=233)
truth[:3] = classes  # They are numbered in order of appearance.
rows = [
    ",".join(f"{random.gauss(c, 0.7):.4f}" for c in centres[name]) + "," + name
    for name in truth
]
write("classes.csv", "a,b,kind\n" + "\n".join(rows) + "\n")
write(
    "classes.nn",
    """model kinds(features: f32[batch, 2]) -> (logits: f32[batch, 3]) {
  return dense(features, 3)
}
train kinds {
  data = "classes.csv"
  loss = softmax_cross_entropy
  epochs = 3
}
""",
)
run("train", "classes.nn", "-q", "-o", "classes.nnm")
metrics = "accuracy,top_k(2),precision,recall,f1,confusion"
arguments = ["classes.nnm", "--data", "classes.csv", "--json", "--metrics"]
found = json.loads(run("evaluate", *arguments, metrics))
micro = ",".join(f'{m}(average="micro")' for m in ("precision", "recall", "f1"))
found_micro = json.loads(run("evaluate", *arguments, micro))
run("predict", "classes.nnm", "--input", "classes.csv", "-o", "p.csv", "-q")
predicted = outputs("p.csv")
given = [row[-1] for row in predicted]
scores = [[float(x) for x in row[:-1]] for row in predicted]
numbers = [classes.index(name) for name in truth]

table = [[0] * 3 for _ in classes]
for true, name in zip(numbers, given):
    table[true][classes.index(name)] += 1
if found["confusion"] != table:
    sys.exit(f"confusion: nnc says {found['confusion']}, expected {table}")
right = [table[k][k] for k in range(3)]
columns = [sum(row[k] for row in table) for k in range(3)]
precision = [r / c if c else 0 for r, c in zip(right, columns)]
recall = [r / sum(row) for r, row in zip(right, table)]
f1 = [2 * p * r / (p + r) if p + r else 0 for p, r in zip(precision, recall)]
loss = 0
for row, k in zip(scores, numbers):
    loss += math.log(sum(math.exp(x) for x in row)) - row[k]
loss /= len(scores)
compare(
    found,
    {
        "samples": len(truth),
        "loss": loss,
        "accuracy": sum(right) / len(truth),
        "top_2": sum(
            sum(x > row[k] for x in row) < 2 for row, k in zip(scores, numbers)
        )
        / len(truth),
        "precision": sum(precision) / 3,
        "recall": sum(recall) / 3,
        "f1": sum(f1) / 3,
    },
    1e-5,
)
# One class a sample: all three are the accuracy.
compare(found_micro, dict.fromkeys(["precision", "recall", "f1"], found["accuracy"]))

# A plane with noise.
points = [(random.uniform(-1, 1), random.uniform(-1, 1)) for _ in range(101)]
values = [3 * a - 2 * b + 1 + random.gauss(0, 0.3) for a, b in points]
rows = [f"{a!r},{b!r},{v!r}" for (a, b), v in zip(points, values)]
write("plane.csv", "a,b,value\n" + "\n".join(rows) + "\n")
write(
    "plane.nn",
    """model plane(features: f64[batch, 2]) -> (value: f64[batch, 1]) {
  return dense(features, 1)
}
train plane {
  data = "plane.csv"
  loss = mse
  optimizer = sgd(learning_rate = 0.1)
  precision = "f64"
  epochs = 3
}
""",
)
run("train", "plane.nn", "-q", "-o", "plane.nnm")
arguments = ["plane.nnm", "--data", "plane.csv", "--json", "--metrics", "mse,mae,r2"]
found = json.loads(run("evaluate", *arguments))
run("predict", "plane.nnm", "--input", "plane.csv", "-o", "v.csv", "-q")
errors = [float(row[0]) - v for row, v in zip(outputs("v.csv"), values)]
squares = sum(e * e for e in errors)
mean = sum(values) / len(values)
compare(
    found,
    {
        "samples": len(values),
        "loss": squares / len(values),
        "mse": squares / len(values),
        "mae": sum(abs(e) for e in errors) / len(values),
        "r2": 1 - squares / sum((v - mean) ** 2 for v in values),
    },
    1e-9,
)
