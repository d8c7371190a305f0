"""Which records must a node refuse at its door, and why? Samples with one flaw each, made from a good licence or
fact.

>>> [sample.expected_reason for sample in flawed_samples()][:2]
['uscc.check', 'holder.person']
"""

from __future__ import annotations

from datetime import date
from typing import Any

from gateway.demo import cast, creditfacts, licences
from gateway.demo.invented import resident_number, uscc
from gateway.demo.sample import Sample
from gateway.records.identifiers import PLACEHOLDER

_DAY = date(2025, 4, 7)
_AT = "tongzhou"
_NUMBER = 8001


def flawed_samples() -> tuple[Sample, ...]:
    """A dozen and a half, each with the reason that it must be refused for."""
    good = licences.issued(_AT, cast.FOOD, _NUMBER, _DAY)
    fact = creditfacts.fact(_AT, "penalty", _NUMBER, good["holder"], _DAY)
    rating = creditfacts.fact(_AT, "rating", _NUMBER, good["holder"], _DAY)
    stranger = {"name": "示例外地机关", "uscc": uscc("11", "130000", 99)}
    named = resident_number("110112", "19000101", 1)
    kinds = [
        ("issued", "uscc.check", _holder(good, uscc=_wrong_check(good["holder"]["uscc"]))),
        ("issued", "holder.person", _holder(good, category="自然人")),
        ("issued", "holder.no_code", _holder(good, uscc=PLACEHOLDER)),
        ("issued", "identity_number", good | {"remarks": f"经办人身份证号 {named}（示例）"}),
        ("suspended", "state.mismatch", good),
        ("issued", "schema.additionalProperties", good | {"colour": "示例"}),
        ("issued", "number.character", good | {"number": f"{good['number'][:8]}\u200b{good['number'][8:]}"}),
        ("issued", "number.form", good | {"number": good["number"][:-1]}),
        ("issued", "schema.required", {name: value for name, value in good.items() if name != "decision"}),
        ("issued", "date.form", good | {"valid_from": "2025-02-30"}),
        ("issued", "date.order", good | {"valid_to": "2024-12-31"}),
        ("issued", "disclosure.not_public", good | {"disclosure": "restricted"}),
        ("issued", "issuer.not_in_roster", good | {"issuer": stranger}),
        ("issued", "certificate_identifier.check", good | {"certificate_identifier": _off_by_one(good)}),
        ("objected", "state.no_previous", good),
    ]
    found = [Sample(_AT, f"jjj.licence.{verb}", data, reason) for verb, reason, data in kinds]
    found += [
        Sample(_AT, "jjj.credit.recorded", data, reason)
        for reason, data in (
            ("form.number", rating | {"rating": rating["rating"] | {"year": 2025.5}}),
            ("form.null", rating | {"public_until": None}),
            ("amount.form", fact | {"penalty": fact["penalty"] | {"fine_10k_yuan": ".15"}}),
            ("kind.mismatch", rating | {"penalty": fact["penalty"]}),
        )
    ]
    return tuple(found)


def _holder(data: dict[str, Any], **changes: str) -> dict[str, Any]:
    return data | {"holder": data["holder"] | changes}


def _wrong_check(code: str) -> str:
    return code[:-1] + ("1" if code[-1] == "0" else "0")


def _off_by_one(data: dict[str, Any]) -> str:
    identifier = data["certificate_identifier"]
    return f"{identifier[:-1]}{'1' if identifier[-1] == '0' else '0'}"
