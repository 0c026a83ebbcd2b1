"""Trains on broken data files and prints what nnc says of each:
broken_data.py NNC FOLDER
"""

import gzip
import os
import random
import struct
import subprocess
import sys
import zipfile

nnc, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
os.chdir(folder)
random.seed(1)


def write(name, content):
    if "/" in name:
        os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def model(name, result, loss):
    size, _, last = result.partition("->")
    write(
        name,
        f"model m(x: f32[batch, {size}]) -> (y: f32[batch, {last}]) {{\n"
        f"  return dense(flatten(x), {last})\n}}\n"
        f"train m {{\n  loss = {loss}\n  epochs = 1\n}}\n",
    )


def run(name, *words):
    done = subprocess.run(
        [nnc, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    print(f"{name} [{done.returncode}] {done.stderr}", end="", flush=True)
    if not done.stderr:
        print()


def train(data, network="number.nn"):
    run(data, "train", network, "--data", data, "-o", "m.nnm", "-q")


model("number.nn", "2->1", "mse")
model("class.nn", "2->2", "softmax_cross_entropy")
model("image.nn", "4->10", "softmax_cross_entropy")

# Tables.
TABLES = {
    "columns": "a,b,y\n1,2,3\n4,5\n",
    "text": "a,b,y\n1,2,3\n4,x,6\n",
    "header": "a,b,y\n",
    "empty": "",
    "twice": "a,a,y\n1,2,3\n",
    "missing": "a,b,y\n1,,3\n",
    "quote": 'a,b,y\n1,"2,3\n',
    "behind": 'a,b,y\n1,"2"x,3\n',
    "huge": "a,b,y\n1,1e999,3\n",
    "single": "y\n1\n2\n",
    "wide": "a,b,c,y\n1,2,3,4\n",
    "bytes": b"a,b,y\n\xff\xfe,2,3\n",
    "wide16": "a,b,y\n1,2,3\n".encode("utf-16"),
    "zero": b"a,b,y\n1,\0,3\n",
    "returns": "a,b,y\r1,2,3\r4,x,6\r",
    "long": "a,b,y\n1,2," + "9" * 100000 + "\n",
}
for name, text in TABLES.items():
    write(name + ".csv", text)
    train(name + ".csv")
train("absent.csv")
train('csv("wide.csv", target = "z")')
train("number.nn")
write("class.csv", "a,b,y\n1,2,0\n3,4,2\n")
train("class.csv", "class.nn")


# IDX folders.
def idx(*shape, data=None, magic=0):
    head = struct.pack(">HBB", magic, 8, len(shape))
    count = 1
    for size in shape:
        head += struct.pack(">I", size)
        count *= size
    return head + (bytes(count) if data is None else data)


def images(name, pixels, labels, suffix=""):
    write(f"{name}/train-images-idx3-ubyte{suffix}", pixels)
    write(f"{name}/train-labels-idx1-ubyte{suffix}", labels)
    train(name, "image.nn")


images("magic", idx(3, 2, 2, magic=1), idx(3))
images("short", idx(3, 2, 2)[:-5], idx(3))
images("count", idx(3, 2, 2), idx(4))
images("label", idx(3, 2, 2), idx(3, data=bytes([1, 2, 200])))
images("nothing", idx(0, 2, 2), idx(0))
images("vast", idx(2**31, 2**31 - 1, 2, data=b""), idx(3))
packed = gzip.compress(idx(3, 20, 20, data=random.randbytes(1200)))
images("packed", packed[: len(packed) // 2], gzip.compress(idx(3)), ".gz")
os.makedirs("folder", exist_ok=True)
train("folder", "image.nn")
train('idx("absent")', "image.nn")


# NumPy files.
def npy(descr, shape, data):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data


def arrays(name, **members):
    with zipfile.ZipFile(name, "w") as file:
        for member, content in members.items():
            file.writestr(member + ".npy", content)


x = npy("<f4", (4, 2), bytes(32))
arrays("rows.npz", x_train=x, y_train=npy("<i4", (5,), bytes(20)))
train("rows.npz", "class.nn")
arrays("number.npz", x_train=x, y_train=npy("<i4", (4,), struct.pack("<4i", 0, 1, -3, 0)))
train("number.npz", "class.nn")
hole = struct.pack("<8f", 0, 1, 2, 3, 4, float("nan"), 6, 7)
arrays("hole.npz", x_train=npy("<f4", (4, 2), hole), y_train=npy("<i4", (4,), bytes(16)))
train("hole.npz", "class.nn")
arrays("target.npz", z=x)
train("target.npz", "class.nn")
arrays("sum.npz", x_train=x, y_train=npy("<i4", (4,), bytes(16)))
with open("sum.npz", "r+b") as file:
    file.seek(file.read().index(b"NUMPY") + 130)
    file.write(b"\xff")
train("sum.npz", "class.nn")
write("zip.npz", "this is no zip archive")
train("zip.npz", "class.nn")
write("cut.npy", npy("<f4", (10, 2), bytes(40)))
run("cut.npy", "data", "cut.npy")
write("object.npy", npy("|O", (2,), bytes(16)))
run("object.npy", "data", "object.npy")
write("magic.npy", b"\x93NUMPX\x01\x00" + bytes(60))
run("magic.npy", "data", "magic.npy")
write("preamble.npy", b"\x93NUMPY\x01\x00\xff\xff{")
run("preamble.npy", "data", "preamble.npy")
