"""pairs.py FILE: writes the npz FILE with pairs of two clusters of 784 numbers."""

import random
import struct
import sys
import zipfile


def npy(shape, numbers):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    return head + header.encode() + struct.pack(f"<{len(numbers)}f", *numbers)


def main():
    generator = random.Random(1)
    count, size = 64, 784
    arrays = {"a": [], "b": [], "same": []}
    for sample in range(count):
        first, second = generator.randrange(2), generator.randrange(2)
        for name, kind in (("a", first), ("b", second)):
            arrays[name] += [
                generator.gauss(0.5 if i % 2 == kind else 0.0, 0.1)
                for i in range(size)
            ]
        arrays["same"].append(float(first == second))
    with zipfile.ZipFile(sys.argv[1], "w") as file:
        for name, numbers in arrays.items():
            shape = (count,) if name == "same" else (count, size)
            file.writestr(name + ".npy", npy(shape, numbers))


main()
