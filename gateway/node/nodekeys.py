"""A node's signing keys: files in one folder, loaded into signers, never shown (law 10).

`record.pem`, `log-<family>.pem`, `heartbeat-<family>.pem`, `witness.pem`, `verdict.pem`. Example keys sign in the
demo only.

>>> keys = load(folder / "keys", "jjj.example", "sanhe", ("licence", "credit"), refused=example_public_keys())
>>> keys.record.name
'jjj.example/sanhe'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import CannotRun
from gateway.trust import keyfiles
from gateway.trust.suites import Cosigner, Signer


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The two keys of one own log; both bear the origin as their name."""

    log: Signer
    heartbeat: Cosigner


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """Every key that a node signs with."""

    record: Signer
    witness: Cosigner
    verdict: Signer
    logs: Mapping[str, LogKeys]


def names(network: str, jurisdiction: str, families: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """(file stem, role, family or "*", key name) of every key that a node has (DESIGN §3b)."""
    node = f"{network}/{jurisdiction}"
    yield "record", "record", "*", node
    yield "witness", "witness", "*", f"{node}/witness"
    yield "verdict", "verdict", "*", f"{node}/verdict"
    for family in families:
        yield f"log-{family}", "log", family, f"{node}/{family}"
        yield f"heartbeat-{family}", "heartbeat", family, f"{node}/{family}"


def load(folder: Path, network: str, jurisdiction: str, families: Sequence[str], refused: frozenset[bytes]) -> NodeKeys:
    """Load all keys; ``refused``: public keys that may not sign here. Raises ``CannotRun`` ``key.example`` for one of
    them.
    """
    node = f"{network}/{jurisdiction}"
    keys = NodeKeys(
        record=keyfiles.load_signer(folder / "record.pem", node),
        witness=keyfiles.load_cosigner(folder / "witness.pem", f"{node}/witness"),
        verdict=keyfiles.load_signer(folder / "verdict.pem", f"{node}/verdict"),
        logs={
            family: LogKeys(
                keyfiles.load_signer(folder / f"log-{family}.pem", f"{node}/{family}"),
                keyfiles.load_cosigner(folder / f"heartbeat-{family}.pem", f"{node}/{family}"),
            )
            for family in families
        },
    )
    for signer in (
        keys.record,
        keys.witness,
        keys.verdict,
        *(key for pair in keys.logs.values() for key in (pair.log, pair.heartbeat)),
    ):
        if signer.key.public in refused:
            raise CannotRun(
                "key.example",
                f"{folder} holds example keys, which anybody has; they sign in the demo only."
                " Make this node's own: `jjj-gateway init DIR --jurisdiction ID`",
            )
    return keys
