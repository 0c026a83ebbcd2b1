"""weights.py MODEL.nnm NAME...: counts the numbers of f32 weights."""

import json
import struct
import sys
import zipfile


def main():
    with zipfile.ZipFile(sys.argv[1]) as archive:
        content = archive.read("weights.safetensors")
    (size,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + size])
    for name in sys.argv[2:]:
        begin, end = header[name]["data_offsets"]
        count = (end - begin) // 4
        numbers = struct.unpack_from(f"<{count}f", content, 8 + size + begin)
        moved = sum(x not in (0, 1) for x in numbers)
        print(f"{name} {count} numbers, {moved} of them neither 0 nor 1")


main()
