"""A node's settings: read once, whole; what is not known or does not fit is said by name (law 10)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.bus.kafka_settings import KafkaSettings
from gateway.errors import CannotRun
from gateway.node.config import BusConfig, Config, HttpConfig, load
from gateway.ops import nodefolder
from tests.simulator import World

NODE = '[node]\njurisdiction = "sanhe"\n'
KAFKA = NODE + '[bus]\nkind = "kafka"\n[bus.kafka]\n'
ON_KAFKA = '[bus]\nkind = "kafka"\n[bus.kafka]\nbootstrap = ["k:1"]\n'


def read(folder: Path, text: str) -> Config:
    (folder / "node.toml").write_text(text, encoding="utf-8")
    return load(folder / "node.toml")


def test_what_is_not_said_has_its_default_and_every_path_is_absolute(tmp_path: Path) -> None:
    assert read(tmp_path, NODE) == Config(
        folder=tmp_path,
        jurisdiction="sanhe",
        data=tmp_path / "data",
        keys=tmp_path / "keys",
        trust=tmp_path / "trust",
        bus=BusConfig(folder=tmp_path / "../bus"),
    )


def test_every_setting_can_be_said(tmp_path: Path) -> None:
    text = NODE + (
        'data = "/data"\nkeys = "k"\ntrust = "t"\nschemas = ["s", "/more"]\nheartbeat_s = 2\n'
        'acknowledgement = "replicated"\nacknowledge_within_s = 3\n'
        '[bus]\nkind = "embedded"\nprefix = "pre"\nfolder = "b"\n[bus.at.tongzhou]\ntiles = true\n'
        '[bus.at.wuqing]\nbootstrap = ["k:1"]\n'
        '[http]\nhost = "::1"\nport = 1\ntoken = "tok"\nbody_bytes = 65536\nrecords_a_request = 1\nrequest_s = 2\n'
    )
    assert read(tmp_path, text) == Config(
        tmp_path,
        "sanhe",
        Path("/data"),
        tmp_path / "k",
        tmp_path / "t",
        (tmp_path / "s", Path("/more")),
        2.0,
        "replicated",
        3.0,
        BusConfig("embedded", "pre", tmp_path / "b", None, {"tongzhou": None, "wuqing": KafkaSettings(("k:1",))}),
        HttpConfig("::1", 1, tmp_path / "tok", 65_536, 1, 2),
    )


def test_passphrase_files_are_named_for_all_keys_or_for_one(tmp_path: Path) -> None:
    text = NODE + '[keys]\npassphrase_file = "p"\n[keys.passphrase_files]\n"record-2" = "/q"\n'
    found = read(tmp_path, text).passphrases
    assert (found.of("record"), found.of("record-2")) == (tmp_path / "p", Path("/q"))
    assert read(tmp_path, NODE).passphrases.of("record") is None


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ('[keys]\npassphrase = "in the clear"\n', "keys.passphrase "),
        ("[keys]\npassphrase_file = 7\n", "keys.passphrase_file"),
        ("[keys]\npassphrase_files = 7\n", "keys.passphrase_files"),
        ("[keys.passphrase_files]\nrecord = 7\n", "keys.passphrase_files.record"),
    ],
)
def test_a_passphrase_itself_is_no_setting(tmp_path: Path, table: str, name: str) -> None:
    with pytest.raises(CannotRun, match=r"config\.form") as refused:
        read(tmp_path, NODE + table)
    assert name in refused.value.message


def test_who_acknowledges_when(tmp_path: Path) -> None:
    """On the embedded bus at once, wherever there are brokers when they have it, unless the operator says otherwise."""
    said = {
        "": False,
        'acknowledgement = "replicated"': True,
        ON_KAFKA: True,
        'acknowledgement = "local"\n' + ON_KAFKA: False,
        ON_KAFKA + "[bus.at.sanhe]\ntiles = true": False,
        '[bus.at.sanhe]\nbootstrap = ["k:1"]': True,
        '[bus.at.tongzhou]\nbootstrap = ["k:1"]': False,
        '[bus]\nkind = "tiles"': False,
    }
    assert {text: read(tmp_path, NODE + text).replicated for text in said} == said


def test_who_is_followed_by_tiles(tmp_path: Path) -> None:
    one = read(tmp_path, NODE + "[bus.at.tongzhou]\ntiles = true")
    assert [one.by_tiles(each) for each in ("sanhe", "tongzhou", "wuqing")] == [False, True, False]
    most = read(tmp_path, NODE + '[bus]\nkind = "tiles"\n[bus.at.tongzhou]\nbootstrap = ["k:1"]')
    assert [most.by_tiles(each) for each in ("sanhe", "tongzhou", "wuqing")] == [True, False, True]


def test_a_kafka_cluster_can_be_said_whole_and_others_for_certain_jurisdictions(tmp_path: Path) -> None:
    text = NODE + (
        '[bus]\nkind = "kafka"\n[bus.kafka]\nbootstrap = ["a:9093", "[::1]:9094"]\nca = "ca"\ncertificate = "c"\n'
        'key = "k"\nuser = "sanhe"\npassword = "/p"\nreplication = 5\nmin_insync = 3\nretention_days = 30\n'
        'request_s = 5\npublish_s = 20\n[bus.at.xiongan]\nbootstrap = ["x:1"]\n[bus.at.binhai]\ntiles = true\n'
    )
    files = {"ca": tmp_path / "ca", "certificate": tmp_path / "c", "key": tmp_path / "k", "password": Path("/p")}
    bus = read(tmp_path, text).bus
    numbers = {"replication": 5, "min_insync": 3, "retention_days": 30, "request_s": 5.0, "publish_s": 20.0}
    assert bus.kafka == KafkaSettings(("a:9093", "[::1]:9094"), user="sanhe", **files, **numbers)
    assert bus.at == {"xiongan": KafkaSettings(("x:1",)), "binhai": None}


def test_every_setting_that_the_commented_file_offers_for_kafka_is_known(tmp_path: Path) -> None:
    nodefolder.write_config(tmp_path, "sanhe", port=1)
    lines = (tmp_path / nodefolder.CONFIG).read_text(encoding="utf-8").partition("[bus]")[2].splitlines()
    offered = [line[2:] for line in lines if re.match(r"# (\[bus|[a-z_]+ = )", line) and "token" not in line]
    bus = read(tmp_path, "\n".join([NODE, '[bus]\nkind = "kafka"', *offered])).bus
    assert bus.kafka is not None
    assert bus.kafka.user == "sanhe"
    assert set(bus.at) == {"xiongan", "binhai"}
    for name, kind in (("replication", 3), ("min_insync", 2), ("retention_days", 400), ("publish_s", 30.0)):
        assert getattr(KafkaSettings(()), name) == getattr(bus.kafka, name) == kind, "what is offered is the default"


def test_what_the_commented_file_offers_for_keys_is_known(tmp_path: Path) -> None:
    nodefolder.write_config(tmp_path, "sanhe", port=1)
    text = (tmp_path / nodefolder.CONFIG).read_text(encoding="utf-8")
    offered = [line[2:] for line in text.partition("# [keys]")[2].partition("[bus]")[0].splitlines() if " = " in line]
    tables = "\n".join([NODE, "[keys]", offered[0], "[keys.passphrase_files]", offered[1]])
    passphrases = read(tmp_path, tables).passphrases
    assert passphrases.of("record") == tmp_path / "../keys.passphrase"
    assert passphrases.of("record-2") == tmp_path / "../record-2.passphrase"


def test_a_config_for_one_broker_is_read_as_such(tmp_path: Path) -> None:
    nodefolder.write_config(tmp_path, "sanhe", port=1, kafka=nodefolder.OneBroker("h:1,h:2", "x"))
    bus = load(tmp_path / nodefolder.CONFIG).bus
    assert (bus.kafka, bus.prefix) == (KafkaSettings(("h:1", "h:2"), replication=1, min_insync=1), "x")


def test_the_commented_settings_file_says_only_what_is_known(tmp_path: Path) -> None:
    nodefolder.write_config(tmp_path, "sanhe", port=8471, heartbeat_s=3, schemas=("schemas",))
    config = load(tmp_path / nodefolder.CONFIG)
    assert (config.http.port, config.heartbeat_s, config.schemas) == (8471, 3.0, (tmp_path / "schemas",))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "node.jurisdiction"),
        ("node = 1", "node"),
        (NODE + "heartbeat = 1", "node.heartbeat"),
        (NODE + "[bus]\nport = 1", "bus.port"),
        (NODE + "[kafka]\n", "kafka"),
        (NODE + "heartbeat_s = 0.5", "node.heartbeat_s"),
        (NODE + "heartbeat_s = 3601", "node.heartbeat_s"),
        (NODE + "heartbeat_s = nan", "node.heartbeat_s"),
        (NODE + "heartbeat_s = true", "node.heartbeat_s"),
        (NODE + f"heartbeat_s = 1{'0' * 400}", "node.heartbeat_s"),
        (NODE + 'heartbeat_s = "10"', "node.heartbeat_s"),
        (NODE + "schemas = [1]", "node.schemas"),
        (NODE + 'schemas = "s"', "node.schemas"),
        (NODE + "data = 1", "node.data"),
        ('[node]\njurisdiction = "San He"', "node.jurisdiction"),
        (NODE + '[bus]\nprefix = "A B"', "bus.prefix"),
        (NODE + 'acknowledgement = "maybe"', "node.acknowledgement"),
        (NODE + 'acknowledgement = "replicated"\n[bus]\nkind = "tiles"', "node.acknowledgement"),
        (NODE + "acknowledge_within_s = 0", "node.acknowledge_within_s"),
        (NODE + "[bus]\nat = 1", "bus.at"),
        (NODE + "[bus.at]\nsanhe = true", "bus.at.sanhe"),
        (NODE + "[bus.at.sanhe]\ntile = true", "bus.at.sanhe.tile"),
        (NODE + '[bus.at.sanhe]\ntiles = "yes"', "bus.at.sanhe.tiles"),
        (NODE + "[bus.at.sanhe]\n", "bus.at.sanhe.bootstrap"),
        (NODE + "bus = 1", "node.bus"),
        (NODE + '[bus]\nkind = "rabbit"', "bus.kind"),
        (NODE + '[bus]\nkind = "kafka"', "bus.kafka"),
        (NODE + '[bus.kafka]\nbootstrap = ["a:1"]', "bus.kafka"),
        (KAFKA + 'bootstrap = "a:1"', "bus.kafka.bootstrap"),
        (KAFKA + "bootstrap = []", "bus.kafka.bootstrap"),
        (KAFKA + 'bootstrap = ["a"]', "bus.kafka.bootstrap"),
        (KAFKA + 'bootstrap = ["a:1"]\nhost = "a"', "bus.kafka.host"),
        (KAFKA + 'bootstrap = ["a:1"]\nreplication = 0', "bus.kafka.replication"),
        (KAFKA + 'bootstrap = ["a:1"]\nmin_insync = 4', "bus.kafka.min_insync"),
        (KAFKA + 'bootstrap = ["a:1"]\nca = "c"\nuser = "u"', "bus.kafka.user"),
        (KAFKA + 'bootstrap = ["a:1"]\nca = "c"\nkey = "k"', "bus.kafka.certificate"),
        (KAFKA + 'bootstrap = ["a:1"]\nuser = "u"\npassword = "p"', "bus.kafka.ca"),
        (NODE + "[bus.at]\nsanhe = 1", "bus.at.sanhe"),
        (NODE + "[bus.at.sanhe]\ntiles = false", "bus.at.sanhe.tiles"),
        (NODE + '[bus.at."San He"]\ntiles = true', "bus.at.San He"),
        (NODE + "[http]\nport = 65536", "http.port"),
        (NODE + "[http]\nport = 80.0", "http.port"),
        (NODE + "[http]\nport = true", "http.port"),
        (NODE + "[http]\nbody_bytes = 1", "http.body_bytes"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(CannotRun) as error:
        read(tmp_path, text)
    assert (error.value.reason, error.value.field) == ("config.form", field)
    assert field in error.value.message
    assert "node.toml" in error.value.message


@pytest.mark.parametrize("body", [b"[node", b"\xff", b"jurisdiction = 1\njurisdiction = 2"])
def test_what_is_no_toml_is_said(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "node.toml").write_bytes(body)
    with pytest.raises(CannotRun, match=r"config\.form.*node\.toml is not TOML"):
        load(tmp_path / "node.toml")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"config\.missing.*node\.toml"):
        load(tmp_path / "node.toml")


async def test_another_prefix_is_used_for_every_topic(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        for each in world.jurisdictions:
            file = tmp_path / each / nodefolder.CONFIG
            file.write_text(file.read_text(encoding="utf-8").replace('prefix = "jjj"', 'prefix = "other"'))
        sanhe, tongzhou = await world.start_all()
        await sanhe.publish(world.log_of("sanhe").fresh())
        await tongzhou.mirrored("sanhe", 1)
        topics = {file.name for file in (tmp_path / "bus").glob("*.licence.sqlite")}
        assert topics == {"other.sanhe.licence.sqlite"}
