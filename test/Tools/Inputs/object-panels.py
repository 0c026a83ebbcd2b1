"""object-panels.py MODEL.nnm OBJECT WEIGHT WIDTH...: an object holds a matrix in
panels of each of the widths once, and not as it stands in the model."""

import json
import struct
import sys
import zipfile

model, path, name, *widths = sys.argv[1:]
with zipfile.ZipFile(model) as archive:
    content = archive.read("weights.safetensors")
(size,) = struct.unpack_from("<Q", content)
weight = json.loads(content[8 : 8 + size])[name]
begin, end = weight["data_offsets"]
data = content[8 + size + begin : 8 + size + end]
rows, columns = weight["shape"]
with open(path, "rb") as file:
    object_bytes = file.read()
assert object_bytes.count(data) == 0, "the matrix as it was"
for width in map(int, widths):
    assert columns % width == 0
    panels = b"".join(
        data[4 * (row * columns + first) : 4 * (row * columns + first + width)]
        for first in range(0, columns, width)
        for row in range(rows)
    )
    assert object_bytes.count(panels) == 1, f"panels of {width}"
