"""Who recognises what from whom, on which terms? The agreements, read strictly, and the one that covers a
question (DESIGN §7, §8).

An agreement covers by issuing and asking jurisdiction, licence type, purpose, day, and whether the issuing
authority is only carried by the jurisdiction that publishes. Where several cover, they come by id, so that
every node names the same one.

>>> agreements = parse(Path("trust/agreements.json").read_bytes())
>>> wanted = Wanted("sanhe", "tongzhou", "11100000MB0341032Y002", "证照核验", date(2026, 11, 23), carried=False)
>>> [agreement.id for agreement in agreements.covering(wanted)]
['2026-017']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from gateway.records.families import CREDIT_KINDS, TYPE_CODE
from gateway.trust.documents import IDENTIFIER, Fields, parse_document, refuse, unique

ANY = "*"
RESTRICTED, NOTICE = "restricted", "notice"
EFFECTS = (RESTRICTED, NOTICE)


@dataclass(frozen=True, slots=True)
class CreditTerm:
    """What a kind of credit fact does: ``restricted`` (no recognition) or ``notice``, and on which ground."""

    kind: str
    effect: str
    ground: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an agreement must cover. ``day``: the day asked about; ``carried``: the issuer stands outside
    ``source``.
    """

    source: str
    asking: str
    type_code: str
    purpose: str
    day: date
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement. ``witnesses``: jurisdictions other than the owner that must cosign; ``freshness_s``:
    greatest age in seconds; ``unchanged``: fields that must be the same as issued; ``otherwise``: what happens
    where it doesn't recognise."""

    id: str
    title: str
    issued_by: frozenset[str]
    recognised_by: frozenset[str]
    types: frozenset[str]
    purposes: frozenset[str]
    since: date
    until: date | None
    witnesses: int
    freshness_s: int
    carried: bool
    unchanged: tuple[str, ...]
    credit: tuple[CreditTerm, ...]
    otherwise: str

    def term(self, kind: str) -> CreditTerm | None:
        """What the agreement says about this kind of credit fact."""
        return next((term for term in self.credit if term.kind == kind), None)

    def gap(self, wanted: Wanted) -> str | None:
        """None if it covers, else the first thing it doesn't cover, as a reason."""
        return next((reason for reason, covers in _COVERS if not covers(self, wanted)), None)


_COVERS: tuple[tuple[str, Callable[[Agreement, Wanted], bool]], ...] = (
    ("agreement.none", lambda own, wanted: wanted.source in own.issued_by and wanted.asking in own.recognised_by),
    ("agreement.type", lambda own, wanted: ANY in own.types or wanted.type_code in own.types),
    ("agreement.purpose", lambda own, wanted: ANY in own.purposes or wanted.purpose in own.purposes),
    ("agreement.day", lambda own, wanted: own.since <= wanted.day and (own.until is None or wanted.day <= own.until)),
    ("agreement.carried", lambda own, wanted: own.carried or not wanted.carried),
)
"""In the order in which a gap is named: the further down, the nearer the agreement came to covering."""
_NEARNESS = {reason: nearness for nearness, (reason, _) in enumerate(_COVERS)}


@dataclass(frozen=True, slots=True)
class Agreements:
    """All agreements, by id."""

    version: int
    agreements: tuple[Agreement, ...]

    def covering(self, wanted: Wanted) -> tuple[Agreement, ...]:
        """Every agreement that covers, by id."""
        return tuple(agreement for agreement in self.agreements if agreement.gap(wanted) is None)

    def gap(self, wanted: Wanted) -> str:
        """Why none covers: what the agreement that came nearest lacks."""
        gaps = (agreement.gap(wanted) for agreement in self.agreements)
        return max((gap for gap in gaps if gap is not None), key=_NEARNESS.__getitem__, default="agreement.none")


def parse(document: bytes) -> Agreements:
    """Read agreements (DESIGN §7). Optional member: ``until``.

    Raises ``Refused`` ``trust.form`` with the field's path.
    """
    fields = Fields(parse_document(document), "")
    version = fields.integer("version", least=1)
    agreements = fields.each("agreements", _agreement)
    fields.close()
    unique("agreements.id", (agreement.id for agreement in agreements))
    return Agreements(version, tuple(sorted(agreements, key=lambda agreement: agreement.id)))


def _agreement(fields: Fields) -> Agreement:
    since = fields.day("since")
    until = fields.day("until") if fields.has("until") else None
    if until is not None and until < since:
        refuse(fields.at("until"), "is before since", "早于起始日期", rule="since <= until")
    credit = fields.each("credit", _term)
    unique(fields.at("credit"), (term.kind for term in credit))
    return Agreement(
        id=fields.text("id"),
        title=fields.text("title"),
        issued_by=_some(fields, "issued_by"),
        recognised_by=_some(fields, "recognised_by"),
        types=frozenset(_types(fields)),
        purposes=frozenset(fields.texts("purposes")),
        since=since,
        until=until,
        witnesses=fields.integer("witnesses", most=100),
        freshness_s=fields.integer("freshness_s", least=1),
        carried=fields.flag("carried"),
        unchanged=fields.texts("unchanged"),
        credit=credit,
        otherwise=fields.text("otherwise"),
    )


def _some(fields: Fields, name: str) -> frozenset[str]:
    found = fields.texts(name, IDENTIFIER)
    if not found:
        refuse(fields.at(name), "names no jurisdiction", "至少列一个地区", rule="at least one")
    return frozenset(found)


def _types(fields: Fields) -> tuple[str, ...]:
    found = fields.texts("types")
    for code in found:
        if code != ANY and TYPE_CODE.fullmatch(code) is None:
            rule = f"* or {TYPE_CODE.pattern}"
            refuse(fields.at("types"), f"{code} is no type code", f"{code} 不是证照类型代码", rule=rule, value=code)
    return found


def _term(fields: Fields) -> CreditTerm:
    kind, effect = fields.text("kind"), fields.text("effect")
    if kind not in CREDIT_KINDS:
        told, rule = f"{kind} is no kind of credit fact", ", ".join(CREDIT_KINDS)
        refuse(fields.at("kind"), told, f"{kind} 不是信用事项种类，可用：{rule}", rule=rule, value=kind)
    if effect not in EFFECTS:
        told, rule = f"{effect} is no effect", ", ".join(EFFECTS)
        refuse(fields.at("effect"), told, f"{effect} 不是效果，可用：{rule}", rule=rule, value=effect)
    return CreditTerm(kind, effect, fields.text("ground"))
