"""Checks the examples in the descriptions of the nn ops.

usage: examples.py OPS.md nnc-opt [option...]

Each op of the generated reference must have an example that shows the op, parses,
verifies and survives printing. The types of the values that an example uses without
defining them are found out from the parser's messages.
"""

import re
import subprocess
import sys

# Shown in the example of the op that it ends.
PART_OF_ANOTHER = {"nn.next": "nn.scan", "nn.yield": "nn.fusion"}


def read_examples(path):
    examples = {}
    for section in re.split(r"^### (?=`nn\.)", open(path).read(), flags=re.M)[1:]:
        name = re.match(r"`([\w.]+)`", section).group(1)
        match = re.search(r"^Example:\s*(?:```mlir\n(.*?)```|`([^`]*)`)", section, re.M | re.S)
        examples[name] = (match.group(1) or match.group(2)) if match else None
    return examples


def free_values(text):
    used = dict.fromkeys(re.findall(r"%\w+", text))
    defined = set()
    for line in text.splitlines():
        left, equals, _ = line.partition(" = nn.")
        if equals:
            defined.update(re.findall(r"%\w+", left))
        if line.strip().startswith("^"):
            defined.update(re.findall(r"%\w+", line))
    return [value for value in used if value not in defined]


def function(name, text, types):
    arguments = ", ".join(f"{value}: {type}" for value, type in types.items())
    return f"func.func @f({arguments}) {{\n{text}\nreturn\n}}\n"


def run(examples, types, command):
    """The first error of each example, if any."""
    names = list(examples)
    text = "// -----\n".join(function(n, examples[n], types[n]) for n in names)
    lines = text.splitlines()
    starts, part = [], 0
    for line in lines:
        part += line == "// -----"
        starts.append(part)
    result = subprocess.run(
        [*command, "--split-input-file", "--mlir-print-op-on-diagnostic=false"],
        input=text, capture_output=True, text=True,
    )
    errors = {}
    for match in re.finditer(r"within split at <stdin>:(\d+).*?error: (.*)|<stdin>:(\d+):\d+: error: (.*)",
                             result.stderr):
        split, message = (match.group(1), match.group(2)) if match.group(1) else (match.group(3), match.group(4))
        errors.setdefault(names[starts[int(split) - 1]], message)
    if result.returncode and not errors:
        sys.exit(result.stderr)
    return errors


def main():
    examples = read_examples(sys.argv[1])
    command = sys.argv[2:] + ["--verify-roundtrip"]
    failures = [f"{n}: no example" for n, text in examples.items() if not text]
    failures += [f"{n}: the example shows another op" for n, text in examples.items()
                 if text and not re.search(re.escape(n) + r"\b", text)]
    examples = {n: text for n, text in examples.items() if text and n not in PART_OF_ANOTHER}
    types = {n: dict.fromkeys(free_values(text), "i1") for n, text in examples.items()}
    while True:
        errors = run(examples, types, command)
        progress = False
        for name, message in errors.items():
            match = re.search(r"use of value '(%\w+)' expects different type than prior uses: '(.*)' vs 'i1'", message)
            if match:
                types[name][match.group(1)] = match.group(2)
                progress = True
        if not progress:
            break
    failures += [f"{n}: {message}" for n, message in errors.items()]
    for failure in failures:
        print(failure)
    print(f"{len(examples)} examples, {len(failures)} failures")
    return 1 if failures or len(examples) < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
