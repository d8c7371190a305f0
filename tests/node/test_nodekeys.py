"""A node's key folder: many files a task, taken up while it runs, encrypted or not, and never an example's."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.example import example_keys, example_public_keys
from gateway.errors import CannotRun
from gateway.node.config import Passphrases
from gateway.node.keyplace import KeyPlace
from gateway.node.nodekeys import KeyFolder
from gateway.trust import keyfiles
from gateway.trust import roster as roster_file
from gateway.trust.suites import VerifierKey
from tests.records import builders
from tests.simulator import FAMILIES, NETWORK, World

NOW = int(time.time())
ORIGINS = {family: f"{NETWORK}/sanhe/{family}" for family in FAMILIES}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "sanhe")


def folder(world: World) -> Path:
    return world.folder / "sanhe" / "keys"


def opened(world: World, passphrases: Passphrases | None = None, **given: Any) -> KeyFolder:
    """The folder as a node opens it; its roster is the file's, read at each signing."""
    place = KeyPlace(folder(world), NETWORK, "sanhe", ORIGINS, passphrases or Passphrases())
    file = world.folder / "sanhe" / "trust" / "roster.json"
    return KeyFolder.open(place, lambda: roster_file.parse(file.read_bytes()), given.get("refused", frozenset()))


def enter(world: World, key: VerifierKey, begins: str, role: str = "record") -> None:
    """The roster names one key more."""
    window = {"not_before": begins, "not_after": "2040-01-01T00:00:00Z"}
    entry = {"role": role, "vkey": key.text(), "families": list(FAMILIES), **window}
    world.found(sanhe={"keys": [*world.member("sanhe")["keys"], entry]})


def secret(path: Path, text: str) -> Path:
    path.write_text(f"{text}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_new_file_is_taken_up_and_waits_until_the_roster_names_it(world: World) -> None:
    keys = opened(world)
    first = keys.record("licence").at(NOW)[0].key
    keyfiles.generate(folder(world) / "record-2.pem")
    keys.refresh()
    newer, older = keys.held("record")
    assert older.key == first
    assert keys.record("licence").at(NOW)[0].key == first, "a key that no roster names has signed"
    enter(world, newer.key, "2026-01-01T00:00:00Z")
    assert keys.record("licence").at(NOW)[0].key == newer.key
    assert keys.record("licence").at(1_767_225_599)[0].key == first, "before its window the old one signs"


def test_a_file_that_is_gone_signs_no_more(world: World) -> None:
    keys = opened(world)
    (folder(world) / "record.pem").unlink()
    keys.refresh()
    with pytest.raises(CannotRun, match=r"key\.none_good.*no key file.*keys new"):
        keys.record("licence").at(NOW)
    assert keys.log("licence", NOW).log.name == ORIGINS["licence"]


def test_what_is_lacking_is_said_with_role_roster_and_command(world: World) -> None:
    world.found(sanhe={"keys": [key for key in world.member("sanhe")["keys"] if key["role"] != "log"]})
    (fault, _) = opened(world).faults(NOW, ("log",))
    for part in ("log jjj.test/sanhe/licence", "roster version 1", "is not in the roster", "--family licence"):
        assert part in fault.message


def test_a_bad_new_file_is_passed_over_and_warned_of(world: World) -> None:
    keys = opened(world)
    file = folder(world) / "verdict-2.pem"
    file.write_bytes(b"")
    keys.refresh()
    assert [warning.reason for warning in keys.warnings(NOW)] == ["key.file_mode"]
    file.unlink()
    keyfiles.generate(file)
    keys.refresh()
    assert keys.warnings(NOW) == []
    assert len(keys.held("verdict")) == 2


def test_a_file_that_becomes_unreadable_goes_on_and_is_warned_of(world: World, tmp_path: Path) -> None:
    keys = opened(world)
    before = keys.record("licence").at(NOW)[0].key
    keyfiles.encrypt(folder(world) / "record.pem", passphrase_file=secret(tmp_path / "p", "示例口令"))
    keys.refresh()
    assert keys.record("licence").at(NOW)[0].key == before
    assert [warning.reason for warning in keys.warnings(NOW)] == ["key.passphrase"]


def test_encrypted_keys_are_read_with_the_passphrases_that_the_settings_name(world: World, tmp_path: Path) -> None:
    for_all, for_one = secret(tmp_path / "all", "甲"), secret(tmp_path / "one", "乙")
    for file in folder(world).glob("*.pem"):
        keyfiles.encrypt(file, passphrase_file=for_one if file.stem == "witness" else for_all)
        assert b"ENCRYPTED" in file.read_bytes()
    keys = opened(world, Passphrases(for_all, {"witness": for_one}))
    assert keys.witness.at(NOW)[0].name == f"{NETWORK}/sanhe/witness"
    for wrong in (Passphrases(), Passphrases(for_all), Passphrases(tmp_path / "no such file", {"witness": for_one})):
        with pytest.raises(CannotRun, match=r"key\.(passphrase|missing)"):
            opened(world, wrong)


@pytest.mark.parametrize("name", ["record.pem", "record-7.pem"])
@pytest.mark.parametrize("encrypted", [False, True])
def test_an_example_key_is_refused_under_any_name_and_encrypted(
    world: World, tmp_path: Path, name: str, encrypted: bool
) -> None:
    file = folder(world) / name
    file.write_bytes(example_keys("tongzhou")["verdict.pem"])
    file.chmod(0o600)
    passphrase = secret(tmp_path / "p", "示例口令")
    if encrypted:
        keyfiles.encrypt(file, passphrase_file=passphrase)
    with pytest.raises(CannotRun, match=r"key\.example"):
        opened(world, Passphrases(None, {file.stem: passphrase} if encrypted else {}), refused=example_public_keys())


def test_an_example_key_that_comes_later_never_signs(world: World) -> None:
    keys = opened(world, refused=example_public_keys())
    file = folder(world) / "record-2.pem"
    file.write_bytes(example_keys("tongzhou")["record.pem"])
    file.chmod(0o600)
    keys.refresh()
    assert len(keys.held("record")) == 1
    assert [warning.reason for warning in keys.warnings(NOW)] == ["key.example"]


def test_the_end_of_the_last_key_is_warned_of_thirty_days_before(world: World) -> None:
    keys, end = opened(world), 2_208_988_800  # 2040-01-01
    day = 86_400
    assert keys.warnings(end - 31 * day) == []
    told = keys.warnings(end - 29 * day)
    assert {warning.reason for warning in told} == {"key.ending"}
    assert len(told) == len(list(keys.place.signing()))


def test_other_files_in_the_folder_are_not_looked_at(world: World) -> None:
    for name in ("trust-online.pem", "record2.pem", "log-licence.pem.bak", "record-0.pem", "kafka.pem"):
        shutil.copy(folder(world) / "record.pem", folder(world) / name)
    assert len(opened(world).held("record")) == 1


def test_keys_of_both_suites_sign_for_an_authority(tmp_path: Path) -> None:
    world = World(tmp_path, "sanhe", gm=True)
    entered = []
    for suffix, suite in (("", "ed25519"), ("-sm2", "sm2")):
        file = folder(world) / f"authority-{builders.ISSUER}{suffix}.pem"
        keyfiles.generate(file, suite)
        vkey = keyfiles.load_signer(file, f"{NETWORK}/sanhe/authority/{builders.ISSUER}").key.text()
        window = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}
        entered.append({"role": "authority", "vkey": vkey, "families": list(FAMILIES), **window})
    world.found(sanhe={"keys": [*world.member("sanhe")["keys"], *entered]})
    keys = opened(world)
    assert [key.key.text() for key in keys.authorities(NOW)[builders.ISSUER]] == [key["vkey"] for key in entered]


def test_a_log_whose_ed25519_key_has_gone_is_dated_by_the_key_of_the_suite_that_is_left(tmp_path: Path) -> None:
    """Else, under the policy, the date would be by the one suite and the log's line by the other."""
    world = World(tmp_path, "sanhe", gm=True)
    both = opened(world).log("licence", NOW)
    pairs = ((both.log, both.heartbeat), *both.also)
    assert [key.key.suite.gm for pair in pairs for key in pair] == [False, False, True, True]
    world.found(sanhe={"keys": [key for key in world.member("sanhe")["keys"] if key["vkey"] != both.log.key.text()]})
    left = opened(world).log("licence", NOW)
    assert (left.log.key.suite.gm, left.heartbeat.key.suite.gm, left.also) == (True, True, ())
