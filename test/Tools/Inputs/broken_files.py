"""Gives nnc files and options that no person would, and prints what it says of
each, the exit status first: broken_files.py NNC DIGITS.nn FOLDER
"""

import os
import random
import subprocess
import sys
import zipfile

nnc, digits, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
os.chdir(folder)
random.seed(1)


def write(name, content):
    with open(name, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def run(title, *words, stdin=b""):
    done = subprocess.run(
        [nnc, *words], input=stdin, capture_output=True, check=False, timeout=60
    )
    errors = done.stderr.decode("utf-8", errors="replace")
    # Enough to see that the first error is the right one and how many follow.
    lines = [line for line in errors.splitlines() if "error:" in line]
    longest = max((len(line) for line in errors.splitlines()), default=0)
    first = lines[0] if lines else errors.strip()
    print(f"{title} [{done.returncode}] {first}".rstrip())
    if len(lines) > 1:
        print(f"  and {len(lines) - 1} more")
    if longest > 1200:
        sys.exit(f"a line of {longest} characters")
    if any(ord(c) < 32 and c not in "\n\t" for c in errors):
        sys.exit("a control character")


def model(body):
    return "model m(x: f32[batch, 3]) -> f32[batch, 3] {\n  return " + body + "\n}\n"


# Files that are no models.
noise = random.randbytes(4000) + bytes(96)
write("noise.nn", noise)
run("noise", "show", "noise.nn")
write("noise.nnm", noise)
run("noise as a trained model", "show", "noise.nnm")
write("empty.nn", "")
run("empty", "show", "empty.nn")
write("empty.nnm", "")
run("empty trained model", "show", "empty.nnm")
os.mkdir("folder.nn")
run("folder", "show", "folder.nn")
run("noise on standard input", "show", "-", stdin=noise)
write("control.nn", "\x1b[31mmodel\x07")
run("control characters", "show", "control.nn")

# Depth and length.
deep = 100000
for name, body in {
    "parentheses": "(" * deep + "x" + ")" * deep,
    "signs": "-" * deep + "x",
    "indices": "x" + "[0" * deep,
    "powers": "x" + "**x" * deep,
    "lists": "[" * deep + "]" * deep,
    "ifs": "if training { yield " * deep,
    "calls": "relu(" * deep + "x" + ")" * deep,
    "sum": "x+" * deep + "x",
    "name": "y" * deep,
    "number": "x * 1" + "0" * deep,
    "exponent": "x * 1e" + "9" * deep,
}.items():
    write(name + ".nn", model(body))
    run("deep " + name, "show", name + ".nn")
write("units.nn", model("dense(x, 99999999999999)"))
run("units", "show", "units.nn")
write("product.nn", model("dense(dense(dense(x, 4294967296), 4294967296), 3)"))
run("product", "show", "product.nn")

# Trained models with something wrong in them.
run("trained", "train", digits, "--epochs", "0", "-o", "good.nnm", "-q")
with open("good.nnm", "rb") as file:
    good = file.read()
run("on standard input", "evaluate", "-", "--data", "digits", "--json", stdin=good)
write("cut.nnm", good[: len(good) // 2])
run("cut off", "evaluate", "cut.nnm", "--data", "digits")


def damaged(title, member, change):
    name = title.replace(" ", "-") + ".nnm"
    with zipfile.ZipFile("good.nnm") as old, zipfile.ZipFile(name, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            if entry == member:
                content = change(content)
            if content is not None:
                new.writestr(entry, content)
    run(title, "evaluate", name, "--data", "digits")


damaged("no metadata", "metadata.json", lambda old: None)
damaged("metadata is a list", "metadata.json", lambda old: b"[]")
damaged("metadata is deep", "metadata.json", lambda old: b"[" * deep)
damaged("later format", "metadata.json", lambda old: b'{"format": 999}')
damaged("other text", "model.nn", lambda old: old.replace(b"128", b"127"))
damaged("no weights", "weights.safetensors", lambda old: None)

# Places that cannot be read or written.
run("output in no folder", "train", digits, "-o", "none/m.nnm")
run("output is a folder", "train", digits, "-o", "folder.nn")
run("output without a name", "train", digits, "-o", "")
run("checkpoints in a file", "train", digits, "--checkpoint", "good.nnm")
run("log in a folder", "train", digits, "--log", "folder.nn", "-q")
run("weights are a folder", "train", digits, "--weights", "folder.nn")
run("weights are noise", "train", digits, "--weights", "noise.nn")
run("picture in no folder", "graph", digits, "-o", "none/g.svg")
run("code in no folder", "compile", "good.nnm", "-o", "none/m.o")
run("prediction is a folder", "predict", "good.nnm", "--input", "digits", "-o", "folder.csv/")

# Numbers that are out of the question.
for option, value in {
    "--epochs": "99999999999999999999",
    "--batch-size": "1.5",
    "--seed": "-1",
    "--threads": "100000",
    "--folds": "5000",
    "--patience": "0",
    "--learning-rate": "nan",
    "--metrics": "top_k(0)",
    "--validation": "1e-9",
}.items():
    run(f"{option} {value}", "train", digits, option, value, "-o", "m.nnm", "-q")
write("line.nn", "model m(x: f32[batch, 2]) -> f32[batch] {\n  return sum(x, 1)\n}\n")
run("no rows", "run", "line.nn", "--input", "x=0x2xf32=")
run("huge literal", "run", "line.nn", "--input", "x=99999999999x2xf32=1")
run("negative size", "run", "line.nn", "--input", "x=-1x2xf32=1")
run("words as numbers", "run", "line.nn", "--input", "x=1x2xf32=" + "a," * 9999)
