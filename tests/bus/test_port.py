"""Names of topics, and the one safe way to read a header."""

from __future__ import annotations

import pytest

from gateway.bus.port import (
    BadTopic,
    BusError,
    Message,
    checkpoint_topic,
    header,
    is_compacted,
    record_topic,
    topics_below,
)
from gateway.errors import GatewayError


def test_a_header_counts_only_if_it_is_the_only_one_of_its_name() -> None:
    message = Message(b"", b"", (("a", b"1"), ("b", b""), ("c", b"2"), ("c", b"2")))
    assert header(message, "a") == b"1"
    assert header(message, "b") == b""
    assert header(message, "c") is None
    assert header(message, "A") is None


def test_topics_are_named_as_designed() -> None:
    assert record_topic("jjj", "tongzhou", "licence") == "jjj.tongzhou.licence"
    assert record_topic("test.jjj", "sanhe", "licence.2") == "test.jjj.sanhe.licence.2"
    assert checkpoint_topic("jjj", "tongzhou") == "jjj.tongzhou.checkpoint"


def test_only_checkpoint_topics_are_compacted() -> None:
    assert is_compacted(checkpoint_topic("jjj", "tongzhou"))
    assert not is_compacted(record_topic("jjj", "tongzhou", "licence"))


def test_every_topic_of_a_jurisdiction_lies_below_it_and_no_other_does() -> None:
    below = topics_below("jjj", "tong")
    assert record_topic("jjj", "tong", "credit").startswith(below)
    assert checkpoint_topic("jjj", "tong").startswith(below)
    assert not record_topic("jjj", "tongzhou", "credit").startswith(below)


@pytest.mark.parametrize(
    ("prefix", "jurisdiction", "family"),
    [
        ("jjj", "tongzhou", "checkpoint"),  # the name of the checkpoint topic
        ("jjj", "tongzhou", "licence.0"),
        ("jjj", "tongzhou", "licence.x"),
        ("jjj", "tong.zhou", "licence"),
        ("jjj", "", "licence"),
        ("", "tongzhou", "licence"),
        ("../jjj", "tongzhou", "licence"),
        ("jjj", "tongzhou", "../licence"),
        ("j" * 190, "tongzhou", "licence"),
    ],
)
def test_other_names_are_refused(prefix: str, jurisdiction: str, family: str) -> None:
    with pytest.raises(BadTopic):
        record_topic(prefix, jurisdiction, family)


def test_every_error_of_the_bus_has_a_reason_of_its_own() -> None:
    kinds = BusError.__subclasses__()
    assert sorted(kind("…").reason for kind in kinds) == [
        "bus.closed", "bus.fenced", "bus.position_lost", "bus.topic", "bus.unavailable",
    ]  # fmt: skip
    assert all(issubclass(kind, GatewayError) for kind in kinds)
