"""The secured wire: TLS with a client's certificate, a password over it, and each jurisdiction below its own prefix."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.broker import jars
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import BusDenied, BusUnavailable, record_topic
from tests.brokers import Kafka
from tests.bus.harness import numbered, numbers, read_all
from tests.certificates import Authority

PREFIX, JURISDICTION = "secured", "tongzhou"
TOPIC = record_topic(PREFIX, JURISDICTION, "licence")
SCRIPT = Path(__file__).parents[2] / "deploy" / "kafka" / "jurisdiction"


@dataclass(frozen=True, slots=True)
class Secured:
    """What two jurisdictions have who may come by the broker's secured listener."""

    folder: Path
    authority: Authority
    tongzhou: KafkaSettings
    sanhe: KafkaSettings


@pytest.fixture(scope="module")
def secured(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Secured:
    if kafka.authority is None:
        pytest.skip("JJJ_KAFKA names a broker whose secured wire is not ours to set")
    folder = tmp_path_factory.mktemp("secured")
    nodes = [node(folder, kafka.authority, kafka.secured, each) for each in ("tongzhou", "sanhe")]
    asyncio.run(allow(kafka.bootstrap, folder, "tongzhou", "sanhe"))
    return Secured(folder, kafka.authority, *nodes)


def node(folder: Path, authority: Authority, port: int, name: str) -> KafkaSettings:
    issued = authority.issue(name)
    password = folder / f"{name}.password"
    password.write_text(f"geheim-{name[0]}\n", encoding="utf-8")
    return KafkaSettings(
        (f"127.0.0.1:{port}",), authority.certificate, issued.certificate, issued.key, name, password,
        replication=1, min_insync=1, request_s=5.0,
    )  # fmt: skip


async def allow(bootstrap: str, passwords: Path, *jurisdictions: str) -> None:
    """As the keeper of a cluster does, with Kafka's own commands."""
    path = {"PATH": f"{kafka_commands(passwords / 'bin')}{os.pathsep}{os.environ['PATH']}"}
    for running in [
        await asyncio.create_subprocess_exec(
            SCRIPT, bootstrap, PREFIX, each, passwords / f"{each}.password", env={**os.environ, **path}
        )
        for each in jurisdictions
    ]:
        assert await running.wait() == 0


def kafka_commands(folder: Path) -> Path:
    """A folder with those of Kafka's commands that the script needs, as Kafka's archive has them."""
    folder.mkdir()
    for name, main in (("kafka-acls.sh", "AclCommand"), ("kafka-configs.sh", "ConfigCommand")):
        file = folder / name
        java = f"exec {jars.find_java()} -XX:TieredStopAtLevel=1 -cp '{jars.cache()}/*' org.apache.kafka.tools.{main}"
        file.write_text(f'#!/bin/sh\n{java} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
    return folder


async def test_each_writes_its_own_topics_and_reads_the_other_s(secured: Secured) -> None:
    async with KafkaBus(secured.tongzhou, prefix=PREFIX) as bus, KafkaBus(secured.sanhe, prefix=PREFIX) as other:
        await (await bus.claim(JURISDICTION)).publish(TOPIC, numbered(0, 2))
        assert numbers(await read_all(other, TOPIC, 2)) == [0, 1]
        await (await other.claim("sanhe")).publish(record_topic(PREFIX, "sanhe", "licence"), numbered(0, 1))


async def test_nobody_can_claim_for_another(secured: Secured) -> None:
    async with KafkaBus(secured.sanhe, prefix=PREFIX) as bus:
        with pytest.raises(BusDenied, match="TransactionalIdAuthorizationFailed") as denied:
            await bus.claim(JURISDICTION)
        assert denied.value.reason == "bus.denied"


async def test_nobody_reads_or_makes_topics_of_another_prefix(secured: Secured) -> None:
    async with KafkaBus(secured.sanhe, prefix="other") as bus:
        with pytest.raises(BusDenied):
            await anext(bus.read("other.sanhe.licence", None))


async def test_a_wrong_password_is_said(secured: Secured) -> None:
    wrong = secured.folder / "wrong.password"
    wrong.write_text("falsch", encoding="utf-8")
    async with KafkaBus(replace(secured.sanhe, password=wrong)) as bus:
        with pytest.raises(BusDenied, match="user and password"):
            await bus.end(TOPIC)


@pytest.mark.parametrize("fault", ["none", "expired", "strange"])
async def test_a_node_without_a_good_certificate_is_nobody(secured: Secured, fault: str) -> None:
    issued = {
        "none": lambda: None,
        "expired": lambda: secured.authority.issue("expired", days=-1),
        "strange": lambda: Authority(secured.folder, "strangers").issue("strange"),
    }[fault]()
    files = (None, None) if issued is None else (issued.certificate, issued.key)
    settings = replace(secured.sanhe, certificate=files[0], key=files[1])
    async with KafkaBus(settings) as bus:
        with pytest.raises(BusUnavailable):
            await bus.end(TOPIC)


async def test_a_broker_of_an_unknown_authority_is_not_spoken_to(secured: Secured) -> None:
    other = Authority(secured.folder, "other")
    async with KafkaBus(replace(secured.sanhe, ca=other.certificate)) as bus:
        with pytest.raises(BusUnavailable, match="certificate"):
            await bus.end(TOPIC)


async def test_plain_text_is_not_understood(secured: Secured) -> None:
    async with KafkaBus(KafkaSettings(secured.sanhe.bootstrap, request_s=5.0)) as bus:
        with pytest.raises(BusUnavailable):
            await bus.end(TOPIC)


def test_a_password_is_never_shown(secured: Secured) -> None:
    from gateway.bus.kafka_settings import security

    assert "geheim" not in repr(security(secured.sanhe)) + repr(secured.sanhe)
