"""The example trust data, signed: the repository that the demo's nodes follow, as six administrators would make it.

Root and targets by four of six example keys, one a jurisdiction; snapshot and timestamp by the online key of one node.
In a folder that is kept from an earlier run, what has changed (addresses) is published as the next version.

>>> publish(folder / "tongzhou" / "trust", example_trust(urls), now=int(time.time()))
>>> root() == (folder / "sanhe" / "trust" / "root.json").read_bytes()
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

from gateway.demo import exampletrust
from gateway.demo.example import ONLINE, ONLINE_NAME, trust_signers
from gateway.records.packaged import data_path
from gateway.repository import enacting, layout, published
from gateway.repository.ceremony import amend_repository, make_repository
from gateway.repository.charter import seconds
from gateway.repository.client import PINNED
from gateway.repository.drafting import DAY_S
from gateway.repository.published import Published

THRESHOLD = 4
RENEW_DAYS = 30


def publish(folder: Path, documents: Mapping[str, bytes], *, now: int) -> None:
    """Into a trust folder; its ``root.json`` is the root to pin everywhere. Raises ``CannotRun`` and ``Refused`` as
    ``gateway.repository`` does.
    """
    signers = dict(trust_signers())
    online = signers.pop(ONLINE_NAME)
    files = dict(documents) | layout.schema_targets(data_path("schemas"))
    state = published.read(folder)
    if state is None:
        make_repository(folder, files, signers, {ONLINE: online}, threshold=THRESHOLD, now=now)
    else:
        changes, renew = _changes(state, files), seconds(state.root) - now < RENEW_DAYS * DAY_S
        if changes or renew:
            amend_repository(folder, changes, signers, [online], now=now, renew=renew)
        enacting.stamp(folder, [online], now=now)
    (folder / PINNED).write_bytes((folder / layout.metadata_file(layout.ROOT, 1)).read_bytes())


def _changes(state: Published, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Documents that say something else than those published, each with the next version."""
    found = {}
    for path, content in files.items():
        held, wanted = orjson.loads(state.files.get(path, b"{}")), orjson.loads(content)
        if path in layout.DOCUMENTS and held | {"version": 0} != wanted | {"version": 0}:
            found[path] = exampletrust.dumped(wanted | {"version": held.get("version", 0) + 1})
        elif path not in state.files:
            found[path] = content
    return found
