"""How far a witness has cosigned, in a file: torn writes, many logs, what is no such file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CannotRun
from gateway.ledger.highwater import SLOT
from gateway.ledger.merkle import EMPTY_ROOT
from gateway.ledger.witnessmarks import MARKS_FILE, WitnessMarks

LOGS = [f"jjj.test/{place}/licence" for place in ("sanhe", "dachang", "binhai")]


def root(number: int) -> bytes:
    return bytes([number]) * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    WitnessMarks.create(tmp_path / MARKS_FILE).close()
    return tmp_path / MARKS_FILE


def read(path: Path) -> WitnessMarks:
    marks = WitnessMarks(path)
    marks.close()
    return marks


def write(path: Path, *steps: dict[str, tuple[int, bytes]]) -> None:
    marks = WitnessMarks(path)
    for step in steps:
        marks.write(step)
    marks.close()


def test_what_was_written_is_read_after_a_start(path: Path) -> None:
    write(path, {LOGS[0]: (3, root(3)), LOGS[1]: (4, root(4))}, {LOGS[0]: (5, root(5)), LOGS[2]: (0, EMPTY_ROOT)})
    assert [read(path).of(each) for each in LOGS] == [(5, root(5)), (4, root(4)), (0, EMPTY_ROOT)]
    write(path, {LOGS[1]: (9, root(9))})
    assert [read(path).of(each) for each in LOGS] == [(5, root(5)), (9, root(9)), (0, EMPTY_ROOT)]


def test_a_torn_mark_leaves_the_one_before(path: Path) -> None:
    write(path, {LOGS[0]: (3, root(3))})
    before = path.read_bytes()
    write(path, {LOGS[0]: (5, root(5))})
    after = bytearray(path.read_bytes())
    (at,) = {place // SLOT * SLOT for place in range(len(after)) if after[place] != before[place]}
    after[at + 20 : at + 60] = bytes(40)
    path.write_bytes(after)
    assert read(path).of(LOGS[0]) == (3, root(3))


@given(kept=st.integers(0, 3 * SLOT))
def test_a_row_torn_while_it_was_made_is_no_row(tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    path = tmp_path_factory.mktemp("marks") / MARKS_FILE
    WitnessMarks.create(path).close()
    write(path, {LOGS[0]: (3, root(3))})
    held = path.read_bytes()
    write(path, {LOGS[1]: (0, EMPTY_ROOT)})
    made = path.read_bytes()[: len(held) + 2 * SLOT] + bytes(SLOT)
    path.write_bytes(made[: len(held) + kept])
    marks = read(path)
    assert marks.fault is None
    assert marks.of(LOGS[0]) == (3, root(3))
    assert marks.of(LOGS[1]) in (None, (0, EMPTY_ROOT))
    write(path, {LOGS[1]: (4, root(4))})
    assert [read(path).of(each) for each in LOGS[:2]] == [(3, root(3)), (4, root(4))]


@pytest.mark.parametrize("harm", [b"", b"jjj", b"x" * SLOT])
def test_what_is_no_such_file_is_said_and_not_written(path: Path, harm: bytes) -> None:
    path.write_bytes(harm)
    marks = read(path)
    assert marks.fault is not None
    assert marks.fault.reason == "witness.unmarked"
    with pytest.raises(CannotRun):
        marks.write({LOGS[0]: (1, root(1))})
    assert path.read_bytes() == harm


def test_an_existing_file_is_not_made_again(path: Path) -> None:
    with pytest.raises(FileExistsError):
        WitnessMarks.create(path)
