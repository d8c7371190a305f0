"""Compact form: every rule refuses by its own name, and the quick reader agrees with the plain one on anything."""

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.records import compact
from tests.records import builders, plain_reader

GOOD = [
    b"{}",
    b'{"a":1,"b":[true,false,{}],"c":""}',
    b'{"a":9007199254740991,"b":-9007199254740991,"c":0}',
    b'{"a":"\\"\\\\"}',
    b'{"data":{"remarks":"a\\n\\tb\\\\","content":"\\n"},"facts":"\\t"}',
    '{"名称":"京津冀〔2026〕17号　𠮷/"}'.encode(),
    b'{"a":' * 32 + b"1" + b"}" * 32,
    b'{"a":"' + b"[" * 200 + b'"}',
    b'{"a":"' + b"x" * (60_000 - 8) + b'"}',
]
BAD = [
    ("form.size", b'{"a":"' + b"x" * (60_001 - 8) + b'"}'),
    ("form.bom", b'\xef\xbb\xbf{"a":1}'),
    ("form.utf8", b'{"a":"\xff"}'),
    ("form.utf8", b'{"a":"\xed\xa0\x80"}'),
    ("form.utf8", b'{"a":"\xc0\x80"}'),
    ("form.depth", b'{"a":' * 33 + b"1" + b"}" * 33),
    ("form.depth", b"[" * 60_000),
    ("form.character", b'{"a":"\x00"}'),
    ("form.character", b'{"a":"\x1f"}'),
    ("form.character", b'{"a":"x\ny"}'),
    ("form.character", b'{"remarks":"x\ty"}'),
    ("form.character", '{"a":"\u202e"}'.encode()),
    ("form.character", '{"a":"12\u200b3"}'.encode()),
    ("form.character", '{"a":"\ufeff"}'.encode()),
    ("form.character", '{"a":"\uffff"}'.encode()),
    ("form.character", '{"a":"\x85"}'.encode()),
    ("form.character", '{"\u200b":1}'.encode()),
    ("form.white_space", b'{"a": 1}'),
    ("form.white_space", b'{"a":1}\n'),
    ("form.white_space", b'{\t"a":1}'),
    ("form.escape", b'{"a":"\\u0041"}'),
    ("form.escape", b'{"a":"\\ud800"}'),
    ("form.escape", b'{"a":"\\/"}'),
    ("form.escape", b'{"a":"\\n"}'),
    ("form.escape", b'{"content\\n":1}'),
    ("form.escape", b'{"content":["\\n"]}'),
    ("form.escape", b'{"remarks":"\\r"}'),
    ("form.number", b'{"a":1.0}'),
    ("form.number", b'{"a":1e3}'),
    ("form.number", b'{"a":-0}'),
    ("form.number", b'{"a":01}'),
    ("form.number", b'{"a":+1}'),
    ("form.number", b'{"a":9007199254740992}'),
    ("form.number", b'{"a":-9007199254740992}'),
    ("form.number", b'{"a":99999999999999999999}'),
    ("form.number", b'{"a":NaN}'),
    ("form.number", b'{"a":-Infinity}'),
    ("form.null", b'{"a":null}'),
    ("form.null", b"null"),
    ("form.duplicate_name", b'{"a":1,"a":1}'),
    ("form.duplicate_name", b'{"b":[{"a":1,"c":2,"a":3}]}'),
    ("form.not_object", b'["a"]'),
    ("form.not_object", b'"a"'),
    ("form.not_object", b"1"),
    ("form.json", b""),
    ("form.json", b'{"a":1'),
    ("form.json", b'{"a":"'),
    ("form.json", b'{"a":1}}'),
    ("form.json", b'{"a":1,}'),
    ("form.json", b"{'a':1}"),
    ("form.json", b'{"a":truefalse}'),
    ("form.json", b'{"a":[1 2]}'.replace(b" ", b"")[:-2] + b'"x"]}'),
    ("form.json", b'{"a":tru}'),
]


@pytest.mark.parametrize("line", GOOD)
def test_what_is_in_compact_form_is_read_as_it_stands(line: bytes) -> None:
    assert compact.parse(line) == orjson.loads(line) == plain_reader.read(line)


@pytest.mark.parametrize(("reason", "line"), BAD)
def test_what_is_not_is_refused_by_name(reason: str, line: bytes) -> None:
    with pytest.raises(Refused) as caught:
        compact.parse(line)
    assert caught.value.reason == reason
    assert caught.value.zh


@pytest.mark.parametrize(("_", "line"), BAD)
def test_the_plain_reader_refuses_the_same(_: str, line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 — any ValueError is its no
        plain_reader.read(line)


def test_a_refusal_says_where_and_in_which_member() -> None:
    with pytest.raises(Refused, match=r'at character 17 \(in member "note"\)') as caught:
        compact.parse(b'{"a":1,"note":"x\\u0000"}')
    assert caught.value.field == "note"


FRAGMENTS = st.sampled_from(
    [
        *('"', "\\", "\\n", "\\t", "{", "}", "[", "]", ":", ",", "-", "0", "1", ".", "e5", "9007199254740991"),
        *("true", "null", " ", '"content":', '"remarks":"', '"a":', "facts", "\u200b", "京", "\n", "\x7f"),
    ]
)
RECORD = builders.line("jjj.licence.issued", builders.whole_licence())


def verdicts(line: bytes) -> tuple[object, object]:
    """What the quick and the plain reader make of a line; None for a refusal."""
    try:
        quick: object = compact.parse(line)
    except Refused:
        quick = None
    try:
        plain: object = plain_reader.read(line)
    except ValueError:
        plain = None
    return quick, plain


@given(st.lists(FRAGMENTS, max_size=12))
@example(['"content":', '"', "\\n", '"'])
def test_readers_agree_on_scraps_of_json(scraps: list[str]) -> None:
    quick, plain = verdicts(('{"a":' + "".join(scraps) + "}").encode())
    assert quick == plain


@given(st.binary(max_size=40))
def test_readers_agree_on_any_bytes(line: bytes) -> None:
    quick, plain = verdicts(line)
    assert quick == plain


@given(st.data())
def test_readers_agree_on_a_record_with_one_place_altered(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(RECORD) - 1))
    width = data.draw(st.integers(0, 3))
    scrap = data.draw(FRAGMENTS | st.characters()).encode("utf-8", "surrogatepass")
    quick, plain = verdicts(RECORD[:at] + scrap + RECORD[at + width :])
    assert quick == plain


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abc京"\\'), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc京"), VALUES, max_size=5))
def test_what_is_encoded_is_read_back(value: dict[str, object]) -> None:
    assert compact.parse(compact.encode(value)) == value


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("form.number", {"a": 1.5}),
        ("form.null", {"a": None}),
        ("form.number", {"a": 2**53}),
        ("form.number", {"a": 2**64}),
        ("form.null", {"a": float("nan")}),
        ("form.character", {"a": "\ud800"}),
        ("form.character", {"a": "\x7f"}),
        ("form.escape", {"a": "x\ny"}),
        ("form.escape", {"remarks": "x\ry"}),
        ("form.size", {"a": "x" * 60_000}),
        ("form.json", {"a": object()}),
        ("form.json", {1: 2}),
    ],
)
def test_what_cannot_be_said_is_not_encoded(reason: str, value: dict[str, object]) -> None:
    with pytest.raises(Refused) as caught:
        compact.encode(value)
    assert caught.value.reason == reason


@pytest.mark.parametrize("levels", [33, 400])
def test_what_is_nested_too_deep_is_not_encoded(levels: int) -> None:
    value: dict[str, object] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    with pytest.raises(Refused) as caught:
        compact.encode(value)
    assert caught.value.reason == "form.depth"


@pytest.mark.parametrize(
    ("line", "claims"),
    [
        (RECORD, (f"11100000MB0341032Y002:{builders.food_number()}", builders.record_id())),
        (b'{"subject":"a:b","id":"x","data":{"subject":1.5,"id":null}}', ("a:b", "x")),
        (b' { "id" : "x" , "subject" : "\\u0041" } ', ("A", "x")),
        (b'{"subject":"a","subject":"b","id":"x"}', (None, "x")),
        (b'{"subject":"a","subject":5}', (None, None)),
        (b'{"sub\\u006aect":"a"}', ("a", None)),
        (b'{"subject":["a"],"id":7}', (None, None)),
        (b'{"data":{"subject":"a"}}', (None, None)),
        (b'{"x":"{\\"subject\\":\\"a\\"}","y":["subject","a"]}', (None, None)),
        (b'["subject","a"]', (None, None)),
        (b'{"subject":"a"', (None, None)),
        (b'{"subject":"\\ud800"}', (None, None)),
        (b'{"subject":"\xff"}', (None, None)),
        (b"", (None, None)),
    ],
)
def test_what_unread_bytes_claim(line: bytes, claims: tuple[str | None, str | None]) -> None:
    assert compact.peek(line) == claims


@given(st.binary(max_size=60) | st.lists(FRAGMENTS, max_size=12).map(lambda scraps: "".join(scraps).encode()))
def test_peeking_never_raises(line: bytes) -> None:
    for claim in compact.peek(line):
        assert claim is None or claim.encode()
