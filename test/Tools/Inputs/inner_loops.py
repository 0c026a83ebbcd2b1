"""Looks at the innermost loops of products in assembly:
inner_loops.py FILE.s MULTIPLY_ADD

Innermost loops of which MULTIPLY_ADD is at least a third, and at least eight
instructions, are counted; an access to the stack pointer in one of them is a
spilled register.
"""

import re
import sys

LABEL = re.compile(r"^(\.L\w+):")
JUMP = re.compile(r"^\s+(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\d+,)\s+(\.L\w+)$")
STACK = re.compile(r"%rsp|%esp|\[sp\b")

path, multiply_add = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    lines = [line.rstrip("\n") for line in file]

loops, labels = [], {}
for number, line in enumerate(lines):
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
for first, last in innermost:
    body = lines[first : last + 1]
    count = sum(multiply_add in line for line in body)
    if count < 8 or 3 * count < len(body):
        continue
    found += 1
    for number, line in enumerate(body, start=first + 1):
        if STACK.search(line):
            spilled += 1
            print(f"{path}:{number}: {line.strip()}")
print(f"{found} loops, {spilled} spills")
sys.exit(1 if spilled or not found else 0)
