"""What an outsider's program concludes from messages alone: each story of the table, and what no message can cost."""

from __future__ import annotations

import ast
import contextlib
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import topic_log
from hypothesis import given
from hypothesis import strategies as st
from topic_log import CannotRun, Log, Report, judge, read_vkeys

from gateway.bus.port import Message
from gateway.trust import notes
from tests.docs import worked
from tests.docs.stories import FINDING, STORIES, Topics, log_of, message, note, seal, sent
from tests.docs.worked import BEAT

OF_THE_READER = {"empty", "unsealed", "old", "short"}
"""Stories whose last word is for the program around it: no checkpoint, age, a size that was asked for."""


def read(topics: Topics, begins: int = 0) -> Log:
    log = Log(worked.TOPIC, read_vkeys(worked.vkeys()))
    log.begins = begins
    for offset, each in enumerate(topics.records, begins):
        log.take(offset, each.value, each.headers)
    for each in topics.notes:
        log.take_checkpoint(each.value)
    return log


def report_of(topics: Topics) -> Report:
    return judge(read(topics))


@pytest.mark.parametrize("name", STORIES)
def test_each_story_is_told_as_the_table_says(name: str) -> None:
    story = STORIES[name]
    report = report_of(story.make())
    assert report.lines == ([] if name in OF_THE_READER else list(story.says))
    assert report.findings == (len(story.says) if story.code == FINDING else 0)
    assert report.verified == story.verified


@given(st.randoms(use_true_random=False))
def test_any_order_of_the_messages_gives_the_same_log(draw: random.Random) -> None:
    topics = sent()
    draw.shuffle(topics.records)
    report = report_of(topics)
    assert (report.findings, report.verified) == (0, 8)


junk = st.builds(
    Message,
    st.binary(max_size=5),
    st.binary(max_size=40) | st.sampled_from([each.value for each in sent().records]),
    st.lists(
        st.tuples(st.sampled_from(["log-index", "signature", "checkpoint", "x"]), st.binary(max_size=40))
        | st.tuples(st.just("log-index"), st.integers(0, 12).map(lambda number: b"%d" % number))
        | st.sampled_from([header for each in sent().records for header in each.headers if header[0] == "signature"]),
        max_size=4,
    ).map(tuple),
)


@given(st.lists(st.tuples(st.integers(0, 8), junk), max_size=12))
def test_no_rubbish_costs_anything(strewn: list[tuple[int, Message]]) -> None:
    topics = sent()
    for at, each in strewn:
        topics.records.insert(at, each)
    report = report_of(topics)
    assert (report.findings, report.verified) == (0, 8)


def test_what_retention_may_have_deleted_is_lacking_and_no_finding() -> None:
    """Whoever appends an old leaf again can't make the deleted ones after it look dropped."""
    topics = sent()
    topics.notes += [note(seal(log_of(), size, BEAT - 9)) for size in (2, 3)]
    topics.records = [*topics.records[4:], topics.records[0]]
    report = judge(read(topics, begins=4))
    assert (report.findings, report.verified) == (0, 0)
    assert report.lacking == [
        "leaf 1: deleted by retention, or dropped; begin from tiles",
        "leaf 2: deleted by retention, or dropped; begin from tiles",
        "leaf 3: deleted by retention, or dropped; begin from tiles",
    ]


def test_what_a_stranger_puts_where_retention_has_deleted_is_lacking_and_no_finding() -> None:
    topics = sent()
    topics.records = [*topics.records[4:], replace(topics.records[2], value=b"{}")]
    report = judge(read(topics, begins=4))
    assert (report.findings, report.verified) == (0, 0)
    assert [line.partition(":")[0] for line in report.lacking] == ["leaves 0 to 2", "leaf 3"]


def test_after_a_broken_window_each_record_is_still_looked_at() -> None:
    topics = STORIES["forged"].make()
    del topics.records[6]
    assert [line.split(" (")[0] for line in report_of(topics).lines] == [
        "forged   leaf 4",
        "dropped  leaf 6: no message, though the owner has signed size 8",
    ]


def test_a_signature_of_another_jurisdictions_record_key_is_a_fault() -> None:
    other = worked.RECORD.key.text()
    vkeys = worked.vkeys().replace(f"record tongzhou * {other}", f"record sanhe * {other}")
    known = read_vkeys(vkeys + f"record tongzhou licence {worked.VERDICT.key.text()}\n")
    log = Log(worked.TOPIC, known)
    assert log.fault_of(log_of()[0]) == "a record key of another log has signed it"


def test_sm2_keys_and_lines_beside_the_others_change_nothing() -> None:
    """The programs know Ed25519 only, and read a network under the policy gm as they read any other."""
    known = read_vkeys(worked.vkeys() + worked.examples()["sm2-vkeys"])
    assert known.keys() == read_vkeys(worked.vkeys()).keys()
    log = Log(worked.TOPIC, known)
    entry = log_of()[0]
    line = worked.GM_RECORD.sign(notes.parse(entry, 16).text)
    assert log.fault_of(entry + notes.line(worked.GM_RECORD.name, worked.GM_RECORD.key.key_id, line)) == ""


@pytest.mark.parametrize(
    ("vkeys", "why"),
    [
        ("log tongzhou licence\n", "vkeys line 1 is not"),
        (worked.vkeys().replace("+2f4863fd+", "+2f4863fe+"), "vkeys line 4: the key id does not fit"),
        ("", "vkeys name 0 logs"),
        (worked.vkeys().replace("record tongzhou *", "record sanhe *"), "vkeys name no record key"),
    ],
)
def test_keys_that_are_of_no_use_are_told(vkeys: str, why: str) -> None:
    with pytest.raises(CannotRun, match=why):
        Log(worked.TOPIC, read_vkeys(vkeys))


@given(st.binary(max_size=200) | st.text(alphabet="— a\n+=AB", max_size=60).map(str.encode))
def test_any_bytes_are_a_note_or_unproven(content: bytes) -> None:
    with contextlib.suppress(topic_log.Unproven):
        assert topic_log.open_note(content, 16, read_vkeys(worked.vkeys()))[1] == []


def test_a_message_without_value_or_with_an_empty_header_is_passed_over() -> None:
    log = read(sent())
    log.take(99, None, [("log-index", b"3"), ("signature", None)])
    log.take(100, b"", [("log-index", None), ("signature", None), ("checkpoint", None)])
    assert (judge(log).findings, log.messages) == (0, 8)


def test_many_claims_to_many_indexes_end() -> None:
    """4,096 arrangements at most are tried, so a topic full of strangers' claims is judged in the end."""
    topics = STORIES["another's place"].make()
    topics.records += [message(index, b"{%d}\n\n-" % claim) for index in range(8) for claim in range(40)]
    topics.records.append(replace(topics.records[0], value=b"{}"))
    assert report_of(topics).findings == 1


@pytest.mark.parametrize("name", ["topic_log.py", "verify_topic.py"])
def test_the_programs_need_nothing_of_ours(name: str, repository: Path) -> None:
    tree = ast.parse((repository / "docs/examples" / name).read_text(encoding="utf-8"))
    imported = {
        module.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in ([each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert imported - sys.stdlib_module_names <= {"aiokafka", "cryptography", "topic_log"}
