"""Which keys and trust documents does the demo use? Those that anybody has: ``keys/example``, for demo and tests only.

Law 10: the private keys are published with the program, so a node refuses to sign with them elsewhere
(``example_public_keys``). ``python -m gateway.demo.example [FOLDER]`` makes the keys that are missing (remove one to
renew it) and writes the trust documents anew; the folder is ``keys/example`` of the checkout unless another is named.

>>> example_keys("sanhe").keys()
dict_keys(['record.pem', 'witness.pem', 'verdict.pem', 'log-licence.pem', ...])
>>> example_trust({"sanhe": "http://127.0.0.1:8471"})["roster.json"]
b'{...}'
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from gateway.demo import cast, exampletrust
from gateway.errors import CannotRun
from gateway.node import keyplace
from gateway.node.trustonline import ONLINE_KEY
from gateway.records.families import FAMILIES
from gateway.records.packaged import data_path
from gateway.repository import rolekeys
from gateway.trust import keyfiles
from gateway.trust import roster as roster_file
from gateway.trust.roster import Roster
from gateway.trust.suites import Cosigner, Signer
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER

FOLDER = "keys/example"
TRUST = "trust"
ROSTERS: Mapping[str, str] = {"ed25519": ROSTER, "gm": "roster-gm.json"}
ROOT_KEY = "trust-root.pem"
ONLINE, ONLINE_NAME = "tongzhou", "online"
"""Whose node holds the repository and the online key; what that key is called here."""


def example_trust(urls: Mapping[str, str], suite: str = "ed25519") -> dict[str, bytes]:
    """File name → bytes of roster, agreements and catalogue, the roster with the address of each jurisdiction's node;
    ``suite``: "gm" for the roster under that policy.
    """
    folder = data_path(FOLDER) / TRUST
    found = {name: (folder / name).read_bytes() for name in (AGREEMENTS, CATALOGUE)}
    roster = orjson.loads((folder / ROSTERS[suite]).read_bytes())
    for member in roster["jurisdictions"]:
        member["urls"] = [urls[member["id"]]] if member["id"] in urls else []
    return found | {ROSTER: exampletrust.dumped(roster)}


def example_keys(jurisdiction: str, suite: str = "ed25519") -> dict[str, bytes]:
    """File name → PEM of every key of a jurisdiction's node; to be written with mode 0600, else no node takes them."""
    folder = data_path(FOLDER) / jurisdiction
    found = {f"{stem}.pem": (folder / f"{stem}.pem").read_bytes() for stem, *_ in _names(jurisdiction, suite)}
    return found | ({ONLINE_KEY: (folder / ONLINE_KEY).read_bytes()} if jurisdiction == ONLINE else {})


def example_public_keys() -> frozenset[bytes]:
    """Public halves of all example keys: who holds one of them signs for nobody, whatever the name."""
    try:
        known = _roster("gm")
    except CannotRun:  # where there is no SM2, nobody signs with an example key of it
        known = _roster("ed25519")
    nodes = {key.raw for key in known.verifier_keys.values()}
    return frozenset(nodes | {rolekeys.of_signer("", signer).public for signer in trust_signers().values()})


@cache
def trust_signers() -> Mapping[str, CryptoSigner]:
    """Who signs the example trust data: jurisdiction → its administrator's key, ``ONLINE_NAME`` → the online key."""
    folder = data_path(FOLDER)
    files = {place.id: folder / place.id / ROOT_KEY for place in cast.PLACES}
    files[ONLINE_NAME] = folder / ONLINE / ONLINE_KEY
    return {name: _signer(file) for name, file in files.items()}


def _signer(file: Path) -> CryptoSigner:
    """Modes are not kept by a package, and these keys are no secret."""
    key = load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):  # pragma: no cover - keys/example holds none of another kind
        raise CannotRun("key.file_form", f"{file} is no Ed25519 key")
    return CryptoSigner(key)


@cache
def _roster(suite: str) -> Roster:
    return roster_file.parse((data_path(FOLDER) / TRUST / ROSTERS[suite]).read_bytes())


def _names(jurisdiction: str, suite: str) -> list[tuple[str, str, str, str]]:
    return list(keyplace.names(exampletrust.NETWORK, jurisdiction, FAMILIES, exampletrust.SUITES[suite]))


# Making them


def make(folder: Path) -> None:
    """Make missing keys and write the trust documents into a folder; raises ``CannotRun`` "key.*"."""
    vkeys = {place.id: _make_keys(folder / place.id, place.id) for place in cast.PLACES}
    (folder / TRUST).mkdir(parents=True, exist_ok=True)
    for name, document in exampletrust.documents(vkeys).items():
        (folder / TRUST / name).write_bytes(document)


def _make_keys(folder: Path, jurisdiction: str) -> dict[str, str]:
    """Key file stem → verifier key text of one jurisdiction."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (ROOT_KEY, ONLINE_KEY) if jurisdiction == ONLINE else (ROOT_KEY,):
        if not (folder / name).exists():
            keyfiles.generate(folder / name)
    found: dict[str, str] = {}
    for stem, role, _, name in _names(jurisdiction, "gm"):
        path = folder / f"{stem}.pem"
        if path.exists():
            path.chmod(0o600)  # a checkout does not keep modes
        else:
            keyfiles.generate(path, keyplace.suite_and_number(path)[0])
        found[stem] = _load(path, role, name).key.text()
    return found


def _load(path: Path, role: str, name: str) -> Signer | Cosigner:
    dated = role in ("heartbeat", "witness")
    return keyfiles.load_cosigner(path, name) if dated else keyfiles.load_signer(path, name)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / FOLDER)
