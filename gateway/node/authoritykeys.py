"""Whom does a node sign for? The keys of issuing authorities that leave their signing to it: `authority-<USCC>.pem`.

Read once, at the start. Example keys sign in the demo only (law 10).

>>> load(place, refused=example_public_keys())["11131082MB0000017R"].name
'jjj.example/sanhe/authority/11131082MB0000017R'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from gateway.errors import CannotRun
from gateway.node import nodekeys
from gateway.node.nodekeys import KeyPlace
from gateway.records.identifiers import uscc_error
from gateway.trust.keyring import Task
from gateway.trust.suites import Signer

ROLE = "authority"


def load(place: KeyPlace, refused: frozenset[bytes]) -> Mapping[str, Signer]:
    """Signers by USCC. ``refused``: public keys that may not sign here. Raises ``CannotRun`` ``key.*``, and
    ``key.file_form`` for a file whose name has no USCC.
    """
    found: dict[str, Signer] = {}
    for file in sorted(place.folder.glob(f"{ROLE}-*.pem")):
        uscc = file.stem.removeprefix(f"{ROLE}-")
        if uscc_error(uscc) is not None:
            raise CannotRun("key.file_form", f"{file}: {uscc} is no unified social credit code")
        task = Task(place.jurisdiction, ROLE, f"{place.network}/{place.jurisdiction}/{ROLE}/{uscc}")
        found[uscc] = cast(Signer, nodekeys.load(place, file, task, refused))
    return found
