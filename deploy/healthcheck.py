"""Does the node in this container live? Exit code 0 or 1, for ``HEALTHCHECK`` and systemd.

>>> python healthcheck.py http://127.0.0.1:8470
"""

from __future__ import annotations

import sys
import urllib.request

ANSWER_S = 4


def lives(url: str) -> bool:
    """Whether ``/healthz`` answers 200 in time."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=ANSWER_S) as answer:  # noqa: S310 - the operator's own
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if lives(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8470") else 1)
