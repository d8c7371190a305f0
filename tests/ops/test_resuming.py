"""The note of answered requests: believed line by line, cut where it is broken, held by one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CannotRun
from gateway.ops.resuming import IN_FLIGHT, Answered, Journal, note_beside

NODE = "http://127.0.0.1:8470"
LOG, OTHER = "jjj.test/sanhe/licence", "jjj.test/sanhe/credit"
REFUSED = {3: {"reason": "uscc.check", "field": "data.number", "message": "校验码不符"}}


def silent(_: str) -> None:
    raise AssertionError("nothing is to be told here")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "history.csv"
    found.write_bytes(b"a\n")
    return found


def bodies(count: int) -> list[bytes]:
    return [b"request %d" % number for number in range(count)]


def answered(*logs: str, **given: Any) -> Answered:
    return Answered(**{"logged": 500, "duplicates": 0, "refused": {}, "logs": logs or (LOG,), **given})


def noted(file: Path, *answers: Answered) -> None:
    with Journal(file, NODE, say=silent) as journal:
        for body, each in zip(bodies(len(answers)), answers, strict=True):
            assert journal.recall(body) is None
            journal.note(body, each)


def recalled(file: Path, asked: list[bytes], node: str = NODE) -> list[Answered | None]:
    with Journal(file, node, say=silent) as journal:
        return [journal.recall(body) for body in asked]


def test_answers_come_back_with_their_refusals(file: Path) -> None:
    noted(file, answered(logged=499, refused=REFUSED), *[answered()] * IN_FLIGHT)
    assert recalled(file, bodies(1)) == [answered(logged=499, refused=REFUSED)]


def test_the_last_requests_on_each_log_are_probed(file: Path) -> None:
    noted(file, answered(OTHER), answered(), answered(LOG, OTHER), *[answered()] * IN_FLIGHT, answered(logs=()))
    found = recalled(file, bodies(IN_FLIGHT + 4))
    probed = [each.probe for each in found if each is not None]
    assert probed == [True, False, True, *[True] * IN_FLIGHT, False]


def test_a_first_run_is_none_that_goes_on(file: Path) -> None:
    with Journal(file, NODE, say=silent) as journal:
        assert not journal.resumed
    with Journal(file, NODE, say=silent) as journal:
        assert journal.resumed


def test_another_file_from_some_row_on_ends_its_use_there(file: Path) -> None:
    noted(file, *[answered()] * 6)
    changed = [*bodies(3), b"changed", b"request 4", b"request 5"]
    assert [each is not None for each in recalled(file, changed)] == [True, True, True, False, False, False]
    assert [each is not None for each in recalled(file, bodies(6))] == [True, True, True, False, False, False]


def test_it_goes_on_behind_what_it_recalled(file: Path) -> None:
    noted(file, answered(), answered())
    with Journal(file, NODE, say=silent) as journal:
        for body in bodies(2):
            assert journal.recall(body) is not None
        assert journal.recall(b"third") is None
        journal.note(b"third", answered(logged=7))
    assert [each and each.logged for each in recalled(file, [*bodies(2), b"third"])] == [500, 500, 7]


def test_a_line_cut_short_by_a_kill_is_dropped(file: Path) -> None:
    noted(file, answered(), answered(), answered())
    whole = note_beside(file).read_bytes()
    for length in range(len(whole)):
        note_beside(file).write_bytes(whole[:length])
        found = [each is not None for each in recalled(file, bodies(3))]
        count = max(whole[:length].count(b"\n") - 1, 0)
        assert found == [place < count for place in range(3)]


@given(st.binary(max_size=200))
def test_whatever_stands_there_it_is_a_note_or_none(tmp_path_factory: pytest.TempPathFactory, rubbish: bytes) -> None:
    file = tmp_path_factory.mktemp("note") / "history.csv"
    noted(file, answered())
    with note_beside(file).open("ab") as note:
        note.write(rubbish)
    with Journal(file, NODE, say=silent) as journal:
        assert journal.recall(bodies(1)[0]) is not None
        journal.recall(b"second")
        journal.note(b"second", answered())


def test_a_note_of_another_node_is_none(file: Path) -> None:
    noted(file, answered())
    assert recalled(file, bodies(1), node="http://127.0.0.1:8471") == [None]


def test_what_is_forgotten_is_gone(file: Path) -> None:
    noted(file, answered(), answered())
    with Journal(file, NODE, say=silent) as journal:
        journal.forget()
        assert journal.recall(bodies(1)[0]) is None
    assert recalled(file, bodies(1)) == [None]


def test_nothing_is_left_when_all_is_handed_in(file: Path) -> None:
    with Journal(file, NODE, say=silent) as journal:
        journal.note(b"x", answered())
        journal.finish()
    assert sorted(path.name for path in file.parent.iterdir()) == ["history.csv"]


def test_two_runs_of_one_file_at_once_are_one_too_many(file: Path) -> None:
    second = Journal(file, NODE, say=silent)
    with Journal(file, NODE, say=silent), pytest.raises(CannotRun, match=r"file\.busy"):
        second.__enter__()
    with Journal(file, NODE, say=silent):
        pass


def test_where_nothing_can_be_written_it_says_so_and_goes_on(file: Path) -> None:
    note_beside(file).mkdir()
    told: list[str] = []
    with Journal(file, NODE, say=told.append) as journal:
        assert not journal.resumed
        assert journal.recall(b"x") is None
        journal.note(b"x", answered())
    assert len(told) == 1
    assert "an interrupted run will begin with the first row" in told[0]


def receipt(status: str, log: str | None = LOG, **members: str) -> dict[str, Any]:
    return {"id": "x", "status": status, "log": log, "index": 1, "size": 2, **members}


def test_receipts_are_read_by_place() -> None:
    refusal = receipt("refused", None, reason="uscc.check", field="data.number", message="校验码不符")
    found = Answered.read([receipt("logged"), receipt("duplicate", OTHER), refusal, receipt("logged")])
    assert found == Answered(2, 1, {2: REFUSED[3]}, (OTHER, LOG))


def test_a_record_that_stands_under_a_later_one_was_taken_the_first_time() -> None:
    receipts = [receipt("refused", None, reason="record.superseded"), receipt("logged")]
    assert Answered.read(receipts).refused == {0: {"reason": "record.superseded"}}
    assert Answered.read(receipts, again=True) == Answered(1, 1, {}, (LOG,))
