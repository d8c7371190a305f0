"""HOW does a cluster come to have its users, topics and access lists? From one file, as often as one likes.

What is there already is left alone, and what is beyond the file is told and only struck out when asked for. A password
is a file that only its owner reads; a missing one is made. Whether a user has it is found out by logging in with it,
because a cluster keeps only a salted hash.

>>> async for step in bring_about(load(Path("access.toml"))):
...     print(step)
made: topic jjj.sanhe.licence
"""

from __future__ import annotations

import asyncio
import secrets
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.bus import kafka_rights_wire as rights_wire
from gateway.bus import kafka_topics
from gateway.bus import kafka_wire as wire
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_rights import Right, rights_of_reader, rights_of_writer, surplus
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import BadTopic, LoginDenied, checkpoint_topic, record_topic
from gateway.errors import CannotRun

LEAST_PASSWORD = 16
KNOWN_S = 30
LOOK_S = 0.1
_OTHERS_MAY_READ = 0o077
_CLUSTER = {"bootstrap", "clients", "ca", "certificate", "key", "prefix", "replication", "min_insync", "retention_days"}


@dataclass(frozen=True, slots=True)
class User:
    """Who logs in: a jurisdiction's node with ``families``, or a reader, who has none."""

    name: str
    password: Path
    families: tuple[str, ...] = ()
    creates_topics: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """The file. ``admin``: by certificate, on the brokers' own listener; ``clients``: where nodes log in."""

    admin: KafkaSettings
    clients: tuple[str, ...]
    prefix: str
    users: tuple[User, ...]

    def rights(self) -> frozenset[Right]:
        """All that everybody needs."""
        each = [
            rights_of_writer(self.prefix, user.name, creates=user.creates_topics)
            if user.families
            else rights_of_reader(self.prefix, user.name)
            for user in self.users
        ]
        return frozenset().union(*each)

    def topics(self) -> list[str]:
        """All topics of all jurisdictions."""
        writers = [user for user in self.users if user.families]
        records = [record_topic(self.prefix, user.name, family) for user in writers for family in user.families]
        return records + [checkpoint_topic(self.prefix, user.name) for user in writers]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing looked at. ``what``: made, unchanged, beyond, struck out."""

    what: str
    thing: str

    def __str__(self) -> str:
        return f"{self.what}: {self.thing}"


def load(path: Path) -> Access:
    """Read the file. Raises ``CannotRun`` ``access.file`` naming what is wrong."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return _access(found, path.absolute().parent)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, BadTopic) as error:
        raise CannotRun("access.file", f"{path}: {error}") from error
    except KeyError as error:
        raise CannotRun("access.file", f"{path}: {error.args[0]} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise CannotRun("access.file", f"{path}: {error}") from error


async def bring_about(access: Access, *, strike_out: bool = False) -> AsyncIterator[Step]:
    """Make what is missing: users, topics, rights, in this order. ``strike_out``: end what is beyond the file.
    Raises ``CannotRun`` for files that don't do, ``BusUnavailable`` and its kin.
    """
    passwords = {user.name: _password(user.password) for user in access.users}
    with closing(KafkaCluster(access.admin)) as cluster:
        for user in access.users:
            yield await _user(access, cluster, user, passwords[user.name])
        for topic in access.topics():
            there = (await cluster.ask_any(wire.metadata(topic))).fault != wire.NO_TOPIC
            await kafka_topics.ready(cluster, topic)
            yield Step("unchanged" if there else "made", f"topic {topic}")
        wanted, found = access.rights(), await _found(cluster)
        for right in sorted(wanted):
            if right not in found:
                await _done(cluster, rights_wire.grant(right), str(right))
            yield Step("unchanged" if right in found else "made", f"right {right}")
        for right in surplus(found, wanted, access.prefix):
            if strike_out:
                await _done(cluster, rights_wire.revoke(right), str(right))
            yield Step("struck out" if strike_out else "beyond", f"right {right}")
        await _known(cluster, wanted)


def _access(found: Mapping[str, Any], folder: Path) -> Access:
    cluster = found["cluster"]
    unknown = [*(found.keys() - {"cluster", "jurisdictions", "readers"}), *(cluster.keys() - _CLUSTER)]
    if unknown:
        raise ValueError(f"not a setting: {', '.join(sorted(unknown))}")
    files = {name: folder / cluster[name] for name in ("ca", "certificate", "key")}
    numbers = {name: cluster[name] for name in ("replication", "min_insync", "retention_days") if name in cluster}
    users = [_user_of(folder, name, **table) for name, table in found.get("jurisdictions", {}).items()]
    readers = [_user_of(folder, name, families=(), **table) for name, table in found.get("readers", {}).items()]
    names = [user.name for user in (*users, *readers)]
    if len(set(names)) < len(names) or {"admin", "broker"} & set(names):
        raise ValueError("a user stands twice, or is called admin or broker, who may do everything")
    admin = KafkaSettings(tuple(cluster["bootstrap"]), **files, **numbers)
    access = Access(admin, tuple(cluster["clients"]), cluster.get("prefix", "jjj"), (*users, *readers))
    access.topics()  # names that no topic may bear are found here
    access.rights()
    return access


def _user_of(folder: Path, name: str, password: str, families: Any = None, creates_topics: bool = False) -> User:
    if families is None:
        raise KeyError(f"jurisdictions.{name}.families")
    return User(name, folder / password, tuple(families), creates_topics)


def _password(path: Path) -> str:
    """The file's one line; made, for its owner's eyes, where there is none."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_urlsafe(32) + "\n", encoding="ascii")
        if path.stat().st_mode & _OTHERS_MAY_READ:
            raise CannotRun("access.file", f"{path}: others may read this password; chmod 600 {path}")
        password = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun("access.file", f"{path}: {error}") from error
    if len(password) < LEAST_PASSWORD or not password.isprintable():
        raise CannotRun("access.file", f"{path}: a password has at least {LEAST_PASSWORD} characters of ASCII")
    return password


async def _user(access: Access, cluster: KafkaCluster, user: User, password: str) -> Step:
    thing = f"user {user.name}, password as in {user.password}"
    if await _logs_in(access, user):
        return Step("unchanged", thing)
    await _done(cluster, rights_wire.set_password(user.name, password), thing)
    await _until(lambda: _logs_in(access, user), f"{user.name} can't log in with the password just set")
    return Step("made", thing)


async def _logs_in(access: Access, user: User) -> bool:
    settings = replace(access.admin, bootstrap=access.clients, user=user.name, password=user.password)
    with closing(KafkaCluster(settings)) as cluster:
        try:
            await cluster.ask_any(wire.metadata(None))
        except LoginDenied:
            return False
        return True


async def _done(cluster: KafkaCluster, ask: wire.Ask[tuple[int, str]], thing: str) -> None:
    code, words = await cluster.ask_any(ask)
    if code:
        raise wire.told(code, f"{thing}{': ' if words else ''}{words}")


async def _found(cluster: KafkaCluster) -> frozenset[Right]:
    code, found = await cluster.ask_any(rights_wire.rights())
    if code:
        raise wire.told(code, "the access lists")
    return found


async def _known(cluster: KafkaCluster, wanted: frozenset[Right]) -> None:
    """A broker learns of rights a moment after they are entered."""

    async def known() -> bool:
        return wanted <= await _found(cluster)

    await _until(known, "rights just entered are not known yet")


async def _until(holds: Callable[[], Any], otherwise: str) -> None:
    try:
        async with asyncio.timeout(KNOWN_S):
            while not await holds():  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise CannotRun("access.not_taken", f"{otherwise}, after {KNOWN_S} s") from error
