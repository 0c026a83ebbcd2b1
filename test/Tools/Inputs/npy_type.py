"""Prints the element type of an array: npy_type.py FILE.npy"""

import re
import sys

with open(sys.argv[1], "rb") as file:
    print(re.search(rb"'descr': '([^']+)'", file.read(256))[1].decode())
