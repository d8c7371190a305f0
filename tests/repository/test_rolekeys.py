"""An administrator's key: the private half as every key of a node, the public half a file that may be mailed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CannotRun, Refused
from gateway.repository import rolekeys
from gateway.repository.charter import Charter
from tests.repository.cities import Cities


def test_a_key_is_made_and_its_halves_belong_together(tmp_path: Path) -> None:
    made = rolekeys.make(tmp_path / "sanhe.pem", "sanhe")
    assert stat.S_IMODE((tmp_path / "sanhe.pem").stat().st_mode) == 0o600
    assert rolekeys.read_public(tmp_path / "sanhe.pem.pub") == made
    signer = rolekeys.load(tmp_path / "sanhe.pem")
    assert signer.public_key.keyid == made.keyid
    assert rolekeys.verifies(made, bytes.fromhex(signer.sign(b"x").signature), b"x")
    assert not rolekeys.verifies(made, bytes.fromhex(signer.sign(b"x").signature), b"y")


def test_a_passphrase_protects_it(tmp_path: Path) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("一句口令\n", encoding="utf-8")
    secret.chmod(0o600)
    rolekeys.make(tmp_path / "k.pem", "sanhe", passphrase_file=secret)
    assert b"ENCRYPTED" in (tmp_path / "k.pem").read_bytes()
    with pytest.raises(CannotRun, match=r"key\.passphrase"):
        rolekeys.load(tmp_path / "k.pem")
    assert rolekeys.load(tmp_path / "k.pem", passphrase_file=secret)


def test_no_key_is_overwritten_and_none_is_made_for_nobody(tmp_path: Path) -> None:
    rolekeys.make(tmp_path / "k.pem", "sanhe")
    with pytest.raises(CannotRun, match=r"key\.exists"):
        rolekeys.make(tmp_path / "k.pem", "sanhe")
    with pytest.raises(CannotRun, match=r"trust\.form"):
        rolekeys.make(tmp_path / "other.pem", "三河")


def test_a_public_half_with_another_id_is_refused(tmp_path: Path) -> None:
    document = rolekeys.make(tmp_path / "k.pem", "sanhe").to_json()
    for changed in ({"keyid": "0" * 64}, {"ed25519": "0" * 64}, {"more": 1}, {"jurisdiction": "三河"}):
        with pytest.raises(Refused, match=r"trust\.form"):
            rolekeys.parse_public(json.dumps(document | changed).encode())
    (tmp_path / "private.pub").write_bytes((tmp_path / "k.pem").read_bytes())
    with pytest.raises(CannotRun, match=r"trust\.form"):
        rolekeys.read_public(tmp_path / "private.pub")


@given(st.binary(max_size=100))
def test_rubbish_is_no_public_half(rubbish: bytes) -> None:
    with pytest.raises(Refused):
        rolekeys.parse_public(rubbish)


def test_a_charter_that_could_not_be_kept_does_not_exist(cities: Cities) -> None:
    good = cities.charter()
    assert Charter.of(good.root(3, 1_800_000_000)) == good
    two = (*good.keys, rolekeys.of_signer("sanhe", cities.online))
    for changes in (
        {"threshold": 0},
        {"threshold": 7},
        {"online": ()},
        {"online": (good.keys[0],)},
        {"keys": two},
        {"keys": (good.keys[0], good.keys[0])},
    ):
        with pytest.raises(Refused, match=r"trust\.charter"):
            cities.charter(**changes)
