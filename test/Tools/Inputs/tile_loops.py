"""Looks at the innermost loops with tdpbf16ps in assembly: tile_loops.py FILE.s

Each must multiply four tiles and move none but the operands of the next four:
no tile is stored or copied in it, and the stack pointer is not used.
"""

import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    lines = file.read().split("\n")
labels = {line[:-1].split(":")[0]: at for at, line in enumerate(lines)
          if re.match(r"\.L\w+:", line)}
found = 0
for at, line in enumerate(lines):
    jump = re.match(r"\s+j\w+\s+(\.L\w+)$", line)
    if not jump or labels.get(jump[1], at) >= at:
        continue
    body = lines[labels[jump[1]] : at + 1]
    products = sum("tdpbf16ps" in text for text in body)
    if not products:
        continue
    found += 1
    loads = sum("tileloadd" in text for text in body)
    wrong = [text for text in body
             if re.search(r"tilestored|tilezero|tilecfg|%rsp|%rbp", text)]
    if products != 4 or loads not in (4, 5) or wrong:
        sys.exit(f"line {at}: {products} products, {loads} loads, {wrong}")
if not found:
    sys.exit("no loop with tdpbf16ps")
