"""`jjj-gateway keys` as an administrator runs it: the next key, the list, encryption; nothing secret is ever shown."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.demo.example import example_keys
from gateway.instants import parse_time
from gateway.node import config as node_config
from gateway.node.config import Config
from gateway.ops import keying, nodefolder
from gateway.trust import roster as roster_file
from tests.simulator import FAMILIES

DAY = 86_400


@pytest.fixture
def node(tmp_path: Path) -> Path:
    nodefolder.make(tmp_path / "sanhe", "sanhe", network="jjj.test", port=8470)
    return tmp_path / "sanhe"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["keys", *map(str, words)])


def listed(node: Path) -> tuple[int, dict[str, Any]]:
    ran = run("list", node / "node.toml", "--json")
    [line] = ran.stdout.splitlines()
    return ran.exit_code, orjson.loads(line)


def rows(node: Path) -> dict[str, dict[str, Any]]:
    """What the list says of each file."""
    return {row["file"]: row for row in listed(node)[1]["keys"]}


def config(node: Path) -> Config:
    return node_config.load(node / nodefolder.CONFIG)


def seconds(instant: str) -> int:
    return parse_time(instant.replace("Z", ".000Z")) // 1000


def roster(node: Path) -> dict[str, Any]:
    return orjson.loads((node / "trust" / "roster.json").read_bytes())


def enter(node: Path, *entries: dict[str, Any], **changes: str) -> None:
    """The administrators enter keys, and change windows of the others."""
    found = roster(node)
    keys = found["jurisdictions"][0]["keys"]
    found["jurisdictions"][0]["keys"] = [{**key, **changes} for key in keys] + list(entries)
    found["version"] += 1
    (node / "trust" / "roster.json").write_bytes(orjson.dumps(found))


def secret(path: Path, text: str) -> Path:
    path.write_text(f"{text}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_new_node_has_every_key_and_each_signs(node: Path) -> None:
    code, found = listed(node)
    assert (code, found["lacking"], found["other"]) == (0, [], [])
    assert {row["file"]: row["signs"] for row in found["keys"]} == {
        "record.pem": ["licence", "credit"],
        "witness.pem": ["*"],
        "verdict.pem": ["*"],
        **{f"{role}-{family}.pem": [family] for role in ("log", "heartbeat") for family in FAMILIES},
    }
    assert run("list", node / "node.toml").exit_code == 0


@pytest.mark.parametrize(("role", "family"), [(role, "") for role in ("record", "witness", "verdict")]
                         + [(role, family) for role in ("log", "heartbeat") for family in FAMILIES])  # fmt: skip
def test_the_entry_printed_is_one_that_the_roster_takes(node: Path, role: str, family: str) -> None:
    made = run("new", node, "--role", role, *(["--family", family] if family else []))
    assert made.exit_code == 0
    file = f"{role}-{family}-2.pem" if family else f"{role}-2.pem"
    assert (node / "keys" / file).stat().st_mode & 0o777 == 0o600
    assert rows(node)[file]["says"] == "unlisted"
    enter(node, orjson.loads(made.stdout))
    roster_file.parse((node / "trust" / "roster.json").read_bytes())
    row = rows(node)[file]
    assert (row["says"], row["signs"]) == ("waiting", [])


def test_the_window_suggested_begins_when_everybody_has_the_roster_and_leaves_no_gap(node: Path) -> None:
    now = seconds(roster(node)["jurisdictions"][0]["keys"][0]["not_before"]) + DAY
    entry = keying.new(config(node), "record", at=now).entry
    assert seconds(entry["not_before"]) == now + 8 * DAY, "trust data older than 7 days count nowhere"
    end = datetime.datetime.fromtimestamp(now + 2 * DAY, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    enter(node, not_after=end)
    entry = keying.new(config(node), "record", at=now).entry
    assert entry["not_before"] == end, "no later than the last key ends"
    entry = keying.new(config(node), "record", at=now + 3 * DAY).entry
    assert seconds(entry["not_before"]) == now + 3 * DAY - 300, "at once, where no key is good"


def test_files_are_numbered_on_and_none_is_written_over(node: Path) -> None:
    before = (node / "keys" / "record.pem").read_bytes()
    names = [keying.new(config(node), "record", at=1).path.name for _ in range(3)]
    assert names == ["record-2.pem", "record-3.pem", "record-4.pem"]
    assert (node / "keys" / "record.pem").read_bytes() == before


def test_a_key_of_no_such_log_is_not_made(node: Path) -> None:
    for family in ("", "casework"):
        made = run("new", node, "--role", "log", *(["--family", family] if family else []))
        assert made.exit_code == 2
        assert "key.task" in made.stderr
        assert "families credit, licence" in made.stderr
    assert len(list((node / "keys").iterdir())) == 7


def test_an_encrypted_key_is_read_once_the_settings_name_its_passphrase(node: Path) -> None:
    passphrase = secret(node.parent / "passphrase", "不得显示")
    made = run("new", node, "--role", "verdict", "--passphrase-file", passphrase)
    assert b"ENCRYPTED" in (node / "keys" / "verdict-2.pem").read_bytes()
    code, found = listed(node)
    assert (code, [each["reason"] for each in found["lacking"]]) == (1, ["key.passphrase"])
    setting = made.stderr.partition("[keys.passphrase_files]")[2]
    settings = node / "node.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "[keys.passphrase_files]" + setting, encoding="utf-8")
    assert listed(node)[0] == 0
    assert rows(node)["verdict-2.pem"]["says"] == "unlisted"
    assert "不得显示" not in made.output


def test_all_keys_are_encrypted_and_one_setting_reads_them(node: Path) -> None:
    passphrase = secret(node.parent / "passphrase", "不得显示")
    assert run("encrypt", *(node / "keys").glob("*.pem"), "--passphrase-file", passphrase).exit_code == 0
    assert listed(node)[0] == 1
    settings = node / "node.toml"
    text = settings.read_text(encoding="utf-8") + '[keys]\npassphrase_file = "../passphrase"\n'
    settings.write_text(text, encoding="utf-8")
    assert listed(node)[0] == 0
    made = run("new", node, "--role", "record")
    assert (made.exit_code, listed(node)[0]) == (0, 0), "the next key takes the passphrase that the settings name"
    assert b"ENCRYPTED" in (node / "keys" / "record-2.pem").read_bytes()


def test_the_list_says_what_ends_what_has_ended_and_what_is_lacking(node: Path) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=10, hours=1)
    enter(node, not_after=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    code, found = listed(node)
    assert (code, {each["reason"] for each in found["lacking"]}) == (1, {"key.ending"})
    assert {row["days_left"] for row in found["keys"]} == {10}
    enter(node, not_before="2020-01-01", not_after="2020-12-31")
    code, found = listed(node)
    assert (code, {each["reason"] for each in found["lacking"]}) == (1, {"key.none_good"})
    assert {row["says"] for row in found["keys"]} == {"ended"}
    assert run("list", node / "node.toml").exit_code == 1


def test_example_keys_and_files_of_other_names_are_told(node: Path) -> None:
    example = node / "keys" / "record-2.pem"
    example.write_bytes(example_keys("tongzhou")["witness.pem"])
    example.chmod(0o600)
    (node / "keys" / "record2.pem").write_bytes(b"")
    code, found = listed(node)
    assert (code, [each["reason"] for each in found["lacking"]]) == (1, ["key.example"])
    assert found["other"] == ["record2.pem"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where nobody may")
def test_a_folder_that_nobody_may_write_is_said(node: Path) -> None:
    (node / "keys").chmod(0o500)
    made = run("new", node, "--role", "record")
    assert made.exit_code == 2
    assert "key.io" in made.stderr
