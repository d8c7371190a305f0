"""What a jurisdiction is given is what its node needs, and reaches no neighbour whose name begins alike."""

from __future__ import annotations

import pytest

from gateway.bus import kafka_rights as rights
from gateway.bus.kafka_rights import Right, rights_of_reader, rights_of_writer, surplus
from gateway.bus.port import BadTopic

WRITES = (rights.WRITE, rights.CREATE)


def covers(right: Right, kind: int, name: str) -> bool:
    """As Kafka's authorizer reads an entry."""
    return right.kind == kind and (
        name.startswith(right.name) if right.pattern == rights.PREFIXED else right.name in (name, "*")
    )


@pytest.mark.parametrize("neighbour", ["sanhe2", "sanhe-county", "san", "tongzhou"])
def test_nobody_writes_for_a_neighbour(neighbour: str) -> None:
    given = rights_of_writer("jjj", "sanhe", creates=True)
    theirs = ((rights.TOPIC, f"jjj.{neighbour}.licence"), (rights.TRANSACTIONAL_ID, f"jjj.{neighbour}.writer"))
    for kind, name in theirs:
        assert not [each for each in given if each.operation in WRITES and covers(each, kind, name)]


@pytest.mark.parametrize("creates", [True, False])
def test_who_does_not_make_topics_may_not_and_nobody_has_any_power_over_the_cluster(creates: bool) -> None:
    given = rights_of_writer("jjj", "sanhe", creates=creates)
    assert any(each.operation == rights.CREATE for each in given) is creates
    assert {each.kind for each in given} == {rights.TOPIC, rights.TRANSACTIONAL_ID}


def test_a_reader_reads_all_and_nothing_else() -> None:
    given = rights_of_reader("jjj", "auditor")
    assert {each.operation for each in given} == {rights.READ, rights.DESCRIBE}
    assert all(covers(each, rights.TOPIC, "jjj.binhai.credit") for each in given)
    assert not any(covers(each, rights.TOPIC, "jjjx.binhai.credit") for each in given)


@pytest.mark.parametrize(
    ("right", "reaches"),
    [
        (Right("anybody", rights.TOPIC, rights.LITERAL, "*", rights.WRITE), True),
        (Right("anybody", rights.TOPIC, rights.PREFIXED, "j", rights.WRITE), True),
        (Right("anybody", rights.TOPIC, rights.PREFIXED, "", rights.WRITE), True),
        (Right("anybody", rights.TRANSACTIONAL_ID, rights.LITERAL, "jjj.sanhe.writer", rights.WRITE), True),
        (Right("sanhe", rights.CLUSTER, rights.LITERAL, "kafka-cluster", rights.CREATE), True),
        (Right("sanhe", rights.TOPIC, rights.PREFIXED, "jjj.sanhe.", rights.WRITE, "10.0.0.1"), True),
        (Right("anybody", rights.TOPIC, rights.PREFIXED, "weather", rights.WRITE), False),
        (Right("anybody", rights.GROUP, rights.LITERAL, "*", rights.READ), False),
        (Right("anybody", rights.CLUSTER, rights.LITERAL, "kafka-cluster", rights.CREATE), False),
    ],
)
def test_what_is_beyond_the_file_is_told_if_it_reaches_us(right: Right, reaches: bool) -> None:
    wanted = rights_of_writer("jjj", "sanhe", creates=False)
    assert surplus({*wanted, right}, wanted, "jjj") == ([right] if reaches else [])


@pytest.mark.parametrize("name", ["", "*", "San He", "a.b"])
def test_only_a_jurisdiction_is_given_anything(name: str) -> None:
    with pytest.raises(BadTopic):
        rights_of_writer("jjj", name, creates=False)


def test_a_right_is_told_in_words() -> None:
    said = {str(each) for each in rights_of_writer("jjj", "sanhe", creates=True)}
    assert "sanhe: create topic jjj.sanhe.…" in said
    assert "sanhe: write transactional id jjj.sanhe.…" in said
