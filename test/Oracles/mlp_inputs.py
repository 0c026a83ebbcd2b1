#!/usr/bin/env python3
"""Writes the initial weights and the batches of a multi-layer perceptron.

    mlp_inputs.py --widths 784,500,500,10 --batch-size 128 --out DIR [--mnist DIR]

DIR/weights.npz has "0.w" [n, units], "0.b" [units], "1.w", ... ; DIR/batches.npz
has x [steps, batch, n] and y [steps, batch]: the first training images of MNIST
over 255, or without --mnist random numbers in 0..1 with random classes. Needs
only Python's own library and makes the same bits everywhere, so that a test can
start from what the committed figures of mlp_trace.py started from.
"""

import argparse
import array
import gzip
import os
import random
import struct
import sys
import zipfile


def npy(descr, shape, data):
    """The bytes of an .npy file of format 1.0."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    return (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data
    )


def write_npz(path, arrays):
    with zipfile.ZipFile(path, "w") as file:
        for name, (descr, shape, values) in arrays.items():
            if sys.byteorder == "big":
                values.byteswap()
            file.writestr(name + ".npy", npy(descr, shape, values.tobytes()))


def initial_weights(widths, generator):
    """Glorot-uniform weights and small non-zero biases."""
    arrays = {}
    for k, (n, units) in enumerate(zip(widths, widths[1:])):
        bound = (6 / (n + units)) ** 0.5
        weight = [generator.uniform(-bound, bound) for _ in range(n * units)]
        bias = [generator.uniform(-0.05, 0.05) for _ in range(units)]
        arrays[f"{k}.w"] = ("<f4", (n, units), array.array("f", weight))
        arrays[f"{k}.b"] = ("<f4", (units,), array.array("f", bias))
    return arrays


def idx(path, skip, count):
    with gzip.open(path) as file:
        file.read(skip)
        return file.read(count)


def batches(arguments, generator):
    count = arguments.steps * arguments.batch_size
    n, classes = arguments.widths[0], arguments.widths[-1]
    if arguments.mnist:
        folder = arguments.mnist
        pixels = idx(os.path.join(folder, "train-images-idx3-ubyte.gz"), 16, count * n)
        x = [p / 255 for p in pixels]
        y = list(idx(os.path.join(folder, "train-labels-idx1-ubyte.gz"), 8, count))
    else:
        x = [generator.random() for _ in range(count * n)]
        y = [generator.randrange(classes) for _ in range(count)]
    shape = (arguments.steps, arguments.batch_size)
    return {
        "x": ("<f4", (*shape, n), array.array("f", x)),
        "y": ("<i4", shape, array.array("i", y)),
    }


def parse(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--widths", required=True, type=lambda s: [int(n) for n in s.split(",")]
    )
    parser.add_argument("--batch-size", required=True, type=int)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--mnist", help="folder of the four IDX files")
    parser.add_argument("--out", required=True)
    return parser.parse_args(argv)


def write_inputs(arguments):
    os.makedirs(arguments.out, exist_ok=True)
    generator = random.Random(1)
    write_npz(
        os.path.join(arguments.out, "weights.npz"),
        initial_weights(arguments.widths, generator),
    )
    write_npz(os.path.join(arguments.out, "batches.npz"), batches(arguments, generator))


if __name__ == "__main__":
    write_inputs(parse())
