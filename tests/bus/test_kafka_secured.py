"""Over TLS with passwords and access lists, on a real broker: what a jurisdiction may do works, what it may not do is
refused with the one thing to put right, and nobody who is refused hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError

from gateway.broker.certificates import Authority
from gateway.bus import kafka_rights as rights
from gateway.bus import kafka_rights_wire as rights_wire
from gateway.bus import kafka_wire as wire
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_access import Access, User, bring_about, load
from gateway.bus.kafka_batches import Producer, pack
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_settings import KafkaSettings, security
from gateway.bus.port import BusDenied, BusError, CertificateDenied, LoginDenied, Message, TopicSettings, WireMismatch
from gateway.errors import CannotRun
from gateway.reasons import sentence
from tests.brokers import Kafka, SecuredKafka
from tests.bus.contract import ANY_MESSAGES
from tests.bus.harness import numbered, numbers, read_all, take

OWN, OTHERS = "jjj.tongzhou.licence", "jjj.sanhe.licence"
TOPIC_DENIED, TRANSACTIONS_DENIED = 29, 53
PATIENCE_S = 30


@pytest.fixture
def settings(secured_kafka: SecuredKafka) -> KafkaSettings:
    """Tongzhou's, all in order."""
    return secured_kafka.settings("tongzhou")


@pytest.fixture
def bought() -> Authority:
    """An authority that the brokers don't know."""
    return Authority.made("somebody else's authority")


async def refusal(settings: KafkaSettings) -> BusError:
    """How a node with these settings is turned away."""
    async with asyncio.timeout(PATIENCE_S), KafkaBus(settings) as bus:
        with pytest.raises(BusError) as refused:
            await bus.end(OWN)
    return refused.value


@asynccontextmanager
async def stolen(settings: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    """Another program with a node's credentials, which has none of our manners."""
    known = security(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=list(settings.bootstrap), security_protocol="SASL_SSL", ssl_context=known.tls,
        sasl_mechanism="SCRAM-SHA-512", sasl_plain_username=known.user, sasl_plain_password=known.password,
    )  # fmt: skip
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def steps(access: Access, *, strike_out: bool = False) -> dict[str, list[str]]:
    """What was done about what."""
    found: dict[str, list[str]] = {}
    async for step in bring_about(access, strike_out=strike_out):
        found.setdefault(step.what, []).append(step.thing)
    return found


# What is allowed


async def test_what_is_published_arrives_at_partner_and_auditor(
    secured_kafka: SecuredKafka, settings: KafkaSettings
) -> None:
    async with KafkaBus(settings) as bus:
        await (await bus.claim("tongzhou")).publish("jjj.tongzhou.credit", ANY_MESSAGES)
    for reader in ("tongzhou", "sanhe", "auditor"):
        async with KafkaBus(secured_kafka.settings(reader)) as bus:
            assert await read_all(bus, "jjj.tongzhou.credit", len(ANY_MESSAGES)) == ANY_MESSAGES


async def test_a_second_process_of_the_same_jurisdiction_takes_over(settings: KafkaSettings) -> None:
    async with KafkaBus(settings) as bus, KafkaBus(settings) as other:
        old = await bus.claim("tongzhou")
        await other.claim("tongzhou")
        with pytest.raises(BusError) as fenced:
            await old.publish(OWN, numbered(100, 1))
    assert fenced.value.reason == "bus.fenced"


# What is not


async def test_with_another_jurisdictions_topic_nobody_gets_far(
    secured_kafka: SecuredKafka, settings: KafkaSettings
) -> None:
    async with KafkaBus(secured_kafka.settings("sanhe")) as bus:
        writer = await bus.claim("sanhe")
        await writer.publish(OTHERS, numbered(0, 2))
        end = await bus.end(OTHERS)
        async with stolen(settings) as producer:
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(OTHERS, b"forged", partition=0)
        with closing(KafkaCluster(settings)) as cluster:
            _, number, epoch = await cluster.ask_any(wire.new_epoch("jjj.tongzhou.writer", 30))
            assert await cluster.ask_any(wire.add_topic("jjj.tongzhou.writer", (number, epoch), OTHERS)) == TOPIC_DENIED
            forged, _ = pack([Message(b"", b"forged")], Producer(number, epoch, 0))[0]
            assert (await cluster.ask_any(wire.produce("jjj.tongzhou.writer", OTHERS, forged, 10)))[0] == TOPIC_DENIED
        assert await bus.end(OTHERS) == end
        await writer.publish(OTHERS, numbered(2, 1))


async def test_another_jurisdictions_writer_cannot_be_fenced(
    secured_kafka: SecuredKafka, settings: KafkaSettings
) -> None:
    async with KafkaBus(secured_kafka.settings("sanhe")) as bus, KafkaBus(settings) as hostile:
        writer = await bus.claim("sanhe")
        with pytest.raises(BusDenied, match=r"jjj\.sanhe") as denied:
            await hostile.claim("sanhe")
        assert denied.value.reason == "bus.denied"
        with closing(KafkaCluster(settings)) as cluster:
            assert (await cluster.ask_any(wire.new_epoch("jjj.sanhe.writer", 30)))[0] == TRANSACTIONS_DENIED
        await writer.publish(OTHERS, numbered(10, 1))


async def test_a_password_is_no_use_on_the_brokers_own_listener_nor_a_certificate_without_one(
    secured_kafka: SecuredKafka, settings: KafkaSettings
) -> None:
    internal = (secured_kafka.cluster.internal,)
    assert (await refusal(replace(settings, bootstrap=internal))).reason == "bus.login"
    denied = await refusal(replace(settings, bootstrap=internal, user=None, password=None))
    assert denied.reason == "bus.denied"
    assert OWN in denied.message


async def test_a_user_without_rights_reads_nothing(secured_kafka: SecuredKafka, settings: KafkaSettings) -> None:
    stranger = Access(
        secured_kafka.access.admin, secured_kafka.access.clients, "elsewhere",
        (User("stranger", secured_kafka.folder / "stranger.password"),),
    )  # fmt: skip
    await steps(stranger)
    known = replace(settings, user="stranger", password=secured_kafka.folder / "stranger.password")
    async with asyncio.timeout(PATIENCE_S), KafkaBus(known) as bus, aclosing(bus.read(OWN, None)) as reading:
        with pytest.raises(BusDenied, match=OWN) as denied:
            await anext(reading)
    assert denied.value.reason == "bus.denied"


async def test_a_topic_that_is_not_made_is_not_made_by_who_may_not(settings: KafkaSettings) -> None:
    async with asyncio.timeout(PATIENCE_S), KafkaBus(settings) as bus:
        writer = await bus.claim("tongzhou")
        with pytest.raises(BusDenied, match=r"jjj\.tongzhou\.inspection can't be made"):
            await writer.publish("jjj.tongzhou.inspection", numbered(0, 1))


async def test_a_topic_set_wrongly_is_refused_by_the_settings_name(
    secured_kafka: SecuredKafka, settings: KafkaSettings
) -> None:
    with closing(KafkaCluster(secured_kafka.access.admin)) as admin:
        short = {"retention.ms": "86400000", "unclean.leader.election.enable": "false"}
        assert (await admin.ask_any(wire.create_topic("jjj.tongzhou.casework", 1, short, 10)))[0] == 0
    async with asyncio.timeout(PATIENCE_S), KafkaBus(settings) as bus:
        writer = await bus.claim("tongzhou")
        with pytest.raises(TopicSettings, match=r"retention\.ms is '86400000'; it must be"):
            await writer.publish("jjj.tongzhou.casework", numbered(0, 1))


# Who does not get in


async def test_plain_text_at_a_port_that_speaks_tls(settings: KafkaSettings) -> None:
    refused = await refusal(KafkaSettings(settings.bootstrap))
    assert isinstance(refused, WireMismatch)
    assert "the setting ca is missing" in refused.message


async def test_tls_at_a_port_that_speaks_none(settings: KafkaSettings, kafka: Kafka) -> None:
    refused = await refusal(replace(settings, bootstrap=kafka.settings.bootstrap))
    assert isinstance(refused, WireMismatch)
    assert "is this a port that speaks TLS?" in refused.message


async def test_a_wrong_password(settings: KafkaSettings, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("quite-another-password")
    refused = await refusal(replace(settings, password=wrong))
    assert isinstance(refused, LoginDenied)
    assert "'tongzhou'" in refused.message
    assert "quite-another" not in refused.message


async def test_a_wrong_password_is_told_even_if_the_last_broker_asked_is_away(
    settings: KafkaSettings, tmp_path: Path, unused_tcp_port: int
) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("quite-another-password")
    away = f"127.0.0.1:{unused_tcp_port}"
    refused = await refusal(replace(settings, password=wrong, bootstrap=(*settings.bootstrap, away)))
    assert refused.reason == "bus.login"
    assert away in refused.message


def test_a_password_is_never_shown(settings: KafkaSettings) -> None:
    assert settings.password is not None
    assert settings.password.read_text().strip() not in repr(security(settings)) + repr(settings)


async def test_no_certificate(settings: KafkaSettings) -> None:
    refused = await refusal(replace(settings, certificate=None, key=None))
    assert isinstance(refused, CertificateDenied)
    assert "none is set: see the settings certificate and key" in refused.message


async def test_an_expired_certificate(secured_kafka: SecuredKafka, settings: KafkaSettings, tmp_path: Path) -> None:
    secured_kafka.authority.issue(tmp_path, "old", days=-2)
    refused = await refusal(replace(settings, certificate=tmp_path / "old.pem", key=tmp_path / "old.key"))
    assert isinstance(refused, CertificateDenied)
    assert "old.pem: it expired on 20" in refused.message


async def test_a_certificate_by_an_authority_that_the_brokers_do_not_know(
    settings: KafkaSettings, bought: Authority, tmp_path: Path
) -> None:
    bought.issue(tmp_path, "bought")
    refused = await refusal(replace(settings, certificate=tmp_path / "bought.pem", key=tmp_path / "bought.key"))
    assert isinstance(refused, CertificateDenied)
    assert "is it by an authority that the brokers know?" in refused.message


async def test_a_broker_by_an_authority_that_the_node_does_not_know(
    settings: KafkaSettings, bought: Authority, tmp_path: Path
) -> None:
    bought.write(tmp_path / "ca.pem")
    refused = await refusal(replace(settings, ca=tmp_path / "ca.pem"))
    assert isinstance(refused, CertificateDenied)
    assert "see the setting ca" in refused.message


async def test_while_an_authority_is_replaced_both_are_trusted(
    secured_kafka: SecuredKafka, settings: KafkaSettings, bought: Authority, tmp_path: Path
) -> None:
    bought.write(tmp_path / "next.pem")
    both = tmp_path / "ca.pem"
    both.write_bytes((tmp_path / "next.pem").read_bytes() + (secured_kafka.folder / "ca.pem").read_bytes())
    async with KafkaBus(replace(settings, ca=both)) as bus:
        await bus.end(OWN)


async def test_a_broker_under_another_name_than_its_certificates(settings: KafkaSettings) -> None:
    address = settings.bootstrap[0].replace("127.0.0.1", "127.0.0.2")
    refused = await refusal(replace(settings, bootstrap=(address,)))
    assert refused.reason in ("bus.certificate", "bus.unavailable")  # where 127.0.0.2 is no address of this machine


@pytest.mark.parametrize("name", ["ca", "certificate", "password"])
async def test_a_file_that_is_not_there_is_named_at_the_start(settings: KafkaSettings, name: str) -> None:
    lacking = replace(settings, **{name: Path("/nonexistent/file")})
    with pytest.raises(CannotRun, match="/nonexistent/file") as stopped:
        async with KafkaBus(lacking):
            pass
    assert stopped.value.reason == "config.form"


@pytest.mark.parametrize("reason", ["bus.denied", "bus.login", "bus.certificate", "bus.tls"])
def test_every_refusal_names_its_own_cure(reason: str) -> None:
    row = sentence(reason)
    assert "[bus.kafka]" in row.do_en or "set_up.py" in row.do_en
    assert "[bus.kafka]" in row.do_zh or "set_up.py" in row.do_zh


# Setting it up


async def test_set_up_twice_changes_nothing(secured_kafka: SecuredKafka) -> None:
    found = await steps(load(secured_kafka.folder / "access.toml"))
    assert set(found) == {"unchanged"}
    assert len(found["unchanged"]) == 3 + 6 + 2 * 7 + 2  # users, topics, rights of two who write and one who reads


async def test_a_new_password_counts_and_the_old_one_no_more(
    secured_kafka: SecuredKafka, tmp_path: Path
) -> None:
    auditor = secured_kafka.settings("auditor")
    file = secured_kafka.folder / "auditor.password"
    old = tmp_path / "old"
    old.write_text(file.read_text())
    file.write_text("the-auditors-second-password")
    found = await steps(secured_kafka.access)
    assert [thing.split(",")[0] for thing in found["made"]] == ["user auditor"]
    assert (await refusal(replace(auditor, password=old))).reason == "bus.login"
    async with KafkaBus(auditor) as bus:
        await bus.end(OWN)


async def test_rights_beyond_the_file_are_told_and_ended_when_asked(secured_kafka: SecuredKafka) -> None:
    wide = rights.Right("sanhe", rights.TOPIC, rights.PREFIXED, "jjj.", rights.WRITE)
    anybody = rights.Right("visitor", rights.TOPIC, rights.LITERAL, "*", rights.READ)
    unrelated = rights.Right("visitor", rights.TOPIC, rights.LITERAL, "weather", rights.READ)
    with closing(KafkaCluster(secured_kafka.access.admin)) as admin:
        for right in (wide, anybody, unrelated):
            assert (await admin.ask_any(rights_wire.grant(right)))[0] == 0
    told = (await steps(secured_kafka.access))["beyond"]
    assert told == [f"right {wide}", f"right {anybody}"]
    assert (await steps(secured_kafka.access, strike_out=True))["struck out"] == told
    found = await steps(secured_kafka.access)
    assert set(found) == {"unchanged"}


async def test_a_password_that_others_may_read_is_refused(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    open_to_all = tmp_path / "password"
    open_to_all.write_text("a-password-for-everybody")
    open_to_all.chmod(0o644)
    user = replace(secured_kafka.access.users[0], password=open_to_all)
    with pytest.raises(CannotRun, match=f"chmod 600 {open_to_all}"):
        await steps(replace(secured_kafka.access, users=(user,)))


# As many messages as a day brings


async def test_a_stream_is_read_while_it_is_written(secured_kafka: SecuredKafka, settings: KafkaSettings) -> None:
    async with KafkaBus(settings) as bus, KafkaBus(secured_kafka.settings("sanhe")) as partner:
        start = await bus.end(OWN)
        writer = await bus.claim("tongzhou")
        async with aclosing(partner.read(OWN, start)) as reading:
            for first in range(0, 2000, 500):
                await writer.publish(OWN, numbered(first, 500))
            assert numbers(each.message for each in await take(reading, 2000)) == list(range(2000))
