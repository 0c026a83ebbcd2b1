"""Runs a command that may write no file of more than BYTES, and succeeds if its
exit status is the one expected: limit.py BYTES STATUS COMMAND...
"""

import resource
import signal
import subprocess
import sys

size, status = int(sys.argv[1]), int(sys.argv[2])
# Writing too much is then an error instead of the end.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
done = subprocess.run(
    sys.argv[3:],
    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    restore_signals=False,
    check=False,
)
if done.returncode != status:
    sys.exit(f"exit status {done.returncode}, expected {status}")
