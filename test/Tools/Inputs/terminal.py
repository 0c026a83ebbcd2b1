"""Runs a command on a terminal of COLUMNS columns, 80 if not set, and prints
what it wrote there, each control character as it stands in Python:
terminal.py COMMAND...
"""

import fcntl
import os
import pty
import struct
import sys
import termios

columns = int(os.environ.get("COLUMNS", "80"))
child, terminal = pty.fork()
if child == 0:
    os.environ.pop("NO_COLOR", None)
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
text = b""
try:
    while part := os.read(terminal, 4096):
        text += part
except OSError:  # How a terminal says that the other side has gone.
    pass
_, status = os.waitpid(child, 0)
for line in text.decode().split("\n"):
    print(line.replace("\r", "\\r").replace("\x1b", "\\e"))
sys.exit(os.waitstatus_to_exitcode(status))
