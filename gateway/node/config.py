"""A node's settings: read once, whole, into frozen values; what is not known is an error (law 10).

Units stand in the names. Secrets are files, named here and never read into here. Paths are relative to the
configuration file.

>>> config = load(Path("tongzhou/node.toml"))
>>> config.jurisdiction, config.heartbeat_s
('tongzhou', 10.0)
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import BadTopic, topics_below
from gateway.errors import CannotRun

MIB = 1 << 20
LOCAL, REPLICATED = "local", "replicated"
EMBEDDED, KAFKA_KIND, TILES = BUS_KINDS = ("embedded", "kafka", "tiles")


@dataclass(frozen=True, slots=True)
class BusConfig:
    """``[bus]``. ``folder``: the embedded bus's, shared by the nodes of one machine. ``kafka``: the cluster, if that is
    the bus. ``at``: where the topics of certain jurisdictions lie instead; None: nowhere, tiles only.
    """

    kind: str = EMBEDDED
    prefix: str = "jjj"
    folder: Path = Path("../bus")
    kafka: KafkaSettings | None = None
    at: Mapping[str, KafkaSettings | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """``[http]``. ``token``: file with the bearer token, needed wherever ``host`` is not loopback."""

    host: str = "127.0.0.1"
    port: int = 8470
    token: Path | None = None
    body_bytes: int = 32 * MIB
    records_a_request: int = 10_000
    request_s: int = 60


@dataclass(frozen=True, slots=True)
class Passphrases:
    """``[keys]``. Files with the passphrases of encrypted key files: one for all, or for a key by its file's name
    without ``.pem``.
    """

    for_all: Path | None = None
    by_key: Mapping[str, Path] = field(default_factory=dict)

    def of(self, stem: str) -> Path | None:
        """The passphrase file of a key file; None: it is not encrypted."""
        return self.by_key.get(stem, self.for_all)

    def with_key(self, stem: str, file: Path | None) -> Passphrases:
        """The same with another file for one key; None changes nothing."""
        return self if file is None else Passphrases(self.for_all, {**self.by_key, stem: file})


NO_PASSPHRASES = Passphrases()


@dataclass(frozen=True, slots=True)
class Config:
    """One node's settings. ``folder`` is where the configuration file stands; ``acknowledgement``: ``local``,
    ``replicated``, or empty for what suits the bus; ``acknowledge_within_s``: how long a caller waits for the bus.
    """

    folder: Path
    jurisdiction: str
    data: Path = Path("data")
    keys: Path = Path("keys")
    trust: Path = Path("trust")
    schemas: tuple[Path, ...] = ()
    heartbeat_s: float = 10.0
    acknowledgement: str = ""
    acknowledge_within_s: float = 20.0
    bus: BusConfig = BusConfig()
    http: HttpConfig = HttpConfig()
    passphrases: Passphrases = NO_PASSPHRASES

    @property
    def replicated(self) -> bool:
        """Whether nothing is shown or acknowledged before the bus has it: by default wherever there are brokers."""
        if self.acknowledgement:
            return self.acknowledgement == REPLICATED
        return self.bus.at.get(self.jurisdiction, self.bus.kafka) is not None

    def by_tiles(self, jurisdiction: str) -> bool:
        """Whether the topics of a jurisdiction, this node's own too, lie nowhere: its logs travel by tiles alone."""
        if jurisdiction in self.bus.at:
            return self.bus.at[jurisdiction] is None
        return self.bus.kind == TILES


def load(path: Path) -> Config:
    """Read a configuration file. Raises ``CannotRun`` ``config.*`` naming the setting and what is wrong with it."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotRun("config.missing", f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotRun("config.form", f"{path} is not TOML: {error}") from error
    return _Reader(path).config(found)


class _Reader:
    """Checks each setting against its kind and says file, table and name of what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = path.absolute().parent

    def config(self, found: Mapping[str, Any]) -> Config:
        node = self._table(found, "node", NODE)
        self._known(found, {"node", "bus", "http", "keys"}, "")
        if "jurisdiction" not in node:
            raise self._wrong("node.jurisdiction", "is missing: which jurisdiction does this node speak for?")
        self._one_of("node", "acknowledgement", node.get("acknowledgement", LOCAL), (LOCAL, REPLICATED))
        self._topic("node", "jurisdiction", BusConfig().prefix, node["jurisdiction"])
        bus = self._bus(found)
        self._topic("bus", "prefix", bus.prefix, node["jurisdiction"])
        config = Config(
            folder=self._folder,
            bus=bus,
            http=HttpConfig(**self._table(found, "http", HTTP)),
            passphrases=self._passphrases(found),
            **self._paths(node, Config(self._folder, "")),
        )
        if config.acknowledgement == REPLICATED and config.by_tiles(config.jurisdiction):
            raise self._wrong("node.acknowledgement", "can't be replicated: its own logs are on no bus")
        return config

    def _passphrases(self, found: Mapping[str, Any]) -> Passphrases:
        table = found.get("keys", {})
        if not isinstance(table, dict):
            raise self._wrong("keys", "is a table")
        own = {name: value for name, value in table.items() if name != "passphrase_files"}
        each = table.get("passphrase_files", {})
        if not isinstance(each, dict):
            raise self._wrong("keys.passphrase_files", 'is a table: record = "FILE", "record-2" = "FILE"')
        files = {name: self._value(f"keys.passphrase_files.{name}", value, Path, 0, 0) for name, value in each.items()}
        settings = self._table({"keys": own}, "keys", KEYS)
        return Passphrases(settings.get("passphrase_file"), cast(Mapping[str, Path], files))

    def _bus(self, found: Mapping[str, Any]) -> BusConfig:
        tables = found.get("bus", {})
        if not isinstance(tables, dict):
            raise self._wrong("bus", "is a table")
        own = {name: value for name, value in tables.items() if name not in ("kafka", "at")}
        settings = self._paths(self._table({"bus": own}, "bus", BUS), BusConfig())
        kind = settings.get("kind", BusConfig().kind)
        if kind not in BUS_KINDS:
            raise self._wrong("bus.kind", f"is {kind!r}; known: {', '.join(BUS_KINDS)}")
        if ("kafka" in tables) != (kind == KAFKA_KIND):
            raise self._wrong("bus.kafka", 'is needed where bus.kind is "kafka", and only there')
        kafka = self._kafka("bus.kafka", tables["kafka"]) if "kafka" in tables else None
        elsewhere = tables.get("at", {})
        if not isinstance(elsewhere, dict):
            raise self._wrong("bus.at", "is a table of jurisdictions")
        at = {name: self._elsewhere(f"bus.at.{name}", table) for name, table in elsewhere.items()}
        for name in at:
            self._topic("bus.at", name, BusConfig().prefix, name)
        return BusConfig(kafka=kafka, at=at, **settings)

    def _elsewhere(self, name: str, table: object) -> KafkaSettings | None:
        return None if table == {"tiles": True} else self._kafka(name, table)

    def _kafka(self, name: str, table: object) -> KafkaSettings:
        found = self._table({name: table}, name, KAFKA)
        brokers = found.get("bootstrap", ())
        if not brokers or not all(re.fullmatch(r".+:[0-9]{1,5}", each) for each in brokers):
            raise self._wrong(f"{name}.bootstrap", 'is a list of brokers, each "host:port"')
        kafka = KafkaSettings(**found)
        for one, other in (("user", "password"), ("certificate", "key")):
            if (getattr(kafka, one) is None) != (getattr(kafka, other) is None):
                raise self._wrong(f"{name}.{one}", f"and {name}.{other} go together")
        if kafka.ca is None and (kafka.user is not None or kafka.certificate is not None):
            raise self._wrong(f"{name}.ca", "is missing: no password and no certificate is used without TLS")
        if kafka.min_insync > kafka.replication:
            raise self._wrong(f"{name}.min_insync", f"is {kafka.min_insync}, more than replication")
        return kafka

    def _table(
        self, found: Mapping[str, Any], name: str, kinds: Mapping[str, tuple[type, float, float]]
    ) -> dict[str, Any]:
        table = found.get(name, {})
        if not isinstance(table, dict):
            raise self._wrong(name, "is a table")
        self._known(table, kinds.keys(), f"{name}.")
        return {key: self._value(f"{name}.{key}", value, *kinds[key]) for key, value in table.items()}

    def _value(self, name: str, value: object, kind: type, least: float, most: float) -> object:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value) if abs(value) <= most else math.inf
        if kind is Path and isinstance(value, str):
            return self._folder / value
        if kind is list and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if kind is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(self._folder / item for item in value)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._wrong(name, f"is a {KINDS[kind]}, not {value!r}")
        if isinstance(value, int | float) and not least <= value <= most:
            raise self._wrong(name, f"is {value}; it must lie between {least:g} and {most:g}")
        return value

    def _paths(self, table: dict[str, Any], defaults: Config | BusConfig) -> dict[str, Any]:
        """Add the default paths, made absolute, where the file says nothing."""
        for name in ("data", "keys", "trust", "folder"):
            default = getattr(defaults, name, None)
            if isinstance(default, Path) and not default.is_absolute():
                table.setdefault(name, self._folder / default)
        return table

    def _topic(self, table: str, name: str, prefix: str, jurisdiction: str) -> None:
        try:
            topics_below(prefix, jurisdiction)
        except BadTopic as error:
            raise self._wrong(f"{table}.{name}", f"makes no name of a topic: {error.message}") from error

    def _one_of(self, table: str, name: str, value: str, values: tuple[str, ...]) -> None:
        if value not in values:
            raise self._wrong(f"{table}.{name}", f"is {value!r}; it must be one of {', '.join(values)}")

    def _known(self, table: Mapping[str, Any], names: Any, where: str) -> None:
        for name in table:
            if name not in names:
                raise self._wrong(f"{where}{name}", f"is not a setting; known: {', '.join(sorted(names))}")

    def _wrong(self, name: str, what: str) -> CannotRun:
        return CannotRun("config.form", f"{self._path}: {name} {what}", field=name)


KINDS: Mapping[type, str] = {
    str: "text", int: "whole number", float: "number", Path: "path", tuple: "list of paths", list: "list of texts",
}  # fmt: skip
NODE: Mapping[str, tuple[type, float, float]] = {
    "jurisdiction": (str, 0, 0),
    "data": (Path, 0, 0),
    "keys": (Path, 0, 0),
    "trust": (Path, 0, 0),
    "schemas": (tuple, 0, 0),
    "heartbeat_s": (float, 1, 3600),
    "acknowledgement": (str, 0, 0),
    "acknowledge_within_s": (float, 0.5, 600),
}
BUS: Mapping[str, tuple[type, float, float]] = {"kind": (str, 0, 0), "prefix": (str, 0, 0), "folder": (Path, 0, 0)}
KAFKA: Mapping[str, tuple[type, float, float]] = {
    "bootstrap": (list, 0, 0),
    "ca": (Path, 0, 0),
    "certificate": (Path, 0, 0),
    "key": (Path, 0, 0),
    "user": (str, 0, 0),
    "password": (Path, 0, 0),
    "replication": (int, 1, 32),
    "min_insync": (int, 1, 32),
    "retention_days": (int, 1, 36_500),
    "request_s": (float, 1, 120),
    "publish_s": (float, 5, 600),
}
KEYS: Mapping[str, tuple[type, float, float]] = {"passphrase_file": (Path, 0, 0)}
HTTP: Mapping[str, tuple[type, float, float]] = {
    "host": (str, 0, 0),
    "port": (int, 0, 65_535),
    "token": (Path, 0, 0),
    "body_bytes": (int, 65_536, 1 << 30),
    "records_a_request": (int, 1, 1_000_000),
    "request_s": (int, 1, 3_600),
}
