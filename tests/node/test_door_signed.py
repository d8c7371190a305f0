"""What an authority has signed comes in as its own bytes, or is signed here for it; and a key that was revoked signs
nothing (DESIGN §3b, §7, §9; laws 1 and 5).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import CannotRun, Refused
from gateway.node import rejudge
from gateway.node.door import Draft, Receipt
from gateway.node.keyplace import KeyPlace
from gateway.node.nodekeys import KeyFolder
from gateway.trust import keyfiles, notes
from gateway.trust.suites import Ed25519Signer
from gateway.trust.trusted import load
from tests.handmade import HandMade
from tests.node.parts import draft, publishing
from tests.records import builders
from tests.simulator import FAMILIES, NETWORK, World

NOW = int(time.time())
WINDOW = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}
NAME = f"{NETWORK}/sanhe/authority/{builders.ISSUER}"
REVOKED = {"at": "2021-01-01", "reason": "示例", "good_below": {f"{NETWORK}/sanhe/licence": 1000}}


@pytest.fixture
def own(world: World) -> Ed25519Signer:
    """The key of sanhe's authority, which the roster knows."""
    signer = Ed25519Signer(NAME, Ed25519PrivateKey.generate())
    enter(world, signer)
    return signer


def enter(world: World, signer: Ed25519Signer, **members: Any) -> None:
    key = {"role": "authority", "vkey": signer.key.text(), "families": list(FAMILIES), **WINDOW, **members}
    world.found(sanhe={"keys": [*world.member("sanhe")["keys"], key]})


def want_signatures(world: World) -> None:
    """The catalogue wants the issuer's own line on everything of sanhe's."""
    file = world.folder / "sanhe" / "trust" / "catalogue.json"
    catalogue = orjson.loads(file.read_bytes())
    for entry in catalogue["types"]:
        entry["authority_signed"] = {"sanhe": "2020-01-01"}
    file.write_bytes(orjson.dumps(catalogue))


@pytest.fixture
def log(world: World) -> HandMade:
    return world.log_of("sanhe")


def handed_in(line: bytes, *signers: Ed25519Signer) -> Draft:
    return Draft.parse({"signed": notes.sign(line + b"\n", *signers).decode()})


def said(receipts: Sequence[Receipt]) -> list[tuple[str, str]]:
    return [(receipt.status, receipt.reason) for receipt in receipts]


async def test_a_signed_line_is_logged_as_it_came_with_the_nodes_line_beside_it(
    world: World, own: Ed25519Signer, log: HandMade
) -> None:
    note = notes.sign(log.line(log.fresh()) + b"\n", own)
    want_signatures(world)
    async with publishing(world) as press:
        receipt = await press.one(Draft.parse({"signed": note.decode()}))
        assert (receipt.status, receipt.index) == ("logged", 0)
        (entry,) = press.entries()
        assert entry.startswith(note)
        assert [line.name for line in notes.parse(entry, 16).lines] == [NAME, f"{NETWORK}/sanhe"]


async def test_a_line_that_the_node_would_not_have_written_is_refused(
    world: World, own: Ed25519Signer, log: HandMade
) -> None:
    envelope = log.envelope(log.fresh())
    turned = orjson.dumps(dict(reversed(envelope.items())))
    elsewhere = orjson.dumps({**envelope, "source": "urn:jjj:tongzhou"})
    other = orjson.dumps({**envelope, "subject": "X99:1"})
    async with publishing(world) as press:
        for line in (turned, elsewhere, other):
            receipt = await press.one(handed_in(line, own))
            assert (receipt.status, receipt.reason) == ("refused", "signed.line")
        assert press.entries() == []


async def test_a_signature_that_proves_nothing_is_refused_and_not_passed_over(
    world: World, own: Ed25519Signer, log: HandMade
) -> None:
    stranger = Ed25519Signer(NAME, Ed25519PrivateKey.generate())
    forged = notes.line(NAME, own.key.key_id, own.sign(b"something else\n")).decode()
    line = log.line(log.fresh())
    async with publishing(world) as press:
        found = await press.publish(
            handed_in(line, stranger),
            handed_in(line, own, stranger),
            handed_in(line, own, log.keys.record),  # type: ignore[arg-type]
            Draft.parse({"signed": f"{line.decode()}\n\n{forged}"}),
        )
        assert said(found) == [("refused", "key.unknown")] * 3 + [("refused", "signature.invalid")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"signed": "no note"}, "note.form"),
        ({"signed": 7}, "draft.form"),
        ({"signed": "x", "id": builders.record_id(1)}, "draft.form"),
        ({"signed": "{}\n\n— a b\n"}, "note.base64"),
        ({"signed": "{}\n\n— a AAAAAAA=\n"}, "envelope.missing"),
        ({"signed": "\ud800"}, "note.form"),
    ],
)
def test_what_is_no_signed_record_says_why(value: object, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        Draft.parse(value)
    assert refused.value.reason == reason


async def test_the_same_again_is_a_duplicate_and_a_signature_more_is_not(
    world: World, own: Ed25519Signer, log: HandMade
) -> None:
    plain = Draft("jjj.licence.issued", log.fresh())
    async with publishing(world) as press:
        assert said(await press.publish(plain)) == [("logged", "")]
        first, again = (handed_in(log.line(plain.data), own) for _ in range(2))
        found = said(await press.publish(first, first, again, plain))
        assert found == [("logged", ""), *[("duplicate", "")] * 3]


async def test_a_node_signs_for_an_authority_whose_key_it_holds(world: World, own: Ed25519Signer) -> None:
    want_signatures(world)
    async with publishing(world) as press:
        assert said(await press.publish(draft(1))) == [("refused", "authority.unsigned")]
    async with publishing(world, authorities={builders.ISSUER: [own]}) as press:
        assert said(await press.publish(draft(1))) == [("logged", "")]
        assert [line.name for line in notes.parse(press.entries()[0], 16).lines] == [NAME, f"{NETWORK}/sanhe"]


async def test_a_revoked_key_signs_nothing_not_even_below_good_below(world: World, own: Ed25519Signer) -> None:
    enter(world, own, revoked=REVOKED)
    async with publishing(world, authorities={builders.ISSUER: [own]}) as press:
        assert said(await press.publish(draft(1))) == [("refused", "key.revoked")]
    keys = world.member("sanhe")["keys"]
    world.found(sanhe={"keys": [key | ({"revoked": REVOKED} if key["role"] == "record" else {}) for key in keys]})
    async with publishing(world) as press:
        assert said(await press.publish(draft(1))) == [("refused", "key.revoked")]


async def test_a_record_that_does_not_count_any_more_is_not_called_a_duplicate(world: World) -> None:
    """Its department must publish it anew under the new key; and may."""
    known = draft(1, id=builders.record_id(1))
    async with publishing(world) as press:
        assert (await press.one(known)).status == "logged"
    renewed = Ed25519Signer(f"{NETWORK}/sanhe", Ed25519PrivateKey.generate())
    revoked = {"revoked": {"at": "2039-01-01", "reason": "示例", "good_below": {}}}
    keys = [key | (revoked if key["role"] == "record" else {}) for key in world.member("sanhe")["keys"]]
    entered = {"role": "record", "vkey": renewed.key.text(), "families": list(FAMILIES), **WINDOW}
    world.found(sanhe={"keys": [*keys, entered]})
    trust = load(world.folder / "sanhe" / "trust")
    async with publishing(world, record=renewed) as press:
        await press.ledger.write(lambda connection: rejudge.rejudge(connection, trust))
        again = await press.one(known)
        assert (again.status, again.reason) == ("refused", "key.in_doubt")
        assert "--restate" in again.message
        assert (await press.one(draft(1))).status == "logged"


# The files


def test_the_keys_of_authorities_are_found_by_their_names_and_rotated(world: World) -> None:
    folder, uscc = world.folder / "sanhe" / "keys", builders.ISSUER
    keyfiles.generate(folder / f"authority-{uscc}.pem")
    keys, first = opened(world), keyfiles.load_signer(folder / f"authority-{uscc}.pem", NAME)
    (signs,) = keys.authorities(NOW)[uscc]
    assert signs.key == first.key, "what it would sign is refused by name, not left unsigned"
    assert keys.verdict.at(NOW)[0].name == f"{NETWORK}/sanhe/verdict"
    keyfiles.generate(folder / f"authority-{uscc}-2.pem")
    second = keyfiles.load_signer(folder / f"authority-{uscc}-2.pem", NAME)
    old = {"role": "authority", "vkey": first.key.text(), "families": ["licence"], **WINDOW}
    new = {**old, "vkey": second.key.text(), "not_before": "2026-06-01"}
    world.found(sanhe={"keys": [*world.member("sanhe")["keys"], old, new]})
    keys = opened(world)
    assert [key.key for key in keys.authorities(NOW)[uscc]] == [second.key]
    assert keys.authorities(1_767_225_600)[uscc][0].key == first.key, "before its window the old one signs"


def test_an_authoritys_key_is_refused_as_an_example_and_without_its_code(world: World) -> None:
    file = world.folder / "sanhe" / "keys" / f"authority-{builders.ISSUER}.pem"
    keyfiles.generate(file)
    with pytest.raises(CannotRun, match=r"key\.example"):
        opened(world, frozenset({keyfiles.load_signer(file, NAME).key.public}))
    keyfiles.generate(file.with_name("authority-4711.pem"))
    with pytest.raises(CannotRun, match="no unified social credit code"):
        opened(world)


def opened(world: World, refused: frozenset[bytes] = frozenset()) -> KeyFolder:
    folder = world.folder / "sanhe"
    origins = {family: f"{NETWORK}/sanhe/{family}" for family in FAMILIES}
    trust = load(folder / "trust")
    return KeyFolder.open(KeyPlace(folder / "keys", NETWORK, "sanhe", origins), lambda: trust.roster, refused)
