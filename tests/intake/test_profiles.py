"""Profiles are files, read strictly; the one that fits is found by its columns."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CannotRun
from gateway.intake import profiles
from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.profilefile import parse
from gateway.records.identifiers import uscc_error

SHIPPED = tomllib.loads((profiles.FOLDER / "business-licence.toml").read_text(encoding="utf-8"))
HEADERS = ("企业名称", "统一社会信用代码", "注册日期", "归并区划码", "注册地址")


def changed(path: str, value: object) -> dict[str, Any]:
    """The shipped profile with one setting changed."""
    found: Any = deepcopy(SHIPPED)
    *parents, name = path.split(".")
    table = found
    for parent in parents:
        table = table[int(parent)] if parent.isdigit() else table[parent]
    table[name] = value
    return dict(found)


def test_every_shipped_profile_loads() -> None:
    assert profiles.names() == (
        *("business-licence", "mohurd-qualification", "shuanggongshi-licence", "shuanggongshi-penalty"),
        "records",
    )
    for name in profiles.names():
        assert profiles.load(name).name == name
        assert profiles.load(name).title


def test_authorities_of_the_shipped_profile_are_marked_and_have_valid_codes() -> None:
    profile = profiles.load("business-licence")
    (lookup,) = profile.lookups
    assert profile.area is not None
    assert lookup.values.keys() == profile.area.jurisdictions.keys()
    for issuer in lookup.values.values():
        assert "示例" in issuer["name"]
        assert uscc_error(issuer["uscc"]) is None


def test_a_profile_by_path(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_bytes((profiles.FOLDER / "business-licence.toml").read_bytes())
    assert profiles.load(str(mine)).columns == profiles.load("business-licence").columns


@pytest.mark.parametrize("name", ["nothing", "", "../profiles/business-licence", "nowhere/mine.toml"])
def test_a_name_that_is_no_profile(name: str) -> None:
    with pytest.raises(CannotRun) as error:
        profiles.load(name)
    assert error.value.reason == "profile.unknown"


def test_what_is_not_toml(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    for content in (b"columns = [", b"\xff"):
        bad.write_bytes(content)
        with pytest.raises(CannotRun, match=r"profile\.form"):
            profiles.load(str(bad))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("colour", "red"),
        ("type", "jjj.licence.invented"),
        ("type", 1),
        ("title", 1),
        ("columns", {}),
        ("columns.0.colour", "red"),
        ("columns.0.names", []),
        ("columns.0.names", "企业名称"),
        ("columns.0.names", ["统一社会信用代码"]),
        ("columns.0.into", "holder.name"),
        ("columns.0.into", ["holder"]),
        ("columns.0.into", ["holder.uscc"]),
        ("columns.0.into", ["kind"]),
        ("columns.0.form", "fax"),
        ("columns.0.required", "yes"),
        ("columns.3.label", ""),
        ("area", []),
        ("area.colour", "red"),
        ("area.column", "区"),
        ("area.jurisdictions", {"110112": 1}),
        ("lookups.0.column", "区"),
        ("lookups.0.into", "holder"),
        ("lookups.0.values", {"110112": 1.5}),
        ("lookups.0.values", []),
        ("lookups.0.characters", -1),
        ("lookups.0.fallback", 1.5),
        ("lookups.0.colour", "red"),
        ("constants", "none"),
        ("constants.kind", 1.5),
        ("constants.kind", [1.5]),
        ("constants.kind", 1 << 60),
        ("absent", "N/A"),
        ("other_columns", "guess"),
        ("columns.0.required", ["2018"]),
        ("columns.0.endings", ["级"]),
        ("columns.0.secret", True),
        ("columns.9.names", ["企业名称（）"]),
        ("form", "2018"),
        ("forms", {"2018": ["心情"]}),
        ("forms", {"2018": ["区域"], "2015": ["区域"]}),
        ("forms", []),
        ("group", {"column": "证号", "member": "items", "key": "name"}),
        ("group", {"column": "区域"}),
        ("states", {"column": "区域", "source": "证号", "maps": []}),
        ("states", {"column": "区域", "source": "区域", "maps": [{"values": {"1": {"state.code": "01"}}}]}),
        ("states", {"column": "区域", "source": "区域", "maps": [{"values": {}}]}),
        ("states", {"column": "区域", "source": "区域", "maps": [], "expected": ["2018"]}),
        ("list_in", 1),
    ],
)
def test_settings_that_are_unknown_or_make_no_sense(path: str, value: object) -> None:
    with pytest.raises(CannotRun) as error:
        parse(changed(path, value), "mine")
    assert error.value.reason == "profile.form"
    assert "profile mine" in error.value.message


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(SHIPPED)), ANYTHING))
def test_any_settings_are_a_profile_or_the_one_error(settings: Mapping[str, Any]) -> None:
    reason = "profile.form"
    try:
        parse({"type": "jjj.licence.issued"} | dict(settings), "any")
    except CannotRun as error:
        reason = error.reason
    assert reason == "profile.form"


def test_guess_by_columns() -> None:
    assert profiles.guess(HEADERS).name == "business-licence"
    assert profiles.guess((*HEADERS, *REPORT_COLUMNS)).name == "business-licence"
    assert profiles.guess(("record",)).name == "records"


@pytest.mark.parametrize("headers", [(), ("企业名称",), HEADERS[1:], (*HEADERS, "心情")])
def test_no_guess_where_none_fits(headers: tuple[str, ...]) -> None:
    with pytest.raises(CannotRun) as error:
        profiles.guess(headers)
    assert error.value.reason == "profile.no_match"
    assert "business-licence" in error.value.message
    assert "business-licence" in error.value.zh
