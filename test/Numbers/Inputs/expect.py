#!/usr/bin/env python3
"""Compares an .npy file of floats, integers or bools with numbers.

    expect.py FILE.npy NUMBER... [--tolerance X]
    expect.py FILE.npy --like OTHER.npy [--tolerance X]

The numbers are in row-major order; commas between them count as blanks. The
tolerance (0 by default) is absolute.
"""

import argparse
import ast
import struct
import sys

CODES = {"f8": "d", "f4": "f", "i4": "i", "i8": "q", "b1": "?"}


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    if content[:6] != b"\x93NUMPY":
        raise SystemExit(f"{path}: not an .npy file")
    length = struct.unpack("<H", content[8:10])[0]
    header = ast.literal_eval(content[10 : 10 + length].decode())
    code = CODES[header["descr"][1:]]
    data = content[10 + length :]
    values = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)
    return header["shape"], [float(v) for v in values]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--tolerance", type=float, default=0)
    parser.add_argument("--like")
    arguments, words = parser.parse_known_args()
    expected = [float(n) for word in words for n in word.split(",") if n]
    if arguments.like:
        expected = read(arguments.like)[1]
    shape, actual = read(arguments.file)
    wrong = len(actual) != len(expected) or any(
        not abs(a - e) <= arguments.tolerance for a, e in zip(actual, expected)
    )
    if wrong:
        print(f"{arguments.file}: shape {shape}, {actual}")
        print(f"expected {expected} within {arguments.tolerance}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
