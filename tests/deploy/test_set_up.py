"""Three brokers with the compose file's own settings, and the operator's own command on them, twice."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from gateway.broker import jars
from gateway.broker.answering import answering
from gateway.broker.brokerprocess import BrokerProcess
from gateway.broker.certificates import ADMIN, BROKER, Authority, tls_as
from gateway.broker.cluster import CLUSTER_ID
from gateway.broker.properties import HOST, Place
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_settings import KafkaSettings, Security
from gateway.bus.kafka_wire import Address
from gateway.errors import CannotRun
from tests.bus.harness import numbered, read_all

SOAK = os.environ.get("JJJ_SOAK", "") not in ("", "0")
BEGUN_S = 180
PORTS = {"CLIENT": 9093, "INTERNAL": 9094, "CONTROLLER": 9095}
Here = Callable[[str], str]


def moved() -> Here:
    """Rewrites the compose file's addresses, ``kafka-2:9094``, to free ports of this machine."""
    with ExitStack() as stack:
        names = [f"kafka-{number}:{port}" for number in (1, 2, 3) for port in PORTS.values()]
        held = {name: stack.enter_context(socket.create_server((HOST, 0))) for name in names}
        ports = {name: each.getsockname()[1] for name, each in held.items()}
    return lambda text: re.sub(r"kafka-[123]:909[345]", lambda found: f"{HOST}:{ports[found[0]]}", text)


def broker(
    deploy: Path, folder: Path, secrets: Path, number: int, here: Here, tools: tuple[Path, Path]
) -> BrokerProcess:
    """One of the three, as compose.yaml begins it."""
    listeners = ",".join(f"{name}://{here(f'kafka-{number}:{port}')}" for name, port in PORTS.items())
    text = here((deploy / "kafka/server.properties").read_text(encoding="utf-8"))
    text = re.sub(r"^listeners=.*$", f"listeners={listeners}", text, flags=re.MULTILINE)
    text = text.replace("/etc/kafka/secrets/", f"{secrets}/").replace("/var/lib/kafka/data", f"{folder}/{number}/data")
    text += f"node.id={number}\nadvertised.listeners={listeners.rpartition(',')[0]}\n"
    port = int(here(f"kafka-{number}:9094").rpartition(":")[2])
    return BrokerProcess(Place(number, port, 0, folder / str(number)), text, *tools)


@asynccontextmanager
async def begun(brokers: list[BrokerProcess], secrets: Path) -> AsyncIterator[None]:
    await asyncio.gather(*(each.format(CLUSTER_ID) for each in brokers))
    security = Security(tls_as(secrets, ADMIN))
    try:
        for each in brokers:
            each.begin()
        async with asyncio.timeout(BEGUN_S):
            for each in brokers:
                while await answering(Address(HOST, each.place.port), security) != len(brokers):
                    assert each.running, each.last_words()
                    await asyncio.sleep(0.2)
        yield
    finally:
        await asyncio.gather(*(each.stop() for each in brokers))


async def set_up(deploy: Path, file: Path) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, deploy / "kafka/set_up.py", file, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(deploy.parent)},
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.skipif(not SOAK, reason="three secured brokers take minutes: JJJ_SOAK=1 runs it")
async def test_the_compose_files_brokers_take_what_access_toml_says_and_a_second_time_nothing_changes(
    repository: Path, tmp_path: Path
) -> None:
    deploy, secrets, here = repository / "deploy", tmp_path / "secrets", moved()
    try:
        tools = await jars.fetched(lambda _: None), jars.find_java()
    except CannotRun as error:
        if os.environ.get("JJJ_KAFKA_REQUIRED"):
            pytest.fail(f"Kafka: {error.message}")
        pytest.skip(f"Kafka: {error.message}")
    secrets.mkdir()
    authority = Authority.made("JJJ example authority")
    authority.write(secrets / "ca.pem")
    authority.issue(secrets, BROKER, hosts=[HOST])
    for name in (ADMIN, "sanhe"):
        authority.issue(secrets, name)
    (tmp_path / "kafka").mkdir()
    file = tmp_path / "kafka/access.toml"
    file.write_text(here((deploy / "kafka/access.toml").read_text(encoding="utf-8")), encoding="utf-8")
    brokers = [broker(deploy, tmp_path, secrets, number, here, tools) for number in (1, 2, 3)]
    async with begun(brokers, secrets):
        code, said = await set_up(deploy, file)
        assert code == 0, said
        assert "made: topic jjj.binhai.checkpoint" in said
        password = (secrets / "sanhe.password").read_text(encoding="ascii").strip()
        assert password not in said
        code, said = await set_up(deploy, file)
        assert (code, said.splitlines()[-1].partition(":")[0]) == (0, "没有任何改动 · nothing changed")
        node = KafkaSettings(
            tuple(here(f"kafka-{number}:9093") for number in (1, 2, 3)),
            ca=secrets / "ca.pem", certificate=secrets / "sanhe.pem", key=secrets / "sanhe.key",
            user="sanhe", password=secrets / "sanhe.password",
        )  # fmt: skip
        async with KafkaBus(node) as bus:
            await (await bus.claim("sanhe")).publish("jjj.sanhe.licence", numbered(0, 3))
            assert await read_all(bus, "jjj.sanhe.licence", 3) == numbered(0, 3)
