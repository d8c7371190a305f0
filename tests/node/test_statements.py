"""What an owner has signed about its log's size, and which two statements can't both be true (law 8)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.evidencefile import ROLLBACK, Clash
from gateway.ledger.logbook import INDEX_MASK
from gateway.node import statements
from gateway.node.statements import MOST_AHEAD, Heard, Statement
from gateway.trust.trusted import TrustData, load
from tests.handmade import HandMade
from tests.node.parts import feed, following
from tests.simulator import World

ORIGIN = "jjj.test/sanhe/licence"
NOW = 1_795_400_000


@pytest.fixture
def trust(world: World) -> TrustData:
    return load(world.folder / "tongzhou" / "trust")


def read(note: bytes, trust: TrustData) -> Statement:
    return statements.read(note, ORIGIN, "sanhe", "licence", trust)


def sealed(log: HandMade, size: int, root: bytes = bytes(32), date: int = NOW) -> bytes:
    pair = log.keys.logs[log.family]
    return checkpoint.sign(Checkpoint(log.origin, size, root), pair.log, pair.heartbeat, date)


def reason(note: bytes, trust: TrustData) -> str:
    with pytest.raises(Refused) as refused:
        read(note, trust)
    return refused.value.reason


def test_a_statement_is_the_owners_own_and_dated(world: World, trust: TrustData) -> None:
    note = sealed(world.log_of("sanhe"), 7)
    assert read(note, trust) == Statement(ORIGIN, 7, bytes(32), NOW, note)


def test_whose_log_it_is_is_for_us_to_say(world: World, trust: TrustData) -> None:
    assert reason(sealed(world.log_of("tongzhou"), 7), trust) == "checkpoint.origin"
    assert reason(sealed(world.log_of("sanhe", "credit"), 7), trust) == "checkpoint.origin"


def test_a_line_of_another_key_is_no_statement(world: World, trust: TrustData) -> None:
    ours, theirs = world.log_of("sanhe").keys.logs["licence"], world.log_of("sanhe").keys.logs["credit"]
    text = Checkpoint(ORIGIN, 7, bytes(32)).text()
    undated = text + b"\n" + checkpoint.cosign(text, ours.heartbeat, NOW)
    assert reason(undated, trust) == "key.unknown"
    full = sealed(world.log_of("sanhe"), 7)
    assert reason(b"\n".join(full.split(b"\n")[:-2]) + b"\n", trust) == "checkpoint.no_date"
    assert theirs.log.name != ORIGIN


def test_an_altered_byte_is_no_statement(world: World, trust: TrustData) -> None:
    note = sealed(world.log_of("sanhe"), 7)
    assert reason(note.replace(b"\n7\n", b"\n8\n"), trust) == "signature.invalid"


def test_a_key_is_judged_at_the_date_that_it_states(world: World, trust: TrustData) -> None:
    assert reason(sealed(world.log_of("sanhe"), 7, date=1_000_000_000), trust) == "key.early"


def test_more_leaves_than_a_node_can_hold_are_no_statement(world: World, trust: TrustData) -> None:
    assert read(sealed(world.log_of("sanhe"), INDEX_MASK), trust).size == INDEX_MASK
    assert reason(sealed(world.log_of("sanhe"), INDEX_MASK + 1), trust) == "checkpoint.form"


# Contradictions


@pytest.mark.parametrize(
    ("size", "root", "later", "found"),
    [
        (3, "own", 0, None),
        (3, "own", 50, None),
        (2, "own", 0, None),
        (2, "own", 1, "log.rollback"),  # a later date on a smaller tree
        (3, "other", 0, "log.fork"),  # two roots at one size
        (2, "other", -100, "log.fork"),  # a tree that ours does not extend
        (1, "other", -100, "log.fork"),  # of a size that was never sealed
        (4, "other", 0, None),
        (4, "other", -1, "log.rollback"),  # a larger tree, dated before the smaller one
        (0, "empty", -200, None),
        (0, "empty", -199, "log.rollback"),
    ],
)
async def test_statements_against_a_verified_tree(
    world: World, size: int, root: str, later: int, found: str | None
) -> None:
    log = world.log_of("sanhe")
    log.add(*(log.entry(log.fresh()) for _ in range(3)))
    seals = [log.seal(size=1, date=NOW - 200), log.seal(size=3, date=NOW)]
    roots = {"own": log.tree(size).root(), "other": bytes(32), "empty": log.tree(0).root()}
    said = Statement(ORIGIN, size, roots[root], NOW + later, b"said")
    async with following(world, "sanhe") as follower:
        await feed(follower, log.message(0, seals[0]), log.message(1), log.message(2, seals[1]))
        assert follower.log.size == 3
        answer = statements.contradiction(follower.parts.mirrors.read, follower.log, said)
    assert (None if answer is None else answer.reason) == found
    if answer is not None:
        assert {answer.first, answer.second} - {said.note} <= {*seals}


def said(size: int, date: int, root: int = 0) -> Statement:
    return Statement(ORIGIN, size, bytes([root]) * 32, date, b"%d %d %d" % (size, date, root))


def conflict(one: Statement, other: Statement) -> bool:
    """Whether two statements can't both be true, as DESIGN law 8 has it."""
    if one.size == other.size:
        return one.root != other.root
    smaller, larger = sorted((one, other), key=lambda each: each.size)
    return smaller.date > larger.date


@settings(max_examples=300)
@given(
    pairs=st.lists(st.tuples(st.integers(1, 6), st.integers(NOW, NOW + 6), st.integers(0, 1)), min_size=2, max_size=6)
)
def test_no_order_of_arrival_hides_that_two_statements_conflict(pairs: list[tuple[int, int, int]]) -> None:
    """Of trees that are not verified yet. A pair of the same size and root is one statement, dated anew."""
    heard, seen = Heard(), []
    for statement in (said(*pair) for pair in pairs):
        found = heard.contradiction(statement)
        if found is not None:
            assert any(conflict(statement, earlier) and earlier.note in (found.first, found.second) for earlier in seen)
            return
        heard.keep(statement, held=0)
        seen.append(statement)
    assert not any(one.root != other.root and one.size == other.size for one, other in itertools.combinations(seen, 2))
    first = {statement.size: statement for statement in reversed(seen)}
    assert not any(conflict(one, other) for one, other in itertools.combinations(first.values(), 2))


def test_the_latest_word_is_remembered_also_of_a_tree_that_is_held() -> None:
    heard = Heard()
    heard.keep(said(3, NOW + 60), held=3)
    assert heard.contradiction(said(4, NOW + 59)) == Clash(ROLLBACK, said(3, NOW + 60).note, said(4, NOW + 59).note)
    assert heard.contradiction(said(4, NOW + 60)) is None


def test_what_was_said_of_a_tree_comes_due_when_the_tree_is_held() -> None:
    heard = Heard()
    for size in (9, 4, 5):
        heard.keep(said(size, NOW), held=3)
    assert [statement.size for statement in heard.due(5)] == [4, 5]
    assert [statement.size for statement in heard.due(9)] == [9]


def test_room_for_statements_is_bounded_and_the_nearest_stay() -> None:
    heard = Heard()
    for size in range(1, 3 * MOST_AHEAD):
        heard.keep(said(size, NOW), held=0)
    assert [statement.size for statement in heard.due(10_000)] == list(range(1, MOST_AHEAD + 1))
