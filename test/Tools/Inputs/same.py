"""Says of each weight of two models whether it is the same: same.py A B"""

import json
import struct
import sys
import zipfile


def weights(path):
    with zipfile.ZipFile(path) as file:
        content = file.read("weights.safetensors")
    size = struct.unpack("<Q", content[:8])[0]
    tensors = json.loads(content[8 : 8 + size])
    data = content[8 + size :]
    tensors.pop("__metadata__", None)
    return {name: data[slice(*t["data_offsets"])] for name, t in tensors.items()}


one, other = weights(sys.argv[1]), weights(sys.argv[2])
for name in one:
    print("same" if one[name] == other[name] else "differs", name)
