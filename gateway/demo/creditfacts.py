"""Which credit facts are shown in the demo? Invented facts of every kind, and what becomes of them.

>>> fact("sanhe", "penalty", 3, holder, date(2025, 5, 10))["penalty"]["fine_10k_yuan"]
'0.0303'
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from gateway.demo import cast
from gateway.demo.cast import Place
from gateway.demo.licences import Course

COURSES: tuple[Course, ...] = (
    (("changed", "in_force"),),
    (("withdrawn", "withdrawn"),),
    (("repaired", "repaired"),),
    (("ended", "ended"),),
    (("objected", "in_force"),),
    (("objected", "in_force"), ("objection_closed", "in_force")),
    (("retracted", ""),),
)
_SHOWN_FOR = timedelta(days=3 * 365)
_OFFICE = {"rating": cast.REFORM, "commitment": cast.REFORM, "honour": cast.REFORM}
_FORMS = ("审批替代型", "容缺受理型", "证明事项型", "信用修复型", "行业自律型", "主动型", "其他")
_PERFORMANCE = ("全部履行", "部分履行", "全部未履行")


def fact(jurisdiction: str, kind: str, number: int, holder: dict[str, Any], day: date) -> dict[str, Any]:
    """A fact about a holder, decided on a day, as ``data`` of the schema credit 1.0."""
    place = cast.place(jurisdiction)
    office = cast.offices(jurisdiction)[_OFFICE.get(kind, cast.MARKET)][0]
    return {
        "kind": kind,
        "number": _document(place, kind, number, day),
        "holder": holder,
        "authority": {"name": office.name, "uscc": office.uscc},
        "decided_on": day.isoformat(),
        "public_until": (day + _SHOWN_FOR).isoformat(),
        "state": "in_force",
        kind: _PARTS[kind](place, number, day),
        "disclosure": "public",
    }


def after(data: dict[str, Any], verb: str, state: str, day: date) -> dict[str, Any]:
    """The fact in full after an event on a day. An objection and its end carry the state as it was."""
    if verb in ("objected", "objection_closed"):
        return data
    changed = data | {"state": state}
    if verb == "changed":
        changed["public_until"] = (day + 2 * _SHOWN_FOR).isoformat()
    kind = data["kind"]
    if state in ("repaired", "ended") and kind in ("abnormal_list", "dishonest_list"):
        changed[kind] = data[kind] | {"removed_on": day.isoformat(), "removal_reason": "示例：已履行义务"}
    return changed


def _document(place: Place, kind: str, number: int, day: date) -> str:
    if kind == "commitment":
        return _commitment_code(place, number, day)
    sign = {"penalty": "罚", "abnormal_list": "列异", "dishonest_list": "失信", "rating": "信评", "honour": "荣"}[kind]
    return f"示{place.short}{sign}〔{day.year}〕{number}号"


def _commitment_code(place: Place, number: int, day: date) -> str:
    return f"{place.region}{day:%Y%m%d}{number:06d}"


def _penalty(place: Place, number: int, day: date) -> dict[str, Any]:
    return {
        "violation": "食品违法行为（示例）",
        "facts": "示例：经营场所存放超过保质期的预包装食品，\n未造成危害后果。",
        "grounds": ["《中华人民共和国食品安全法》第一百二十四条（示例）"],
        "categories": ["罚款", "没收违法所得"],
        "content": f"罚款{300 + number}元，没收违法所得64.02元",
        "fine_10k_yuan": f"0.{300 + number:04d}",
        "confiscated_10k_yuan": "0.006402",
    }


def _commitment(place: Place, number: int, day: date) -> dict[str, Any]:
    return {
        "code": _commitment_code(place, number, day),
        "form": _FORMS[number % len(_FORMS)],
        "matter": "办理食品经营许可（示例）",
        "content": "三十日内补齐材料",
        "liability": "撤销许可并记入信用记录",
        "performance": _PERFORMANCE[number % len(_PERFORMANCE)],
    }


_PARTS: dict[str, Callable[[Place, int, date], dict[str, Any]]] = {
    "penalty": _penalty,
    "abnormal_list": lambda place, number, day: {"reason": "未依照规定期限公示年度报告（示例）"},
    "dishonest_list": lambda place, number, day: {
        "category": "市场监督管理严重违法失信名单",
        "reason": "示例：提供虚假材料取得许可",
    },
    "rating": lambda place, number, day: {
        "scheme": "公共信用综合评价（GB/T 45255）",
        "grade": "ABCD"[number % 4],
        "year": day.year,
    },
    "commitment": _commitment,
    "honour": lambda place, number, day: {"title": "诚信示范单位（示例）", "year": day.year},
}
KINDS = tuple(_PARTS)
