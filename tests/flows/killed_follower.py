"""The command ``follow`` killing itself at the n-th sync of a file: its lines stand, their state does not.

python -m tests.flows.killed_follower 3 --node http://127.0.0.1:8470 --out partners
"""

from __future__ import annotations

import os
import signal
import sys

from gateway.cli import main


def kill_at(number: int) -> None:
    """Let the process die in the place of this sync; SQLite's own are not counted."""
    sync, left = os.fsync, number

    def counted(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)

    os.fsync = counted


if __name__ == "__main__":
    kill_at(int(sys.argv.pop(1)))
    main(["follow", *sys.argv[1:]])
