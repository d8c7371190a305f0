"""A proposal is one file that travels by mail: it comes back as it went, or is refused; nothing in it is unsigned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import CannotRun, Refused
from gateway.repository import proposals, signatures
from gateway.repository.enacting import publish
from gateway.repository.proposals import Proposal
from tests.repository.cities import FOUR, NOW, SIX, Cities, documents, roster

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def reason(content: bytes) -> str | None:
    try:
        proposals.read(content)
    except Refused as refused:
        return refused.reason
    return None


def altered(signed: Proposal, /, **members: Any) -> bytes:
    document = json.loads(proposals.written(signed)) | members
    return json.dumps({name: value for name, value in document.items() if value is not ...}).encode()


def test_a_proposal_comes_back_as_it_was_written(begun: Cities) -> None:
    for proposal in (begun.first(), begun.propose(roster()), begun.propose(charter=begun.charter(threshold=5))):
        again = proposals.read(proposals.written(proposal))
        assert again == proposal
        assert (again.payloads, again.digest) == (proposal.payloads, proposal.digest)


def test_white_space_of_the_file_changes_nothing_that_is_signed(begun: Cities) -> None:
    proposal = begun.propose(roster())
    again = proposals.read(json.dumps(json.loads(proposals.written(proposal)), indent=8).encode())
    begun.publish(again, *FOUR)
    assert begun.client().read()["roster.json"] == roster()["roster.json"]


def test_a_file_swapped_in_a_proposal_that_was_signed_is_refused_and_named(begun: Cities) -> None:
    proposal = begun.propose(roster())
    given = begun.signed(proposal, *FOUR)
    other = roster(jurisdictions__1__keys__0__not_after="2099-12-31T23:59:59Z")["roster.json"].decode()
    files = {path: content.decode() for path, content in proposal.files.items()}
    swapped = altered(proposal, files=files | {"roster.json": other})
    with pytest.raises(Refused, match=r"roster\.json") as caught:
        proposals.read(swapped)
    assert caught.value.reason == "trust.target_swapped"
    # With hashes made to fit, the signatures are for other bytes.
    fitting = begun.propose({"roster.json": other.encode()})
    with pytest.raises(Refused, match=r"trust\.signature_other"):
        publish(begun.repository, fitting, given, [begun.online], now=NOW)


@pytest.mark.parametrize(
    "members",
    [
        {"proposal": 2},
        {"proposal": True},
        {"more": 1},
        {"targets": ...},
        {"files": ...},
        {"files": []},
        {"files": {"../../etc/passwd": "x"}},
        {"files": {"schemas/../roster.json": "x"}},
        {"base": {"root": {"version": 1, "sha256": "A" * 64}}},
        {"root": "{}"},
        {"targets": "{}"},
        {"targets": 3},
        {"targets": '{"_type":"targets","x":"\ud800"}'},
    ],
)
def test_what_is_no_proposal_is_refused(begun: Cities, members: dict[str, Any]) -> None:
    assert reason(altered(begun.propose(roster()), **members)) == "trust.form"


def test_metadata_that_say_more_than_their_files_are_refused(begun: Cities) -> None:
    proposal = begun.propose(charter=begun.charter(threshold=5))
    targets, root = (json.loads(proposal.payloads[role]) for role in ("targets", "root"))
    for role, document in (
        ("targets", targets | {"delegations": {"keys": {}, "roles": []}}),
        ("targets", targets | {"note": "x"}),
        ("targets", targets | {"version": targets["version"] + 0.5}),
        ("root", root | {"note": "x"}),
        ("root", root | {"consistent_snapshot": False}),
        ("root", root | {"roles": root["roles"] | {"targets": {"keyids": [], "threshold": 1}}}),
        ("root", root | {"roles": root["roles"] | {"mirrors": root["roles"]["root"]}}),
        ("root", root | {"keys": {}}),
        ("root", root | {"keys": root["keys"] | {"0" * 64: next(iter(root["keys"].values()))}}),
    ):
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert reason(altered(proposal, **{role: text})) == "trust.form", document.keys()


def test_one_jurisdiction_with_two_keys_could_outvote_the_others_and_is_refused(begun: Cities) -> None:
    proposal = begun.propose(charter=begun.charter(threshold=5))
    text = proposal.payloads["root"].decode().replace('"x-jjj-jurisdiction":"sanhe"', '"x-jjj-jurisdiction":"binhai"')
    assert reason(altered(proposal, root=text)) == "trust.charter"


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"file\.unreadable"):
        proposals.read_from(tmp_path / "none.json")
    with pytest.raises(CannotRun, match=r"file\.unreadable"):
        signatures.read_from(tmp_path / "none.json")


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rubbish=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_rubbish_is_refused_and_raises_nothing_else(rubbish: bytes) -> None:
    for read in (proposals.read, signatures.read):
        with pytest.raises(Refused):
            read(rubbish)


GOOD = json.loads(proposals.written(Cities(Path()).first()))


@settings(max_examples=80, deadline=None)
@given(
    member=st.sampled_from(["proposal", "base", "root", "targets", "files"]),
    value=JSON | st.dictionaries(st.sampled_from(sorted(documents())), JSON, max_size=5),
)
def test_a_good_proposal_with_one_member_replaced_is_refused(member: str, value: Any) -> None:
    content = json.dumps(GOOD | {member: value}).encode()
    if member == "proposal" and value == 1 and value is not True:
        return
    with pytest.raises(Refused):
        proposals.read(content)


@settings(max_examples=120, deadline=None)
@given(place=st.integers(0, 10**9), byte=st.integers(0, 255))
def test_one_byte_of_a_proposal_changed_is_refused_or_says_the_same(place: int, byte: int) -> None:
    content = bytearray(json.dumps(GOOD).encode())
    content[place % len(content)] = byte
    try:
        found = proposals.read(bytes(content))
    except Refused:
        return
    assert found.base is None
    assert found.digest == proposals.read(json.dumps(GOOD).encode()).digest or found.root is not None


def test_a_signature_comes_back_as_it_was_written(begun: Cities) -> None:
    for made in begun.signed(begun.propose(roster()), *SIX):
        assert signatures.read(signatures.written(made)) == made


def test_a_signers_file_is_called_after_proposal_and_key(begun: Cities) -> None:
    (made,) = begun.signed(begun.propose(roster()), "sanhe")
    assert signatures.beside(Path("box/p.json"), made) == Path(f"box/p.json.{made.keyid[:8]}.sig.json")


@pytest.mark.parametrize(
    "members", [{"signature": 2}, {"keyid": "x"}, {"targets": "00"}, {"root": "z" * 128}, {"more": 1}, {"proposal": ""}]
)
def test_what_is_no_signers_file_is_refused(begun: Cities, members: dict[str, Any]) -> None:
    (made,) = begun.signed(begun.propose(roster()), "sanhe")
    content = json.dumps(json.loads(signatures.written(made)) | members).encode()
    with pytest.raises(Refused, match=r"trust\.form"):
        signatures.read(content)
