"""Which questions does the demo ask at a counter, and what is the answer? Five licences, each the answer of one kind.

Their records are among the samples, whatever the seed; the later record of the scene "newer" is published last, by a
node that has the demo's own schema licence 1.1, which its partners don't have.

>>> scene = scenes()["revoked"]
>>> scene.source, scene.asking, scene.subject, scene.verdict
('xiongan', 'tongzhou', '11100000MB0341032Y002:JY11331000090023', 'not_recognised')
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import orjson

from gateway.demo import cast, creditfacts, licences
from gateway.demo.sample import Sample
from gateway.records import families
from gateway.records.packaged import data_path

# Numbers from 9001 on are the scenes'; samples stay below.
_DAY = date(2025, 3, 3)
_LATER = date(2026, 6, 1)
_NEW_MEMBER = "demo_grade"


@dataclass(frozen=True, slots=True)
class Scene:
    """One question. ``records`` are published at ``source`` beforehand, ``late`` (if any) last; the verdict is that
    of ``asking``.
    """

    name: str
    source: str
    asking: str
    number: str
    subject: str
    records: tuple[Sample, ...]
    verdict: str
    headline: str
    late: Sample | None = None


@cache
def scenes() -> dict[str, Scene]:
    """The five by name: recognised, revoked, restricted, silent, newer."""
    found = (_recognised(), _revoked(), _restricted(), _silent(), _newer())
    return {scene.name: scene for scene in found}


def _recognised() -> Scene:
    """A business licence in good standing: it has no last day, so the scene holds in any year."""
    return _scene("recognised", "sanhe", (_issued("sanhe", cast.BUSINESS, 9001),), "recognised", "予以互认")


def _revoked() -> Scene:
    """A licence that its issuer took away (吊销)."""
    first = _issued("xiongan", cast.FOOD, 9002)
    revoked = Sample("xiongan", "jjj.licence.revoked", licences.after(first.data, "revoked", "07", _LATER))
    return _scene("revoked", "xiongan", (first, revoked), "not_recognised", "证照当前无效")


def _restricted() -> Scene:
    """A good licence whose holder stands on the list of seriously dishonest, under the one agreement that minds it."""
    first = _issued("binhai", cast.BUSINESS, 9003)
    listed = creditfacts.fact("binhai", "dishonest_list", 9003, first.data["holder"], _LATER)
    del listed["public_until"]  # stands until it is ended
    records = (first, Sample("binhai", "jjj.credit.recorded", listed))
    return _scene("restricted", "binhai", records, "not_recognised", "真实有效，但协议不予互认")


def _silent() -> Scene:
    """A good licence of the source that goes silent; its agreement wants news every five seconds."""
    return _scene("silent", "dachang", (_issued("dachang", cast.BUSINESS, 9004),), "indeterminate", "暂时无法核验")


def _newer() -> Scene:
    """A good licence with a later record that needs schema 1.1, which nobody else can read yet."""
    first = _issued("xianghe", cast.BUSINESS, 9005)
    data = licences.after(first.data, "changed", "01", _LATER) | {_NEW_MEMBER: "示例等级"}
    late = Sample("xianghe", "jjj.licence.changed", data)
    return _scene("newer", "xianghe", (first,), "indeterminate", "暂时无法核验", late)


def _issued(jurisdiction: str, type_code: str, number: int) -> Sample:
    data = licences.issued(jurisdiction, type_code, number, _DAY)
    data.pop("valid_to", None)  # no scene changes because time goes by
    return Sample(jurisdiction, "jjj.licence.issued", data)


def _scene(
    name: str, source: str, records: tuple[Sample, ...], verdict: str, headline: str, late: Sample | None = None
) -> Scene:
    data = records[0].data
    subject = families.subject_of_data("licence", data)
    return Scene(name, source, "tongzhou", data["number"], subject, records, verdict, headline, late)


def schema_1_1() -> bytes:
    """The demo's own schema licence 1.1, as ``licence-1.1.schema.json`` in a schema folder of xianghe: 1.0 and one
    optional member.
    """
    document: dict[str, Any] = orjson.loads((data_path("schemas") / "licence-1.0.schema.json").read_bytes())
    document["$id"] = "urn:jjj:schema:licence:1.1"
    document["title"] = "证照记录数据 1.1（仅供演示）"
    document["$defs"]["licence"]["properties"][_NEW_MEMBER] = {
        "title": "示例等级（仅供演示）",
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "examples": ["示例等级"],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
