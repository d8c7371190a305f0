"""Who keeps the signed trust data fresh? A node whose keys folder holds an online key, for the repository in its own
trust folder: it signs a new timestamp before the old one ends (DESIGN §7).

Several nodes may hold one. A repository that has fallen behind the timestamp seen elsewhere catches up, so that it can
take over when the other is gone.

>>> stamp(config.trust, config.keys / ONLINE_KEY, frozenset(), held=None, now=1795400000)
True
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.errors import CannotRun
from gateway.repository import enacting, published, rolekeys
from gateway.repository.published import Published

ONLINE_KEY = "trust-online.pem"
MOST_AT_ONCE = 500


def stamp(folder: Path, key: Path, refused: frozenset[bytes], held: Mapping[str, int] | None, now: int) -> bool:
    """Sign anew if it is time to; True if that was done. ``refused``: public keys that may not sign here; ``held``:
    versions by role that this node holds, from wherever. Raises ``CannotRun`` and ``Refused`` as ``enacting.stamp``
    does, ``key.*``.
    """
    state = published.read(folder)
    if state is None or not _is_due(state, held, now):
        return False
    signer = rolekeys.load(key)
    if rolekeys.of_signer("", signer).public in refused:
        raise CannotRun("key.example", f"{key} is an example key, which anybody has; it signs in the demo only")
    for _ in range(MOST_AT_ONCE):
        enacting.stamp(folder, [signer], now=now)
        state = published.read(folder)
        if state is None or not _is_due(state, held, now):
            break
    return True


def _is_due(state: Published, held: Mapping[str, int] | None, now: int) -> bool:
    same = held is not None and held["snapshot"] == state.snapshot.version
    behind = held is not None and same and held["timestamp"] > state.timestamp.version
    return behind or enacting.is_due(state, now)
