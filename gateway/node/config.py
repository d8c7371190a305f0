"""A node's settings: read once, whole, into frozen values; what is not known is an error (law 10).

Units stand in the names. Secrets are files, named here and never read into here. Paths are relative to the
configuration file.

>>> config = load(Path("tongzhou/node.toml"))
>>> config.jurisdiction, config.heartbeat_s
('tongzhou', 10.0)
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.bus.port import BadTopic, topics_below
from gateway.errors import CannotRun

MIB = 1 << 20
LOCAL, REPLICATED = "local", "replicated"
DEFAULT_ACKNOWLEDGEMENT = {"embedded": LOCAL}


@dataclass(frozen=True, slots=True)
class PlaceConfig:
    """``[bus.at.<jurisdiction>]``: where the topics of one jurisdiction are, if not where ``[bus]`` says."""

    tiles: bool = False


@dataclass(frozen=True, slots=True)
class BusConfig:
    """``[bus]``. ``folder``: the embedded bus's, shared by the nodes of one machine. ``tiles``: there is no route to
    any bus, logs travel over HTTP alone; ``at``: for one jurisdiction otherwise.
    """

    kind: str = "embedded"
    prefix: str = "jjj"
    folder: Path = Path("../bus")
    tiles: bool = False
    at: Mapping[str, PlaceConfig] = field(default_factory=dict)


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

    @property
    def replicated(self) -> bool:
        """Whether nothing is shown or acknowledged before the bus has it: by default wherever there are brokers."""
        if self.by_tiles(self.jurisdiction):
            return False
        return (self.acknowledgement or DEFAULT_ACKNOWLEDGEMENT.get(self.bus.kind, REPLICATED)) == REPLICATED

    def by_tiles(self, jurisdiction: str) -> bool:
        """Whether the logs of a jurisdiction, this node's own too, are on no bus and travel by tiles alone."""
        place = self.bus.at.get(jurisdiction)
        return self.bus.tiles if place is None else place.tiles


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
        self._known(found, {"node", "bus", "http"}, "")
        if "jurisdiction" not in node:
            raise self._wrong("node.jurisdiction", "is missing: which jurisdiction does this node speak for?")
        bus = self._bus(found.get("bus", {}))
        self._one_of("node", "acknowledgement", node.get("acknowledgement", LOCAL), (LOCAL, REPLICATED))
        self._topic("node", "jurisdiction", BusConfig().prefix, node["jurisdiction"])
        self._topic("bus", "prefix", bus.prefix, node["jurisdiction"])
        config = Config(
            folder=self._folder,
            bus=bus,
            http=HttpConfig(**self._table(found, "http", HTTP)),
            **self._paths(node, Config(self._folder, "")),
        )
        if config.acknowledgement == REPLICATED and config.by_tiles(config.jurisdiction):
            raise self._wrong("node.acknowledgement", "can't be replicated: its own logs are on no bus")
        return config

    def _bus(self, found: object) -> BusConfig:
        if not isinstance(found, dict):
            raise self._wrong("bus", "is a table")
        places = found.get("at", {})
        if not isinstance(places, dict):
            raise self._wrong("bus.at", "is a table of jurisdictions")
        for jurisdiction in places:
            self._topic("bus", "at", BusConfig().prefix, jurisdiction)
        at = {name: PlaceConfig(**self._table(places, name, PLACE, "bus.at.")) for name in places}
        table = self._table({"bus": {name: found[name] for name in found if name != "at"}}, "bus", BUS)
        return BusConfig(**self._paths(table, BusConfig()), at=at)

    def _table(
        self, found: Mapping[str, Any], name: str, kinds: Mapping[str, tuple[type, float, float]], where: str = ""
    ) -> dict[str, Any]:
        table, name = found.get(name, {}), where + name
        if not isinstance(table, dict):
            raise self._wrong(name, "is a table")
        self._known(table, kinds.keys(), f"{name}.")
        return {key: self._value(f"{name}.{key}", value, *kinds[key]) for key, value in table.items()}

    def _value(self, name: str, value: object, kind: type, least: float, most: float) -> object:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value) if abs(value) <= most else math.inf
        if kind is Path and isinstance(value, str):
            return self._folder / value
        if kind is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(self._folder / item for item in value)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise self._wrong(name, f"is a {KINDS[kind]}, not {value!r}")
        if kind is not bool and isinstance(value, int | float) and not least <= value <= most:
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
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Path: "path",
    tuple: "list of paths",
}
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
BUS: Mapping[str, tuple[type, float, float]] = {
    "kind": (str, 0, 0),
    "prefix": (str, 0, 0),
    "folder": (Path, 0, 0),
    "tiles": (bool, 0, 0),
}
PLACE: Mapping[str, tuple[type, float, float]] = {"tiles": (bool, 0, 0)}
HTTP: Mapping[str, tuple[type, float, float]] = {
    "host": (str, 0, 0),
    "port": (int, 0, 65_535),
    "token": (Path, 0, 0),
    "body_bytes": (int, 65_536, 1 << 30),
    "records_a_request": (int, 1, 1_000_000),
    "request_s": (int, 1, 3_600),
}
