"""Compares one number of two JSON objects:
close.py A.json B.json KEY DISTANCE
"""

import json
import sys

first, second, key, distance = sys.argv[1:]
a, b = (json.load(open(path, encoding="utf-8"))[key] for path in (first, second))
print(f"{key}: {a} and {b}")
sys.exit(0 if abs(a - b) <= float(distance) else 1)
