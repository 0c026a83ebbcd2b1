"""shared.py LIBRARY SAMPLES.csv PREDICTED.csv: calls a compiled network."""

import csv
import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
run = library.digits_run
run.argtypes = [ctypes.c_void_p] * 3
run.restype = ctypes.c_int
memory = ctypes.create_string_buffer(1 << 20)
arena = (ctypes.addressof(memory) + 63) // 64 * 64
rows = list(csv.reader(open(sys.argv[2])))
wanted = [row[:10] for row in csv.reader(open(sys.argv[3]))][1:]
assert len(rows) == len(wanted) > 0
for row, scores in zip(rows, wanted):
    image = (ctypes.c_float * 64)(*[int(value) / 16 for value in row])
    logits = (ctypes.c_float * 10)()
    assert run(ctypes.addressof(image), ctypes.addressof(logits), arena) == 0
    for x, y in zip(logits, map(float, scores)):
        assert abs(x - y) <= 1e-5 * max(1, abs(y)), (x, y)
    assert run(ctypes.addressof(image), ctypes.addressof(logits), arena + 4) == 2
assert not hasattr(library, "digits_run_1_program")
