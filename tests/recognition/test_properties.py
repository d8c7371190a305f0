"""What must hold for any facts whatever (DESIGN §8, law 7): never green without proof, never red without proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reasons.at_counter import AT_COUNTER
from gateway.recognition.checks import LAST_KNOWN, Result
from gateway.recognition.facts import CreditLog, Facts, LogFacts, Origin
from gateway.recognition.verdict import Verdict, judge
from tests.recognition.desk import Asked, Event, asked, credit_logs, fact, successor
from tests.recognition.situation import STALE
from tests.trust.papers import agreement


def judged(case: Asked) -> Verdict:
    return judge(case.question(), case.facts())


VERBS = ["issued", "changed", "resumed", "suspended", "annulled", "cancelled", "expired", "transferred_out", "revoked"]
VERBS += ["transferred_in", "objected", "objection_closed", "retracted", "erased"]
days = st.sampled_from(["2024-03-01", "2026-05-01", "2026-11-23", "2026-12-31"])
events = st.builds(
    Event,
    st.sampled_from(VERBS),
    days,
    valid_from=days,
    valid_to=st.none() | days,
    items=st.just(()) | st.tuples(st.tuples(st.just("示例项目"), st.none() | days)),
    erased=st.sampled_from([False, False, False, True]),
)
logs: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "age_s": st.sampled_from([4.0, 4.0, 3700.0, 90_000.0, None]),
        "lacking": st.sampled_from([False, False, True]),
        "frozen": st.sampled_from([False, False, False, True]),
        "unread": st.integers(0, 1),
    }
)
facts_ = st.builds(
    fact,
    st.sampled_from(["dishonest_list", "penalty", "honour"]),
    st.sampled_from(["in_force", "in_force", "repaired", "ended", "withdrawn", "retracted", "erased"]),
    objected=st.booleans(),
)
cases = st.builds(
    asked,
    history=st.lists(events, max_size=4).map(tuple),
    as_of=days,
    log=logs,
    matches=st.sampled_from([0, 0, 0, 2]),
    quarantined=st.lists(st.integers(0, 5), max_size=1).map(tuple),
    asking=st.sampled_from(["tongzhou", "tongzhou", "sanhe"]),
    record=st.fixed_dictionaries(
        {
            "carried": st.booleans(),
            "witnesses": st.sampled_from([frozenset(), frozenset({"dachang"})]),
            "signature_fault": st.sampled_from([None, None, "key.revoked"]),
            "issuer_fault": st.sampled_from([None, None, "issuer.not_in_roster"]),
            "log_fault": st.sampled_from([None, None, "leaf.altered"]),
        }
    ),
    successors=st.lists(
        st.builds(
            successor,
            st.sampled_from(["sanhe", "dachang"]),
            transfer=st.booleans(),
            state=st.sampled_from(["01", "03"]),
            retracted=st.booleans(),
            unread_above=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    came_from=st.none() | st.builds(Origin, st.booleans(), st.integers(0, 1)),
    credit=st.builds(
        lambda facts, known, both: credit_logs(*facts, **known)[: 2 if both else 1],
        st.lists(facts_, max_size=2),
        logs,
        st.booleans(),
    ),
    agreement=st.fixed_dictionaries(
        {"witnesses": st.integers(0, 2), "carried": st.booleans(), "freshness_s": st.sampled_from([3, 86_400])}
    ),
    catalogue=st.fixed_dictionaries({"volatile": st.booleans(), "irreversible": st.sampled_from([[], ["03", "07"]])}),
    trust_age_d=st.sampled_from([None, None, 2, 8]),
    own_clock_slow=st.sampled_from([False, False, False, True]),
)


@given(cases)
def test_recognised_means_that_every_check_passes(case: Asked) -> None:
    verdict = judged(case)
    results = {check.result for check in verdict.checks}
    expected = "not_recognised" if "FAIL" in results else "indeterminate" if "UNKNOWN" in results else "recognised"
    assert verdict.verdict == expected
    assert (verdict.headline.zh == "予以互认") == (results == {Result.PASS})


@given(cases)
def test_every_reason_that_can_be_told_has_its_sentences(case: Asked) -> None:
    verdict = judged(case)
    told_reasons = {check.reason for check in verdict.checks} | {remark.reason for remark in verdict.warnings}
    assert told_reasons <= AT_COUNTER.keys() | {"key.revoked", "issuer.not_in_roster"}


def stale(each: LogFacts) -> LogFacts:
    return replace(each, age_s=STALE["age_s"])


def silenced(facts: Facts) -> Facts:
    """The same facts, with every log last heard of over a day ago."""
    return replace(
        facts,
        logs=tuple(stale(each) for each in facts.logs),
        successors=tuple(replace(other, log=stale(other.log)) for other in facts.successors),
        credit=tuple(CreditLog(stale(each.log), each.facts, each.unread) for each in facts.credit),
    )


@given(cases)
def test_silence_never_turns_a_verdict_green_nor_a_check(case: Asked) -> None:
    before = judge(case.question(), case.facts())
    after = judge(case.question(), silenced(case.facts()))
    assert after.verdict != "recognised"
    for check in after.checks:
        assert check.result is not Result.PASS or before.check(check.name).result is Result.PASS


@given(cases)
def test_silence_leaves_no_red_that_could_be_undone(case: Asked) -> None:
    verdict = judge(case.question(), silenced(case.facts()))
    reversible = {check.reason for check in verdict.checks if check.result is Result.FAIL and not check.final}
    assert reversible & LAST_KNOWN.keys() == set()


@given(cases)
def test_silence_makes_no_new_red(case: Asked) -> None:
    before = judge(case.question(), case.facts())
    after = judge(case.question(), silenced(case.facts()))
    for check in after.checks:
        assert check.result is not Result.FAIL or before.check(check.name).result is Result.FAIL


@given(cases)
def test_what_is_repaired_ended_or_taken_back_appears_nowhere(case: Asked) -> None:
    hidden = replace(case, credit=tuple(_gone(each) for each in case.credit))
    bare = replace(case, credit=tuple(CreditLog(each.log, (), each.unread) for each in case.credit))
    assert judged(hidden) == replace(judged(bare), question=judged(hidden).question)


def _gone(each: CreditLog) -> CreditLog:
    states = ("repaired", "ended", "withdrawn", "retracted", "erased")
    return CreditLog(each.log, tuple(fact(state=state) for state in states), each.unread)


@given(cases)
def test_a_leaf_that_cannot_be_read_is_never_green(case: Asked) -> None:
    unread = replace(case, quarantined=(99,))
    assert judged(unread).verdict != "recognised"


@given(cases)
def test_a_final_red_outlives_silence(case: Asked) -> None:
    final = {check.name for check in judged(case).checks if check.final}
    after = judge(case.question(), silenced(case.facts()))
    assert final <= {check.name for check in after.checks if check.result is Result.FAIL}

# Whatever takes proof away


def with_logs(facts: Facts, **known: Any) -> Facts:
    """The same facts, the source's logs in another condition."""
    return replace(facts, logs=tuple(replace(each, **known) for each in facts.logs))


WORSE: dict[str, Callable[[Facts], Facts]] = {
    "never heard": lambda facts: with_logs(facts, age_s=None),
    "older than a day": lambda facts: with_logs(facts, age_s=STALE["age_s"]),
    "holds more than it gives": lambda facts: with_logs(facts, lacking=True),
    "forked": lambda facts: with_logs(facts, frozen=True),
    "the own clock behind": lambda facts: replace(facts, own_clock_slow=True),
    "trust data a week old": lambda facts: replace(facts, trust_age_s=8 * 86_400.0),
    "an unread leaf above": lambda facts: replace(facts, quarantined=(99,)),
    # A frozen log stays: what it hides is doubtful, and to forget that would be news, not a lack.
    "no log at all": lambda facts: replace(facts, logs=tuple(each for each in facts.logs if each.frozen)),
}


@pytest.mark.parametrize("name", WORSE)
@given(case=cases)
def test_what_takes_proof_away_leaves_nothing_green_and_makes_nothing_red(name: str, case: Asked) -> None:
    before = judge(case.question(), case.facts())
    after = judge(case.question(), WORSE[name](case.facts()))
    assert after.verdict != "recognised"
    for check in after.checks:
        assert check.result is not Result.FAIL or before.check(check.name).result is Result.FAIL, check


@given(cases)
def test_one_more_agreement_takes_no_recognition_away(case: Asked) -> None:
    before = judged(case)
    more = replace(case.facts().agreements, agreements=(*case.facts().agreements.agreements, *strict()))
    after = judge(case.question(), replace(case.facts(), agreements=more))
    assert before.verdict != "recognised" or after.verdict == "recognised"


def strict() -> Any:
    return asked(agreements=(agreement(id="2099-999", witnesses=9),)).facts().agreements.agreements


@given(cases)
def test_a_fact_that_no_agreement_names_changes_no_check(case: Asked) -> None:
    named = {term.kind for each in case.facts().agreements.agreements for term in each.credit}
    told = tuple(CreditLog(each.log, (*each.facts, fact("penalty")), each.unread) for each in case.credit)
    assert "penalty" not in named
    assert judged(replace(case, credit=told)).checks == judged(case).checks
