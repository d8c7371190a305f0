"""Records made up for tests: valid as they come, each part open to change. Names are plainly invented, codes valid.

    licence(kind="filing", valid_to="2030-01-01")       data of a licence
    licence(remove=("content",))                        the same without a member
    credit("rating", state="ended")                     data of a credit fact
    correction(7, leaf_hash)                            data of ``retracted`` and ``erased``
    line("jjj.licence.issued", licence())               a whole record line, its subject made from the data
    uscc(3)                                             a valid 统一社会信用代码; each number another one

``change(data, {"holder.name": "…", "items.0.grade": GONE})`` sets and removes deep members in a copy.
"""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.records import compact, families
from gateway.records.identifiers import CERTIFICATE_ROOT, certificate_check, uscc_check
from gateway.records.uuid7 import uuid7

TYPE_CODES = {
    "permit": ("11100000MB0341032Y002", "食品经营许可证"),
    "filing": ("11100000MB0341032Y900", "示例备案凭证"),
    "registration": ("11100000MB0341032Y001", "营业执照"),
    "qualification": ("11100000000013338W050", "建筑业企业资质证书"),
}
PERSONS_NUMBER = "11010519491231002X"  # the sample of GB 11643, nobody's
PLACEHOLDER = "00000000000000000X"
GONE = object()
NOW = 1_795_399_384_567  # 2026-11-23T02:03:04.567Z
TIME = "2026-11-23T02:03:04.567Z"


def uscc(number: int = 1, prefix: str = "91110112") -> str:
    """A valid 统一社会信用代码: ``prefix`` (kind and registering office, 8 characters), then ``MA`` and the number."""
    first17 = f"{prefix}MA{number:07d}"
    return first17 + uscc_check(first17)


HOLDER = uscc(1)
ISSUER = uscc(1, "11110112")
SUPPLIER = uscc(2, "11110112")


def food_number(serial: int = 1, prefix: str = "JY1", region: str = "110112") -> str:
    """A JY or SC number with a check digit that fits (``prefix``: JY and 1 digit, or SC and 3)."""
    body = f"{prefix}{region}{serial:0{15 - len(prefix) - len(region)}d}"
    product = 10
    for digit in body[2:]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return body + str((11 - product) % 10)


def certificate_identifier(serial: str = "JY11101120000017", version: str = "001", issuer: str = ISSUER) -> str:
    """A valid 证照标识 of the food permit type."""
    parts = (TYPE_CODES["permit"][0], issuer, serial, version)
    return ".".join((CERTIFICATE_ROOT, *parts, certificate_check(parts)))


def record_id(number: int = 1) -> str:
    """A UUIDv7; each number another one."""
    return uuid7(NOW, number.to_bytes(10))


def licence(kind: str = "permit", *, remove: Iterable[str] = (), **members: Any) -> dict[str, Any]:
    """Data of a licence in force, with the members that its kind requires and no others."""
    code, name = TYPE_CODES[kind]
    data: dict[str, Any] = {
        "number": food_number() if kind == "permit" else "示通〔2024〕第17号",
        "type": {"code": code, "name": name},
        "kind": kind,
        "holder": {"name": "示例甲食品有限公司", "uscc": HOLDER, "category": "法人及非法人组织"},
        "issuer": {"name": "示例通州区市场监督管理局", "uscc": ISSUER},
        "valid_from": "2024-03-01",
        "state": {"code": "01", "since": "2024-03-01"},
        "disclosure": "public",
    }
    if kind == "permit":
        data["decision"] = {
            "title": "准予食品经营许可决定书",
            "number": "示通市监许〔2024〕17号",
            "date": "2024-03-01",
            "category": "普通",
        }
        data["content"] = "预包装食品销售（含冷藏冷冻食品）"
    if kind == "registration":
        data["number"] = HOLDER
    return _with(data, members, remove)


def whole_licence(**members: Any) -> dict[str, Any]:
    """Data of a permit with every optional member there is."""
    return (
        licence(
            certificate_identifier=certificate_identifier(),
            legal_representative="示例人甲",
            items=[
                {"name": "热食类食品制售", "grade": "甲级", "valid_to": "2027-10-20"},
                {"name": "冷食类食品制售"},
            ],
            premises=["示例市示例区示例路1号", "示例市示例区示例路2号"],
            valid_to="2029-02-28",
            predecessor={"source": "urn:jjj:sanhe", "subject": f"{TYPE_CODES['permit'][0]}:{food_number(9)}"},
            document={"sha256": hashlib.sha256(b"ofd").hexdigest(), "media_type": "application/ofd"},
            supplied_by={"name": "示例通州区政务数据中心", "uscc": SUPPLIER},
            remarks="示例备注\n第二行",
        )
        | members
    )


CREDIT_OBJECTS: dict[str, dict[str, Any]] = {
    "penalty": {
        "violation": "食品违法行为",
        "facts": "销售超过保质期的食品",
        "grounds": ["中华人民共和国食品安全法第一百二十四条"],
        "categories": ["罚款", "没收违法所得"],
        "content": "罚款288元，没收违法所得64.02元",
        "fine_10k_yuan": "0.0288",
        "confiscated_10k_yuan": "0.006402",
        "licence_affected": "食品经营许可证",
        "valid_to": "2027-05-10",
    },
    "abnormal_list": {"reason": "未依照规定期限公示年度报告", "removed_on": "2026-09-01", "removal_reason": "已补报"},
    "dishonest_list": {"category": "市场监督管理严重违法失信名单", "reason": "示例原因"},
    "rating": {"scheme": "公共信用综合评价", "grade": "A", "year": 2025},
    "commitment": {
        "code": "11011220260301000017",
        "form": "容缺受理型",
        "matter": "办理食品经营许可",
        "content": "三十日内补齐材料",
        "liability": "撤销许可并记入信用记录",
        "performance": "全部履行",
    },
    "honour": {"title": "纳税信用A级纳税人", "year": 2025},
}


def credit(kind: str = "penalty", *, remove: Iterable[str] = (), **members: Any) -> dict[str, Any]:
    """Data of a credit fact in force, with the object of its kind."""
    data: dict[str, Any] = {
        "kind": kind,
        "number": "示通市监处罚〔2026〕17号",
        "holder": {"name": "示例甲食品有限公司", "uscc": HOLDER, "category": "法人及非法人组织"},
        "authority": {"name": "示例通州区市场监督管理局", "uscc": ISSUER},
        "decided_on": "2026-05-10",
        "state": "in_force",
        "disclosure": "public",
        kind: copy.deepcopy(CREDIT_OBJECTS[kind]),
    }
    return _with(data, members, remove)


def correction(index: int = 0, leaf_hash: bytes = bytes(32), **members: Any) -> dict[str, Any]:
    """Data of ``retracted`` and ``erased``."""
    data: dict[str, Any] = {
        "index": index,
        "leaf_hash": base64.b64encode(leaf_hash).decode(),
        "ground": "发布有误",
        "authority": {"name": "示例通州区市场监督管理局", "uscc": ISSUER},
    }
    return data | members


def envelope(record_type: str, data: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """A whole record as an object; the subject is made from the data unless it is given."""
    family = record_type.split(".")[1]
    subject = members.pop("subject", None) or families.subject_of_data(family, data)
    return {
        "specversion": "1.0",
        "id": record_id(),
        "source": "urn:jjj:tongzhou",
        "type": record_type,
        "subject": subject,
        "time": TIME,
        "datacontenttype": "application/json",
        "dataschema": f"urn:jjj:schema:{family}:1.0",
        "data": dict(data),
    } | members


def line(record_type: str, data: Mapping[str, Any], **members: Any) -> bytes:
    """A record line in compact form; ``members`` replace those of the envelope."""
    return compact.encode(envelope(record_type, data, **members))


def change(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy with members at dotted paths set, or removed where the value is ``GONE``."""
    changed = copy.deepcopy(dict(data))
    for path, value in changes.items():
        *steps, last = path.split(".")
        node: Any = changed
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
        key = int(last) if isinstance(node, list) else last
        if value is GONE:
            del node[key]
        else:
            node[key] = value
    return changed


def _with(data: dict[str, Any], members: Mapping[str, Any], remove: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in (data | dict(members)).items() if name not in set(remove)}
