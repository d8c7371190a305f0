"""Which licences are shown in the demo, and what happens to them? Invented licences of every type, and their courses
of life.

A licence is a dictionary ``data`` of the schema licence 1.0, in full after each event. Everything follows from the
place, the type and a number, and from days that the caller draws.

>>> first = issued("sanhe", FOOD, 17, date(2024, 3, 1))
>>> first["number"], first["state"]
('JY11310820000170', {'code': '01', 'since': '2024-03-01'})
>>> after(first, "suspended", "02", date(2024, 9, 1))["state"]["code"]
'02'
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from gateway.demo import cast
from gateway.demo.cast import Place
from gateway.demo.invented import certificate_identifier, company, food_number, uscc

# What happens to a licence after it was issued: verbs with the state that they state.
Course = tuple[tuple[str, str], ...]
COURSES: tuple[Course, ...] = (
    (("changed", "01"),),
    (("suspended", "02"), ("resumed", "01")),
    (("suspended", "02"), ("suspended", "02")),  # changed while suspended
    (("expired", "05"),),
    (("cancelled", "04"),),
    (("annulled", "03"),),
    (("revoked", "07"),),
    (("changed", "99"),),
    (("objected", "01"),),
    (("objected", "01"), ("objection_closed", "01")),
    (("suspended", "02"), ("objected", "02"), ("objection_closed", "02"), ("resumed", "01")),
    (("retracted", ""),),
    (("retracted", ""), ("changed", "01")),
)
_GRADES = ("一级", "二级", "三级")
_WORKS = ("建筑装修装饰工程专业承包", "防水防腐保温工程专业承包", "建筑工程施工总承包", "市政公用工程施工总承包")
_CONTENT = {
    cast.BUSINESS: "示例经营范围：日用百货、办公用品批发与零售；货物进出口。",
    cast.FOOD: "预包装食品销售（含冷藏冷冻食品）；散装食品销售（不含散装熟食）",
    cast.PRODUCTION: "糕点；饼干；饮料",
    cast.LABORATORY: "食品、食品相关产品检测（示例能力附表）",
    cast.FILING: "仅销售预包装食品",
    cast.SAFETY: "建筑施工",
}


def holder(place: Place, number: int, trade: str) -> dict[str, Any]:
    """The company of this number in this place."""
    code = uscc("91", place.region, number)
    return {"name": company(place.short, number, trade), "uscc": code, "category": "法人及非法人组织"}


def issued(jurisdiction: str, type_code: str, number: int, day: date) -> dict[str, Any]:
    """A licence as issued on a day; ``number`` below 10,000 makes holder and licence number."""
    place, kind, office = cast.place(jurisdiction), cast.TYPES[type_code], cast.authority(jurisdiction, type_code)
    data: dict[str, Any] = {
        "number": _NUMBERS[type_code](place, number, day),
        "type": {"code": kind.code, "name": kind.name},
        "kind": kind.kind,
        "holder": holder(place, number, kind.trade),
        "legal_representative": f"示例人{number}",
        "issuer": {"name": office.name, "uscc": office.uscc},
        "premises": [f"{place.name}示例路{number % 200 + 1}号"],
        "valid_from": day.isoformat(),
        "state": {"code": "01", "since": day.isoformat()},
        "disclosure": "public",
    }
    if kind.term_years:
        last = date(day.year + kind.term_years, day.month, min(day.day, 28)) - timedelta(days=1)
        data["valid_to"] = last.isoformat()
    if type_code in _CONTENT:
        data["content"] = _CONTENT[type_code]
    if kind.kind == "permit":
        data["decision"] = _decision(place, kind.name, number, day)
    if type_code == cast.CONSTRUCTION:
        data["items"] = _items(number, data["valid_to"])
    if type_code == cast.FOOD:
        data["certificate_identifier"] = certificate_identifier(kind.code, office.uscc, data["number"])
    return data


def after(data: dict[str, Any], verb: str, state: str, day: date) -> dict[str, Any]:
    """The licence in full after an event on a day. An objection and its end carry the state as it was."""
    if verb in ("objected", "objection_closed"):
        return data
    changed = data | {"state": {"code": state, "since": day.isoformat()}}
    if verb == "changed" or state == data["state"]["code"]:
        changed["premises"] = [f"{data['premises'][0]}二层"]
    if state == "99":
        changed["state"]["reason"] = "示例：证照损毁，补办中"
    return changed


def received(
    out: dict[str, Any], source: str, subject: str, jurisdiction: str, number: int, day: date
) -> dict[str, Any]:
    """The new licence of a holder who moved here: it names the one that was transferred out (``source``, ``subject``).
    """
    new = issued(jurisdiction, out["type"]["code"], number, day)
    return new | {"holder": out["holder"], "predecessor": {"source": f"urn:jjj:{source}", "subject": subject}}


def _decision(place: Place, name: str, number: int, day: date) -> dict[str, str]:
    return {
        "title": f"准予{name}决定书",
        "number": f"示{place.short}许〔{day.year}〕{number}号",
        "date": day.isoformat(),
        "category": "普通",
    }


def _items(number: int, valid_to: str) -> list[dict[str, str]]:
    """Two or three kinds of work with grades; the last has no end of its own."""
    works = [_WORKS[(number + at) % len(_WORKS)] for at in range(2 + number % 2)]
    items = [{"name": work, "grade": _GRADES[(number + at) % 3], "valid_to": valid_to} for at, work in enumerate(works)]
    del items[-1]["valid_to"]
    return items


def _laboratory(place: Place, number: int, day: date) -> str:
    """CMA: year, issuing province (01 北京 02 天津 03 河北), field, department, serial; 12 digits."""
    issuer = {"京": "01", "津": "02", "冀": "03"}[place.sign]
    return f"{day.year % 100:02d}{issuer}0012{number:04d}"


def _safety(place: Place, number: int, day: date) -> str:
    return f"（{place.sign}）JZ安许证字〔{day.year}〕{number:06d}"


_NUMBERS: dict[str, Callable[[Place, int, date], str]] = {
    cast.BUSINESS: lambda place, number, day: uscc("91", place.region, number),
    cast.FOOD: lambda place, number, day: food_number("JY", str(1 + number % 3), place.region, number),
    cast.PRODUCTION: lambda place, number, day: food_number("SC", f"1{1 + number % 31:02d}", place.region, number),
    cast.LABORATORY: _laboratory,
    cast.FILING: lambda place, number, day: f"YB{place.region}{number:06d}",
    cast.CONSTRUCTION: lambda place, number, day: f"D3{place.province[:2]}9{number:05d}",
    cast.SAFETY: _safety,
}
