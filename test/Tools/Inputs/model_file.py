"""Checks a .nnm against what zip and safetensors say, and takes its weights
out: model_file.py MODEL.nnm OUT.safetensors
"""

import json
import struct
import sys
import zipfile

model, out = sys.argv[1:]
with zipfile.ZipFile(model) as file:
    if file.testzip():
        sys.exit(f"the checksum of {file.testzip()} differs")
    members = {info.filename: info for info in file.infolist()}
    for info in members.values():
        if info.compress_type != zipfile.ZIP_STORED:
            sys.exit(f"{info.filename} is compressed")
    weights = file.read("weights.safetensors")
    metadata = json.loads(file.read("metadata.json"))
    text = file.read("model.nn").decode()
for key in ("format", "nnc", "settings", "metrics", "target"):
    if key not in metadata:
        sys.exit(f"metadata.json has no {key}")
if not text.startswith(("model ", "nnc ")):
    sys.exit("model.nn begins with " + text[:20])

# The local header of a member: its name's and its extra field's length, data.
info = members["weights.safetensors"]
with open(model, "rb") as file:
    file.seek(info.header_offset)
    header = file.read(30)
name, extra = struct.unpack("<HH", header[26:])
begin = info.header_offset + 30 + name + extra
size = struct.unpack("<Q", weights[:8])[0]
if begin % 64 or (begin + 8 + size) % 64:
    sys.exit(f"the weights begin at {begin}, their data at {begin + 8 + size}")

SIZES = {"F64": 8, "F32": 4, "I64": 8, "I32": 4, "BOOL": 1}
tensors = json.loads(weights[8 : 8 + size])
tensors.pop("__metadata__", None)
# Without holes or overlaps, and to the end.
end = 0
for name, tensor in sorted(tensors.items(), key=lambda t: t[1]["data_offsets"]):
    first, last = tensor["data_offsets"]
    count = SIZES[tensor["dtype"]]
    for dim in tensor["shape"]:
        count *= dim
    if first != end or last - first != count:
        sys.exit(f"{name} lies at {first} to {last}, expected {end} to {end + count}")
    end = last
    print(name, tensor["dtype"], tensor["shape"])
if 8 + size + end != len(weights):
    sys.exit(f"{len(weights)} bytes, expected {8 + size + end}")
with open(out, "wb") as file:
    file.write(weights)
