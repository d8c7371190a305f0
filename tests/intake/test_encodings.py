"""UTF-8 or GB18030, and a damaged file is neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.intake.encodings import detect

TEXT = "企业名称,统一社会信用代码\n示例甲食品有限公司,9113108200EX00073X\n" * 3
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030")],
)
def test_the_encodings_of_departments(write: Write, encoding: str, found: str) -> None:
    path = write(TEXT, encoding=encoding)
    assert detect(path) == found
    assert path.read_text(encoding=detect(path)) == TEXT


def test_a_character_cut_by_the_chunk_is_whole(write: Write) -> None:
    assert detect(write("a" * ((1 << 20) - 1) + "示例")) == "utf-8-sig"
    assert detect(write(b"a" * ((1 << 20) - 1) + "示例".encode("gb18030"))) == "gb18030"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.encode() + b"\xff\n", "damaged at byte"),
        (b"\xef\xbb\xbfabc\xff", "damaged at byte 7"),
        (b"abc\xff\xff", "byte 4"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "XLSX"),
        (b"\xd0\xcf\x11\xe0rest", "XLS"),
    ],
)
def test_no_guess_at_anything_else(write: Write, content: bytes, said: str) -> None:
    with pytest.raises(Refused) as refused:
        detect(write(content))
    assert refused.value.reason == "table.encoding"
    assert said in refused.value.message
    assert refused.value.zh


def test_the_place_of_the_damage_is_right_behind_a_chunk(write: Write) -> None:
    good = "示例".encode() * 200_000
    with pytest.raises(Refused, match=f"byte {len(good) + 1}"):
        detect(write(good + b"\xff"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_decode_as_found_or_are_refused(write: Write, content: bytes) -> None:
    path = write(content)
    try:
        encoding = detect(path)
    except Refused:
        return
    assert content.decode(encoding) is not None
