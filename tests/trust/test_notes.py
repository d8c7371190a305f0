"""Signed notes: published ones open, and bytes of any other shape are refused with their reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.trust import notes
from gateway.trust.notes import Note
from gateway.trust.suites import VerifierKey
from tests.trust.signers import cosigner, keys, outcome, signer

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "signed_notes.json").read_bytes())
TONGZHOU = signer("jjj.example/tongzhou")
SANHE = signer("jjj.example/sanhe")
WITNESS = cosigner("jjj.example/sanhe/witness")
TEXT = '{"name":"示例甲食品有限公司"}\n'.encode()
NOTE = notes.sign(TEXT, TONGZHOU)
LINE = NOTE[len(TEXT) + 1 :]
TEXTS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters=[*map(chr, range(32))]), max_size=60
)


def reason(note: bytes, max_lines: int = 16, max_size: int | None = None) -> str:
    with pytest.raises(Refused) as caught:
        notes.parse(note, max_lines, max_size=max_size)
    return caught.value.reason


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["source"] for vector in VECTORS])
def test_published_notes_open(vector: dict[str, list[str]]) -> None:
    note = notes.parse(str(vector["note"]).encode(), 16)
    known = [VerifierKey.parse(text) for text in vector["keys"]]
    verified = notes.verify(note, {(key.name, key.key_id): key for key in known})
    assert [found.key for found in verified] == known
    assert [found.time for found in verified] == vector["times"]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["source"] for vector in VECTORS])
def test_published_notes_do_not_open_with_a_letter_changed(vector: dict[str, list[str]]) -> None:
    text, _, lines = str(vector["note"]).encode().rpartition(b"\n\n")
    changed = notes.parse(bytes([text[0] ^ 1]) + text[1:] + b"\n\n" + lines, 16)
    for key in map(VerifierKey.parse, vector["keys"]):
        with pytest.raises(Refused, match=r"signature\.invalid"):
            notes.verify(changed, {(key.name, key.key_id): key})


def test_a_note_is_taken_apart_and_nothing_is_lost() -> None:
    note = notes.parse(notes.sign(TEXT, TONGZHOU, SANHE), 16)
    assert note.text == TEXT
    assert [(line.name, line.key_id) for line in note.lines] == list(keys(TONGZHOU, SANHE))
    assert [line.payload for line in note.lines] == [TONGZHOU.sign(TEXT), SANHE.sign(TEXT)]
    assert note.text + b"\n" + b"".join(line.raw for line in note.lines) == notes.sign(TEXT, TONGZHOU, SANHE)


def test_the_last_blank_line_separates() -> None:
    text = b"first\n\nsecond\n\n"
    note = notes.parse(notes.sign(text, TONGZHOU), 16)
    assert note.text == text
    assert len(notes.verify(note, keys(TONGZHOU))) == 1


@given(st.lists(TEXTS, min_size=1), st.integers(1, 4))
def test_every_text_goes_round(parts: list[str], count: int) -> None:
    text = "\n".join(parts).encode() + b"\n"
    note = notes.parse(notes.sign(text, *[TONGZHOU] * count), 4)
    assert note.text == text
    assert len(notes.verify(note, keys(TONGZHOU))) == count


BAD = {
    "empty": (b"", "note.form"),
    "text alone": (TEXT, "note.form"),
    "no signature line": (TEXT + b"\n", "note.form"),
    "no text": (LINE, "note.form"),
    "no text but its separator": (b"\n" + LINE, "note.form"),
    "no blank line": (TEXT + LINE, "note.form"),
    "no final newline": (NOTE[:-1], "note.form"),
    "a second final newline": (NOTE + b"\n", "note.form"),
    "a line of another kind below": (NOTE + b"Unexpected line.\n", "note.form"),
    "carriage returns": (NOTE.replace(b"\n", b"\r\n"), "note.form"),
    "a control character in the text": (b"\x01" + NOTE, "note.form"),
    "a tab in the text": (b"\t" + NOTE, "note.form"),
    "not UTF-8": (b"\xff" + NOTE, "note.form"),
    "a surrogate in UTF-8": (b"\xed\xa0\x80" + NOTE, "note.form"),
    "hyphen for dash": (NOTE.replace("—".encode(), b"-"), "note.form"),
    "en dash for dash": (NOTE.replace("—".encode(), "–".encode()), "note.form"),
    "two spaces": (NOTE.replace("— ".encode(), "—  ".encode()), "note.name"),
    "no space after the dash": (NOTE.replace("— ".encode(), "—".encode()), "note.form"),
    "no signature": (TEXT + "\n— jjj.example/tongzhou\n".encode(), "note.form"),
    "empty signature": (TEXT + "\n— jjj.example/tongzhou \n".encode(), "note.form"),
    "a key id alone": (TEXT + "\n— jjj.example/tongzhou AAAAAA==\n".encode(), "note.form"),
    "a plus in the name": (NOTE.replace(b"/tongzhou ", b"+tongzhou "), "note.name"),
    "a wide space in the name": (NOTE.replace(b"/tongzhou ", "/通　州 ".encode()), "note.name"),
    "a space in the name": (NOTE.replace(b"/tongzhou ", b"/tong zhou "), "note.base64"),
    "a space at the end": (NOTE[:-1] + b" \n", "note.base64"),
    "no padding": (NOTE.replace(b"=\n", b"\n"), "note.base64"),
    "base64 for URLs": (TEXT + "\n— a ____AAAA\n".encode(), "note.base64"),
    "bits after the end": (TEXT + "\n— a AAAAAAB=\n".encode(), "note.base64"),
}


@pytest.mark.parametrize(("note", "why"), BAD.values(), ids=BAD)
def test_other_shapes_are_refused(note: bytes, why: str) -> None:
    assert reason(note) == why


def test_the_smallest_payload_and_the_smallest_text_are_taken() -> None:
    note = notes.parse("\n\n— a AAAAAAA=\n".encode(), 1)
    assert (note.text, note.lines[0].key_id, note.lines[0].payload) == (b"\n", bytes(4), b"\x00")


def test_limits_are_the_last_values_that_are_taken() -> None:
    many = notes.sign(TEXT, *[TONGZHOU] * 16)
    assert len(notes.parse(many, 16, max_size=len(many)).lines) == 16
    assert reason(many, 15) == "note.lines"
    assert reason(many, 16, len(many) - 1) == "note.size"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_note_or_a_refusal(data: bytes) -> None:
    for note in (data, TEXT + b"\n" + data, NOTE + data, data + NOTE, TEXT + "\n— ".encode() + data + b"\n"):
        found = outcome(notes.parse, note, 16)
        assert isinstance(found, Note) or str(found).startswith("note.")


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_be_changed(place: int, mask: int) -> None:
    """The note is refused, or no longer counts as signed by the key; it never opens as something else."""
    changed = NOTE[:place] + bytes([NOTE[place] ^ mask]) + NOTE[place + 1 :]
    found = outcome(notes.parse, changed, 16)
    if isinstance(found, Note):
        assert outcome(notes.verify, found, keys(TONGZHOU)) in ((), "signature.invalid")
    else:
        assert str(found).startswith("note.")


def test_unknown_keys_are_passed_over() -> None:
    note = notes.parse(notes.sign(TEXT, SANHE, TONGZHOU), 16)
    assert [found.line.name for found in notes.verify(note, keys(TONGZHOU))] == [TONGZHOU.name]
    assert notes.verify(note, {}) == ()


def test_a_name_or_an_id_alone_is_no_known_key() -> None:
    other = signer(TONGZHOU.name, "another key of the same name")
    assert notes.verify(notes.parse(notes.sign(TEXT, other), 16), keys(TONGZHOU)) == ()
    line = notes.line("jjj.example/someone", TONGZHOU.key.key_id, TONGZHOU.sign(TEXT))
    assert notes.verify(notes.parse(TEXT + b"\n" + line, 16), keys(TONGZHOU)) == ()


def test_a_known_key_that_fails_fails_the_note() -> None:
    wrong = notes.line(SANHE.name, SANHE.key.key_id, SANHE.sign(b"another text\n"))
    for note in (notes.sign(TEXT, TONGZHOU) + wrong, TEXT + b"\n" + wrong + LINE):
        with pytest.raises(Refused, match=r"signature\.invalid"):
            notes.verify(notes.parse(note, 16), keys(TONGZHOU, SANHE))
        assert len(notes.verify(notes.parse(note, 16), keys(TONGZHOU))) == 1


def test_a_key_may_sign_twice_and_both_lines_must_hold() -> None:
    def cosigned(*times: int) -> bytes:
        lines = [notes.line(WITNESS.name, WITNESS.key.key_id, WITNESS.cosign(TEXT, time)) for time in times]
        return TEXT + b"\n" + b"".join(lines)

    verified = notes.verify(notes.parse(cosigned(1795400000, 1795400600), 16), keys(WITNESS))
    assert [found.time for found in verified] == [1795400000, 1795400600]
    second_fails = cosigned(1795400000) + notes.line(
        WITNESS.name, WITNESS.key.key_id, bytes([0] * 7 + [9] * 65)
    )
    with pytest.raises(Refused, match=r"signature\.invalid"):
        notes.verify(notes.parse(second_fails, 16), keys(WITNESS))


def test_the_key_chooses_the_algorithm() -> None:
    """A plain signature under the id of a cosigning key is no cosignature, and the other way round."""
    plain = notes.line(WITNESS.name, WITNESS.key.key_id, TONGZHOU.sign(TEXT))
    dated = notes.line(TONGZHOU.name, TONGZHOU.key.key_id, WITNESS.cosign(TEXT, 1795400000))
    for line in (plain, dated):
        with pytest.raises(Refused, match=r"signature\.invalid"):
            notes.verify(notes.parse(TEXT + b"\n" + line, 16), keys(TONGZHOU, WITNESS))


@pytest.mark.parametrize(
    ("name", "key_id", "payload"), [("a b", bytes(4), b"x"), ("a", b"", b"x"), ("a", bytes(4), b"")]
)
def test_no_line_is_written_that_no_reader_would_take(name: str, key_id: bytes, payload: bytes) -> None:
    with pytest.raises(ValueError, match="make no line"):
        notes.line(name, key_id, payload)


def test_no_text_is_signed_without_its_newline() -> None:
    with pytest.raises(ValueError, match="newline"):
        notes.sign(b"text", TONGZHOU)
