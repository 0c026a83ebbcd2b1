"""Looks at the innermost loops of products in assembly:
inner_loops.py FILE.s MULTIPLY_ADD [KERNEL ...]

Innermost loops of which MULTIPLY_ADD is at least a third, and at least eight
instructions, are counted; an access to a fixed place on the stack in one of them
is a spilled register. At least one such loop must be in a function of each KERNEL,
whose name begins so behind the program's.
"""

import re
import sys

LABEL = re.compile(r"^(\.L\w+):")
JUMP = re.compile(r"^\s+(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\d+,)\s+(\.L\w+)$")
FUNCTION = re.compile(r"^(?:\w+\.)?([A-Za-z_]\w*):")
STACK = re.compile(r"%[re]sp\)|\[sp\b")

path, multiply_add, *kernels = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    lines = [line.rstrip("\n") for line in file]

loops, labels, functions, function = [], {}, [], ""
for number, line in enumerate(lines):
    if opened := FUNCTION.match(line):
        function = opened[1]
    functions.append(function)
    label = LABEL.match(line)
    if label:
        labels[label[1]] = number
    jump = JUMP.match(line)
    if jump and jump[1] in labels:
        loops.append((labels[jump[1]], number))
innermost = [
    (first, last)
    for first, last in loops
    if not any(
        (first <= a and b <= last) and (a, b) != (first, last) for a, b in loops
    )
]

found = spilled = 0
missing = set(kernels)
for first, last in innermost:
    body = lines[first : last + 1]
    count = sum(multiply_add in line for line in body)
    if count < 8 or 3 * count < len(body):
        continue
    found += 1
    missing = {name for name in missing if not functions[first].startswith(name)}
    for number, line in enumerate(body, start=first + 1):
        if STACK.search(line):
            spilled += 1
            print(f"{path}:{number}: {line.strip()}")
print(f"{found} loops, {spilled} spills")
for name in sorted(missing):
    print(f"no loop of {name}")
sys.exit(1 if spilled or missing or not found else 0)
