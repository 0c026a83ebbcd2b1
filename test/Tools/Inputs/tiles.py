"""Runs a program that prints what a function with tiles of AMX returns:
tiles.py PROGRAM
"""

import subprocess
import sys

with open("/proc/cpuinfo", encoding="utf-8") as file:
    flags = file.read().split()
if "avx512f" not in flags:
    sys.exit(0)
done = subprocess.run(sys.argv[1], capture_output=True, text=True, check=True)
expected = "0 2" if "amx_bf16" in flags else "3 2"
if done.stdout.strip() != expected:
    sys.exit(f"it printed {done.stdout!r}, expected {expected}")
