"""Fails if the arena of a model exceeds 1.1 times the lower bound.

usage: arena_ratio.py NNC FOLDER..., every .nn file in the folders.
"""
import glob
import json
import subprocess
import sys

MOST = 1.1
PROGRAM_KEYS = {
    "program", "batch", "parameter_bytes", "state_bytes", "optimizer_bytes",
    "input_bytes", "output_bytes", "arena_bytes", "arena_lower_bound",
    "arena_ratio", "kernels", "peak_kernel", "values"
}


def bound_of(program):
    """The most that the listed values take together during one kernel."""
    alive = [0] * program["kernels"]
    for value in program["values"]:
        steps = (range(program["kernels"]) if value["stays"] else range(
            value["first_kernel"], value["last_kernel"] + 1))
        for step in steps:
            alive[step] += (value["bytes"] + 63) // 64 * 64
    return max(alive, default=0), alive.index(max(alive))


checked = 0
for folder in sys.argv[2:]:
    for path in sorted(glob.glob(folder + "/*.nn")):
        made = subprocess.run(
            [sys.argv[1], "show", path, "--memory", "--json"],
            capture_output=True,
            text=True)
        if made.returncode != 0:
            sys.exit(f"{path}: exit {made.returncode}: {made.stderr}")
        for line in made.stdout.splitlines():
            program = json.loads(line)
            where = f"{path}, {program['program']}"
            missing = PROGRAM_KEYS - set(program)
            if missing:
                sys.exit(f"{where}: without {missing}")
            bound, peak = bound_of(program)
            if (bound, peak) != (program["arena_lower_bound"],
                                 program["peak_kernel"]):
                sys.exit(f"{where}: bound {bound} at {peak}, printed "
                         f"{program['arena_lower_bound']} at "
                         f"{program['peak_kernel']}")
            for value in program["values"]:
                if value["offset"] + value["bytes"] > program["arena_bytes"]:
                    sys.exit(f"{where}: {value} lies outside of the arena")
            if program["arena_bytes"] > MOST * bound:
                sys.exit(f"{where}: the arena of {program['arena_bytes']} "
                         f"bytes is too large for {bound}")
            checked += 1
if checked < 30:
    sys.exit(f"only {checked} programs were found")
