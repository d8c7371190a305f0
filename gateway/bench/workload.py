"""Records to measure with: business licences of the size of real ones, every code valid, every name invented.

>>> drafts(2)[0]["type"]
'jjj.licence.issued'
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.records.identifiers import uscc_check

TYPE = {"code": "11100000MB0341032Y001", "name": "营业执照"}
# About as long as the scope of business of a company registered in 2019 (median of 2,442: some 130 characters).
SCOPE = (
    "示例：技术开发、技术咨询、技术服务、技术转让；企业管理咨询；经济贸易咨询；组织文化艺术交流活动；承办展览展示；会议服务；"
    "市场调查；企业策划；设计、制作、代理、发布广告；电脑图文设计；销售日用品、电子产品、文化用品、体育用品、工艺品；"
    "（依法须经批准的项目，经相关部门批准后依批准的内容开展经营活动。）"
)


def uscc(number: int, prefix: str = "91110112") -> str:
    """A valid code that is nobody's."""
    first = f"{prefix}MZ{number:07d}".replace("MZ", "MY")
    return first + uscc_check(first)


ISSUER = {"name": "示例区市场监督管理局", "uscc": uscc(1, "11110112")}


def draft(number: int) -> dict[str, Any]:
    """One record to publish."""
    holder = uscc(number)
    return {
        "type": "jjj.licence.issued",
        "data": {
            "number": holder,
            "type": TYPE,
            "kind": "registration",
            "holder": {"name": f"示例{number}号科技发展有限公司", "uscc": holder, "category": "法人及非法人组织"},
            "issuer": ISSUER,
            "content": SCOPE,
            "premises": [f"示例市示例区示例路{number}号示例大厦{number % 30}层{number % 900}室"],
            "valid_from": "2019-01-02",
            "state": {"code": "01", "since": "2019-01-02"},
            "disclosure": "public",
            "remarks": "企业类型：有限责任公司；注册资金：100万元人民币",
        },
    }


def drafts(count: int, start: int = 0) -> list[dict[str, Any]]:
    """``count`` records from a number on."""
    return [draft(number) for number in range(start, start + count)]


def batches(count: int, size: int, start: int = 0) -> Iterator[list[dict[str, Any]]]:
    """The same in batches."""
    for first in range(start, start + count, size):
        yield drafts(min(size, start + count - first), first)
