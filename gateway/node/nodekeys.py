"""A node's signing keys: files in one folder, loaded into signers, never shown (law 10).

`record.pem`, `log-<family>.pem`, `heartbeat-<family>.pem`, `witness.pem`, `verdict.pem`; and `authority-<USCC>.pem` for
each issuing authority that leaves its signing to the node. Example keys sign in the demo only.

>>> keys = load(folder / "keys", "jjj.example", "sanhe", ("licence", "credit"), refused=example_public_keys())
>>> keys.record.name
'jjj.example/sanhe'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import CannotRun
from gateway.records.identifiers import uscc_error
from gateway.trust import keyfiles
from gateway.trust.suites import CosignatureSigner, Signer

AUTHORITY = "authority-"
"""How the file of an authority's key begins; its USCC follows."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The two keys of one own log; both bear the origin as their name."""

    log: Signer
    heartbeat: CosignatureSigner


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """Every key that a node signs with."""

    record: Signer
    witness: CosignatureSigner
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
    pairs = (key for pair in keys.logs.values() for key in (pair.log, pair.heartbeat))
    _refuse_examples(folder, (keys.record, keys.witness, keys.verdict, *pairs), refused)
    return keys


def load_authorities(folder: Path, network: str, jurisdiction: str, refused: frozenset[bytes]) -> Mapping[str, Signer]:
    """The keys of authorities that this node signs for, by USCC. Raises ``CannotRun`` as ``load`` does, and
    ``key.file_form`` for a file whose name has no USCC.
    """
    found: dict[str, Signer] = {}
    for file in sorted(folder.glob(f"{AUTHORITY}*.pem")):
        uscc = file.stem.removeprefix(AUTHORITY)
        if uscc_error(uscc) is not None:
            raise CannotRun("key.file_form", f"{file}: {uscc} is no unified social credit code")
        found[uscc] = keyfiles.load_signer(file, f"{network}/{jurisdiction}/authority/{uscc}")
    _refuse_examples(folder, found.values(), refused)
    return found


def _refuse_examples(folder: Path, signers: Iterable[Signer | CosignatureSigner], refused: frozenset[bytes]) -> None:
    if any(signer.key.public in refused for signer in signers):
        raise CannotRun(
            "key.example",
            f"{folder} holds example keys, which anybody has; they sign in the demo only."
            " Make this node's own: `jjj-gateway init DIR --jurisdiction ID`",
        )
