"""What python-tuf's client is given and what it makes of it: whatever the bytes, a verified state or the one family of
errors.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import CannotRun, Refused
from gateway.repository import client, fetching
from gateway.repository.fetching import FolderFetcher
from tests.repository.forge import NOW, Forge

FILES = ("timestamp.json", "2.snapshot.json", "2.targets.json", "2.root.json", "1.root.json")


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    forge = Forge(tmp_path_factory.mktemp("made") / "repository")
    forge.rotate("sanhe")
    forge.amend(roster={"version": 2})
    return forge


def test_a_whole_state_is_read(forge: Forge, tmp_path: Path) -> None:
    found = client.refresh(tmp_path / "home", forge.pinned, FolderFetcher(forge.folder), NOW + 60)
    assert found.versions == {"root": 2, "timestamp": 3, "snapshot": 3, "targets": 3}
    there = {path.relative_to(forge.folder).as_posix() for path in forge.folder.rglob("*.json")}
    old = {"metadata/1.snapshot.json", "metadata/2.snapshot.json", "metadata/1.targets.json", "metadata/2.targets.json"}
    assert found.files().keys() <= there
    assert not old & found.files().keys()
    assert client.read_back(found.metadata, found.targets) == found


def test_what_was_fetched_before_is_not_fetched_again(forge: Forge, tmp_path: Path) -> None:
    client.refresh(tmp_path / "home", forge.pinned, FolderFetcher(forge.folder), NOW + 60)
    again = FolderFetcher(forge.folder)
    client.refresh(tmp_path / "home", forge.pinned, again, NOW + 120)
    assert again.files == 2, "the next root, which isn't there, and the timestamp"


def test_one_refresh_reads_so_many_files_and_no_more(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_FILES", 3)
    with pytest.raises(Refused, match=r"trust\.too_large.*over 3 files"):
        client.refresh(tmp_path / "home", forge.pinned, FolderFetcher(forge.folder), NOW + 60)


def test_and_so_many_bytes(forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 5_000)
    with pytest.raises(Refused, match=r"trust\.too_large"):
        client.refresh(tmp_path / "home", forge.pinned, FolderFetcher(forge.folder), NOW + 60)


def test_and_takes_so_long(forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "REFRESH_S", -1.0)
    with pytest.raises(Refused, match=r"trust\.unreachable"):
        client.refresh(tmp_path / "home", forge.pinned, FolderFetcher(forge.folder), NOW + 60)


def test_a_target_kept_and_damaged_is_fetched_again(forge: Forge, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = client.refresh(home, forge.pinned, FolderFetcher(forge.folder), NOW + 60)
    for file in (home / "files").iterdir():
        file.write_bytes(b"damaged")
    assert client.refresh(home, forge.pinned, FolderFetcher(forge.folder), NOW + 60) == first


def test_a_home_that_cannot_be_written_is_this_machines_fault(forge: Forge, tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"a file")
    with pytest.raises(CannotRun, match=r"ledger\.io"):
        client.refresh(tmp_path / "home", forge.pinned, FolderFetcher(forge.folder), NOW + 60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), at=st.floats(0, 1), scrap=st.binary(max_size=20), whole=st.booleans())
def test_whatever_the_bytes_a_state_or_a_reason(
    forge: Forge, tmp_path_factory: pytest.TempPathFactory, name: str, at: float, scrap: bytes, whole: bool
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    hostile = forge.fork(folder / "repository")
    file = hostile.folder / "metadata" / name
    if file.exists():
        kept = file.read_bytes()
        cut = int(at * len(kept))
        file.write_bytes(scrap if whole else kept[:cut] + scrap + kept[cut + len(scrap) :])
    with contextlib.suppress(Refused):
        found = client.refresh(folder / "home", forge.pinned, FolderFetcher(hostile.folder), NOW + 60)
        assert found.versions["targets"] == 3
    shutil.rmtree(folder)
