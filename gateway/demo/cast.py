"""Who plays in the demo? Six jurisdictions, invented authorities, and the licence types that they issue.

Samples, example roster and catalogue are made from these tables, so they agree. The authorities of 营业执照 come from
the table of the profile ``business-licence``; every authority's name carries 示例, its code is ``invented.uscc``.

>>> place("sanhe").region, authority("sanhe", BUSINESS).name
('131082', '三河市市场监督管理局（示例）')
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gateway.demo.invented import uscc
from gateway.intake import profiles


@dataclass(frozen=True, slots=True)
class Place:
    """A jurisdiction. ``short``: as in company names; ``province``: its region code; ``sign``: as in numbers (京)."""

    id: str
    name: str
    short: str
    region: str
    aliases: tuple[str, ...]
    province: str
    sign: str
    province_name: str


@dataclass(frozen=True, slots=True)
class LicenceType:
    """A type of the catalogue. ``office``: which kind of authority issues it; ``term_years``: 0 is 长期."""

    code: str
    name: str
    kind: str
    office: str
    trade: str
    term_years: int
    number_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """An authority as one jurisdiction enters it. ``carried``: it belongs to the province."""

    uscc: str
    name: str
    types: tuple[str, ...]
    carried: bool


PLACES = (
    Place("tongzhou", "北京市通州区", "通州", "110112", (), "110000", "京", "北京市"),
    Place("sanhe", "河北省三河市", "三河", "131082", (), "130000", "冀", "河北省"),
    Place("dachang", "河北省大厂回族自治县", "大厂", "131028", (), "130000", "冀", "河北省"),
    Place("xianghe", "河北省香河县", "香河", "131024", (), "130000", "冀", "河北省"),
    Place("xiongan", "河北雄安新区", "雄安", "133100", ("130629", "130632", "130638"), "130000", "冀", "河北省"),
    Place("binhai", "天津市滨海新区", "滨海", "120116", (), "120000", "津", "天津市"),
)

# Kinds of office.
MARKET, HOUSING, REFORM = "market", "housing", "reform"
PROVINCE_MARKET, PROVINCE_HOUSING = "province market", "province housing"

_MARKET_BODY, _HOUSING_BODY = "11100000MB0341032Y", "11100000000013338W"  # the bodies that define the types

BUSINESS = f"{_MARKET_BODY}001"
FOOD = f"{_MARKET_BODY}002"
# Serial numbers from 901 on are invented.
PRODUCTION, LABORATORY, FILING = (f"{_MARKET_BODY}{serial}" for serial in (903, 904, 905))
CONSTRUCTION = f"{_HOUSING_BODY}050"
SAFETY = f"{_HOUSING_BODY}951"

TYPES = {
    entry.code: entry
    for entry in (
        LicenceType(BUSINESS, "营业执照", "registration", MARKET, "商贸", 0),
        LicenceType(FOOD, "食品经营许可证", "permit", MARKET, "食品", 5, ("jy",)),
        LicenceType(PRODUCTION, "食品生产许可证", "permit", MARKET, "食品", 5, ("sc",)),
        LicenceType(LABORATORY, "检验检测机构资质认定证书", "qualification", PROVINCE_MARKET, "检测技术", 6),
        LicenceType(FILING, "仅销售预包装食品备案", "filing", MARKET, "便利店", 0),
        LicenceType(CONSTRUCTION, "建筑业企业资质证书", "qualification", HOUSING, "建设工程", 5),
        LicenceType(SAFETY, "安全生产许可证", "permit", PROVINCE_HOUSING, "建设工程", 3),
    )
}

# Kind of office → name after that of place or province, number of its invented code, whether it is the province's.
_OFFICES = {
    HOUSING: ("住房和城乡建设主管部门（示例）", 2, False),
    REFORM: ("发展和改革局（示例）", 3, False),
    PROVINCE_MARKET: ("市场监督管理局（示例）", 4, True),
    PROVINCE_HOUSING: ("住房和城乡建设主管部门（示例）", 5, True),
}


def place(jurisdiction: str) -> Place:
    """The place of this id; ``KeyError`` for others."""
    return _BY_ID[jurisdiction]


@cache
def offices(jurisdiction: str) -> dict[str, tuple[Office, ...]]:
    """Every authority that a jurisdiction enters, by kind of office; of its market regulators the first is the
    place's own.
    """
    own = place(jurisdiction)
    found = {MARKET: tuple(_market(own))}
    for kind, (name, number, of_province) in _OFFICES.items():
        region, prefix = (own.province, own.province_name) if of_province else (own.region, own.name)
        found[kind] = (Office(uscc("11", region, number), prefix + name, _types_of(kind), of_province),)
    return found


def authority(jurisdiction: str, type_code: str) -> Office:
    """Who issues this type in this jurisdiction."""
    return offices(jurisdiction)[TYPES[type_code].office][0]


def _market(own: Place) -> list[Office]:
    lookup = next(lookup for lookup in profiles.load("business-licence").lookups if lookup.into == "issuer")
    issuers = [lookup.values[code] for code in (own.region, *own.aliases)]
    return [Office(issuer["uscc"], issuer["name"], _types_of(MARKET), False) for issuer in issuers]


def _types_of(office: str) -> tuple[str, ...]:
    return tuple(entry.code for entry in TYPES.values() if entry.office == office)


_BY_ID = {entry.id: entry for entry in PLACES}
