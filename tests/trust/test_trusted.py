"""Trust data as a whole: loaded together or not at all, with a digest over every byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import CannotRun, GatewayError, Refused
from gateway.records.packaged import data_path
from gateway.trust import trusted
from tests.trust import papers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "roster.json").write_bytes(papers.written(papers.roster()))
    (tmp_path / "agreements.json").write_bytes(papers.written(papers.agreements()))
    (tmp_path / "catalogue.json").write_bytes(papers.written(papers.catalogue()))
    return tmp_path


def test_a_folder_is_read_whole(folder: Path) -> None:
    found = trusted.load(folder)
    assert (found.roster.version, found.agreements.version, found.catalogue.version) == (3, 2, 1)
    assert found.schemas.knows("licence:1.0")
    assert found.digest == trusted.load(folder).digest


@pytest.mark.parametrize("name", ["roster.json", "agreements.json", "catalogue.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(GatewayError, match=name) as error:
        trusted.load(folder)
    assert error.value.reason == "trust.missing"


@pytest.mark.parametrize("name", ["roster.json", "agreements.json", "catalogue.json"])
def test_every_byte_counts_for_the_digest(folder: Path, name: str) -> None:
    before = trusted.load(folder).digest
    (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
    assert trusted.load(folder).digest != before


def test_one_wrong_document_refuses_all(folder: Path) -> None:
    (folder / "catalogue.json").write_bytes(b"{}")
    with pytest.raises(Refused, match=r"trust\.form"):
        trusted.load(folder)


def test_schemas_of_other_folders_come_beside_the_built_in(folder: Path, tmp_path: Path) -> None:
    extra = tmp_path / "schemas"
    extra.mkdir()
    [built_in] = data_path("schemas").glob("licence-1.0.schema.json")
    newer = built_in.read_bytes().replace(b"urn:jjj:schema:licence:1.0", b"urn:jjj:schema:licence:1.1")
    (extra / "licence-1.1.schema.json").write_bytes(newer)
    before, after = trusted.load(folder), trusted.load(folder, (extra,))
    assert not before.schemas.knows("licence:1.1")
    assert after.schemas.minors("licence") == ["licence:1.0", "licence:1.1"]
    assert before.digest != after.digest


def test_a_schema_that_is_none_stops_the_load(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "licence-1.1.schema.json").write_bytes(b"[]")
    with pytest.raises(CannotRun, match=r"schema\.invalid"):
        trusted.load(folder, (tmp_path,))
