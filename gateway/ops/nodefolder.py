"""A node's folder, made once: settings, keys, trust data of its own, high-water files at 0 (DESIGN §9, `init`).

>>> make(Path("sanhe"), "sanhe", network="jjj.example", port=8470)
['record sanhe * jjj.example/sanhe+...']
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import orjson

from gateway.errors import CannotRun
from gateway.ledger.highwater import HighWater
from gateway.ledger.witnessmarks import MARKS_FILE, WitnessMarks
from gateway.node import keyplace
from gateway.trust import keyfiles

FAMILIES = ("licence", "credit")
KEY_YEARS = 3
CONFIG = "node.toml"
TRUST_FILES = ("roster.json", "agreements.json", "catalogue.json")


def make(
    folder: Path, jurisdiction: str, *, network: str, port: int, suites: Sequence[str] = ("ed25519",)
) -> list[str]:
    """Make an empty folder into a node's with fresh keys of each suite and a roster of itself alone; answers its
    ``vkeys.txt`` lines.
    """
    lay_out(folder, jurisdiction, port=port)
    made = []
    for stem, role, family, name in keyplace.names(network, jurisdiction, FAMILIES, suites):
        path = folder / "keys" / f"{stem}.pem"
        keyfiles.generate(path, keyplace.suite_and_number(path)[0])
        make_signer = keyfiles.load_cosigner if role in ("heartbeat", "witness") else keyfiles.load_signer
        made.append((role, family, make_signer(path, name).key.text()))
    write_trust(folder, _own_trust(jurisdiction, network, made))
    return [f"{role} {jurisdiction} {family} {vkey}" for role, family, vkey in made]


def lay_out(folder: Path, jurisdiction: str, *, port: int, heartbeat_s: float = 10) -> None:
    """Folders, settings and high-water files; keys and trust data are the caller's. Refuses a folder that has
    settings.
    """
    if (folder / CONFIG).exists():
        raise CannotRun("init.exists", f"{folder / CONFIG} exists: this folder is a node's already")
    for name in ("data", "keys", "trust"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "keys").chmod(0o700)
    for family in FAMILIES:
        HighWater.create(folder / "data" / f"{family}.highwater").close()
    WitnessMarks.create(folder / "data" / MARKS_FILE).close()
    write_config(folder, jurisdiction, port=port, heartbeat_s=heartbeat_s)


@dataclass(frozen=True, slots=True)
class OneBroker:
    """A Kafka of one broker for nodes of this machine: its address, and the prefix of this network's topics."""

    bootstrap: str
    prefix: str = "jjj"

    def lines(self) -> str:
        """The table of settings for it."""
        brokers = orjson.dumps(self.bootstrap.split(",")).decode()
        return f"\n[bus.kafka]\nbootstrap = {brokers}\nreplication = 1\nmin_insync = 1\n"


def write_config(
    folder: Path,
    jurisdiction: str,
    *,
    port: int,
    heartbeat_s: float = 10,
    schemas: Sequence[str] = (),
    trust_urls: Sequence[str] = (),
    kafka: OneBroker | None = None,
) -> None:
    """The commented settings file; replaces the one that stands."""
    text = files("gateway.ops").joinpath("templates", CONFIG).read_text(encoding="utf-8")
    values = {
        "@jurisdiction@": jurisdiction,
        "@port@": str(port),
        "@heartbeat_s@": f"{heartbeat_s:g}",
        "@schemas@": orjson.dumps(list(schemas)).decode(),
        "@trust_urls@": orjson.dumps(list(trust_urls)).decode(),
        "@kind@": "embedded" if kafka is None else "kafka",
        "@prefix@": "jjj" if kafka is None else kafka.prefix,
        "@kafka@": "" if kafka is None else kafka.lines(),
    }
    for mark, value in values.items():
        text = text.replace(mark, value)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def write_trust(folder: Path, trust: Mapping[str, bytes]) -> None:
    """Put trust documents where the node reads them."""
    for name, body in trust.items():
        (folder / "trust" / name).write_bytes(body)


def _own_trust(jurisdiction: str, network: str, keys: Sequence[tuple[str, str, str]]) -> dict[str, bytes]:
    today = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    until = today.replace(year=today.year + KEY_YEARS, day=min(today.day, 28))
    window = {"not_before": _instant(today - datetime.timedelta(minutes=5)), "not_after": _instant(until)}
    own = {
        "id": jurisdiction,
        "name": jurisdiction,
        "region": "000000",
        "aliases": [],
        "urls": [],
        "logs": [{"family": family, "origin": f"{network}/{jurisdiction}/{family}"} for family in FAMILIES],
        "keys": [
            {"role": role, "vkey": vkey, "families": list(FAMILIES) if family == "*" else [family], **window}
            for role, family, vkey in keys
        ],
        "authorities": [],
    }
    documents = {
        "roster.json": {"version": 1, "network": network, "jurisdictions": [own]},
        "agreements.json": {"version": 1, "agreements": []},
        "catalogue.json": {"version": 1, "types": []},
    }
    return {name: orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n" for name, document in documents.items()}


def _instant(when: datetime.datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
