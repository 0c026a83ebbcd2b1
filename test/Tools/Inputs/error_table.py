"""Looks for a test of every error that a user can meet: error_table.py SOURCE

A row of Errors.def is tested if a unit test names its code, or if a test holds a
message that its text can become.
"""

import os
import re
import sys

source = sys.argv[1]
with open(source + "/include/nnc/Support/Errors.def", encoding="utf-8") as file:
    table = file.read()
strings = r'((?:\s*"(?:[^"\\]|\\.)*")+)'
rows = re.findall(r"NNC_ERROR\(\s*(\w+),\s*(\w+)," + strings + r"\)", table)
if len(rows) != len(re.findall(r"^NNC_ERROR\(", table, re.MULTILINE)):
    sys.exit("a row of Errors.def cannot be read")

texts = []
for folder, _, names in os.walk(source + "/test"):
    for name in names:
        if name.endswith((".cpp", ".h", ".test", ".nn", ".mlir", ".py", ".txt")):
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
tests = "\n".join(texts)
# String literals that go on in the next line are one.
tests = re.sub(r'"\s*\n\s*"', "", tests)
tests += tests.replace('\\"', '"')

untested = []
for code, status, literals in rows:
    # Nothing outside can bring about what is our own mistake.
    if status == "internal" or re.search(rf"ErrorCode::{code}\b", tests):
        continue
    text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
    text = text.replace('\\"', '"').replace("\\\\", "\\")
    parts = [re.escape(part) for part in re.split(r"\{[^}]*\}", text)]
    if not re.search(".*".join(parts), tests):
        untested.append(code)
for code in untested:
    print("no test produces", code)
print(f"{len(rows)} errors, {len(untested)} without a test")
sys.exit(bool(untested))
