"""The file of a cluster's users is read whole, or refused with what is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.bus.kafka_access import load
from gateway.errors import CannotRun

CLUSTER = """[cluster]
bootstrap = ["k:9094"]
clients = ["k:9093"]
ca = "ca.pem"
certificate = "admin.pem"
key = "admin.key"
"""
SANHE = '[jurisdictions.sanhe]\nfamilies = ["licence"]\npassword = "sanhe.password"\n'


def test_it_is_read_relative_to_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text(CLUSTER + SANHE + '[readers.auditor]\npassword = "/a"\n', encoding="utf-8")
    access = load(file)
    assert access.admin.ca == tmp_path / "ca.pem"
    assert [(user.name, user.password, user.families) for user in access.users] == [
        ("sanhe", tmp_path / "sanhe.password", ("licence",)),
        ("auditor", Path("/a"), ()),
    ]
    assert access.topics() == ["jjj.sanhe.licence", "jjj.sanhe.checkpoint"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "cluster is missing"),
        (CLUSTER.replace("clients", "client") + SANHE, "not a setting: client"),
        (CLUSTER.replace('ca = "ca.pem"\n', "") + SANHE, "ca is missing"),
        (CLUSTER + SANHE.replace('families = ["licence"]\n', ""), "jurisdictions.sanhe.families is missing"),
        (CLUSTER + SANHE.replace('password = "sanhe.password"\n', ""), "password"),
        (CLUSTER + SANHE + "words = 1\n", "words"),
        (CLUSTER + SANHE.replace("licence", "checkpoint"), "no family of records"),
        (CLUSTER + SANHE.replace("sanhe]", '"San He"]'), "no jurisdiction's id"),
        (CLUSTER + SANHE.replace("sanhe]", "admin]"), "called admin or broker"),
        (CLUSTER + SANHE + '[readers.sanhe]\npassword = "p"\n', "stands twice"),
        (CLUSTER + "jurisdictions = 1\n", "not a setting"),
        ("not toml", "access.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "access.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CannotRun, match=r"access\.toml") as error:
        load(file)
    assert error.value.reason == "access.file"
    assert named in error.value.message
