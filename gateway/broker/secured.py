"""HOW is the project's broker secured as a real one is? Certificates, users, topics and rights, in one folder.

>>> folder = Path("secrets")
>>> make_certificates(folder, ["tongzhou", "sanhe"])
>>> async with Cluster(place, secrets=folder) as cluster:
...     await give_access(folder, cluster, ["tongzhou", "sanhe"])
...     print(table_for(folder, cluster, "tongzhou"))
[bus.kafka]
bootstrap = ["127.0.0.1:9092"]
...
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from gateway.broker.certificates import ADMIN, BROKER, Authority
from gateway.broker.cluster import Cluster
from gateway.broker.properties import HOST
from gateway.bus.kafka_access import Access, bring_about, load

FAMILIES = ("licence", "credit")
FILE = "access.toml"


def make_certificates(folder: Path, jurisdictions: Sequence[str]) -> Authority:
    """An authority, ``ca.pem``, and its certificates for brokers, administrator and each jurisdiction."""
    folder.mkdir(parents=True, mode=0o700)
    authority = Authority.made("JJJ example authority")
    authority.write(folder / "ca.pem")
    authority.issue(folder, BROKER, hosts=[HOST])
    for name in (ADMIN, *jurisdictions):
        authority.issue(folder, name)
    return authority


async def give_access(
    folder: Path, cluster: Cluster, jurisdictions: Sequence[str], readers: Sequence[str] = ()
) -> Access:
    """Write the file that ``deploy/kafka/set_up.py`` takes, and do what it says. Topics are made; nobody else may."""
    replicas = min(3, len(cluster.brokers))
    lines = [
        "[cluster]",
        f"bootstrap = {_list(cluster.internal)}",
        f"clients = {_list(cluster.bootstrap)}",
        'ca = "ca.pem"',
        f'certificate = "{ADMIN}.pem"',
        f'key = "{ADMIN}.key"',
        f"replication = {replicas}",
        f"min_insync = {min(2, replicas)}",
    ]
    for name in jurisdictions:
        families = orjson.dumps(FAMILIES).decode()
        lines += [f"[jurisdictions.{name}]", f"families = {families}", f'password = "{name}.password"']
    for name in readers:
        lines += [f"[readers.{name}]", f'password = "{name}.password"']
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    access = load(folder / FILE)
    async for _ in bring_about(access):
        pass
    return access


def table_for(folder: Path, cluster: Cluster, name: str) -> str:
    """The ``[bus.kafka]`` of a node's settings."""
    replicas = min(3, len(cluster.brokers))
    return f"""\
[bus.kafka]
bootstrap = {_list(cluster.bootstrap)}
ca = "{folder / "ca.pem"}"
certificate = "{folder / name}.pem"
key = "{folder / name}.key"
user = "{name}"
password = "{folder / name}.password"
replication = {replicas}
min_insync = {min(2, replicas)}
"""


def _list(addresses: str) -> str:
    return orjson.dumps(addresses.split(",")).decode()
