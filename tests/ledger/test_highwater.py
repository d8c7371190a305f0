"""How far this node's own key has signed: the newest mark is read whatever a crash left behind (DESIGN §6)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import CannotRun
from gateway.ledger import highwater
from gateway.ledger.highwater import SLOT, HighWater
from gateway.ledger.merkle import EMPTY_ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "licence.highwater"


def root(size: int) -> bytes:
    return bytes([size % 256]) * 32


def marked(path: Path, *sizes: int) -> None:
    """Make the file and write these marks, each by a process of its own."""
    HighWater.create(path).close()
    for size in sizes:
        mark = HighWater(path)
        mark.write(size, root(size))
        mark.close()


def test_a_new_file_says_that_nothing_was_signed(path: Path) -> None:
    mark = HighWater.create(path)
    assert mark.read() == (0, EMPTY_ROOT)
    mark.close()
    assert path.stat().st_mode & 0o077 == 0


def test_an_existing_file_is_never_made_anew(path: Path) -> None:
    marked(path, 5)
    with pytest.raises(FileExistsError):
        HighWater.create(path)
    assert highwater.read(path) == (5, root(5))


@pytest.mark.parametrize("count", range(1, 5))
def test_the_newest_mark_is_read_by_whoever_opens_the_file(path: Path, count: int) -> None:
    marked(path, *range(1, count + 1))
    assert highwater.read(path) == (count, root(count))


def test_a_mark_may_go_down_again(path: Path) -> None:
    """After a recovery: the last word counts, not the largest."""
    marked(path, 7, 3)
    assert highwater.read(path) == (3, root(3))


@pytest.mark.parametrize("torn", [0, 1, 60, 511])
@pytest.mark.parametrize("count", [2, 3])
def test_a_torn_write_leaves_the_mark_before_it(path: Path, count: int, torn: int) -> None:
    marked(path, *range(1, count + 1))
    raw = bytearray(path.read_bytes())
    at = count % 2 * SLOT
    raw[at + torn : at + SLOT] = b"\xff" * (SLOT - torn)
    raw[at] ^= 1
    path.write_bytes(raw)
    assert highwater.read(path) == (count - 1, root(count - 1))
    mark = HighWater(path)
    mark.write(9, root(9))
    mark.close()
    assert highwater.read(path) == (9, root(9))


@pytest.mark.parametrize("raw", [b"", b"\0" * 2 * SLOT, b"x" * 10])
def test_what_cannot_be_read_is_said_and_never_taken_for_nothing(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    mark = HighWater(path)
    for read in (mark.read, lambda: highwater.read(path)):
        with pytest.raises(CannotRun, match=r"highwater\.damaged.*licence\.highwater"):
            read()
    mark.close()


def test_a_missing_file_is_said_when_it_is_asked_for(path: Path) -> None:
    mark = HighWater(path)
    for ask in (mark.read, lambda: mark.write(1, root(1)), lambda: highwater.read(path)):
        with pytest.raises(CannotRun, match=r"highwater\.missing"):
            ask()
    mark.close()
    assert not path.exists()


@settings(max_examples=60)
@given(sizes=st.lists(st.integers(0, 2**53), min_size=1, max_size=6), noise=st.binary(min_size=1, max_size=SLOT))
def test_any_damage_to_one_slot_leaves_the_other(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], noise: bytes
) -> None:
    path = tmp_path_factory.mktemp("mark") / "m"
    marked(path, *sizes)
    raw, at = path.read_bytes(), len(sizes) % 2 * SLOT
    damaged = raw[:at] + noise + raw[at + len(noise) :]
    path.write_bytes(damaged)
    before = [0, *sizes][-2]
    good = {(sizes[-1], root(sizes[-1])), (before, root(before) if len(sizes) > 1 else EMPTY_ROOT)}
    assert highwater.read(path) in good
