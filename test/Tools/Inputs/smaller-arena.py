"""smaller-arena.py ONE.h OTHER.h: ONE's arena is at most half of OTHER's."""

import re
import sys

one, other = (
    int(re.search(r"ARENA_BYTES (\d+)", open(path).read())[1]) for path in sys.argv[1:]
)
assert 2 * one <= other, (one, other)
