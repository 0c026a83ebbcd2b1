"""same-bits.py PREDICTED.csv PROGRAM SAMPLES.csv: a C program's scores are those
of PREDICTED.csv to the bit."""

import csv
import struct
import subprocess
import sys


def bits(rows):
    # The text of a number, of nine digits or as few as tell it apart, gives it
    # back.
    return [struct.pack("<10f", *map(float, row[:10])) for row in rows]


predicted, program, samples = sys.argv[1:]
wanted = bits(list(csv.reader(open(predicted)))[1:])
run = subprocess.run([program, samples], check=True, capture_output=True)
given = bits(csv.reader(run.stdout.decode().splitlines()))
assert len(wanted) > 0 and given == wanted
