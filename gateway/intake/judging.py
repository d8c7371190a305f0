"""Would any node take this record? The rules that need neither a log nor a roster, before a row leaves the department.

So a dry run says what a node would say, a clerk gets every finding in Chinese, and neither natural persons nor
identity numbers travel (DESIGN §3). The node judges all again, and by its own trust data; what it alone can know
(issuer, id, order) it alone refuses. Schemas are those that come with the program.

>>> judge(draft, schemas)
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from gateway.errors import Refused
from gateway.intake.drafts import RowDraft
from gateway.records import compact, families
from gateway.records.record import check_data, judge_content, read_envelope
from gateway.records.schema import SchemaSet

_ID = "01912345-0000-7000-8000-000000000000"  # any id, any instant: neither is judged here
_TIME = "2026-01-01T00:00:00.000Z"


def judge(draft: RowDraft, schemas: SchemaSet) -> None:
    """Raise ``Refused`` with all its findings where no node would take the record. Reasons: ``records``.

    What a correction names stands in a log, so of that only its form is judged.
    """
    family = families.family_of_type(draft.type)
    minors = schemas.minors(family)
    schema = next((name for name in minors[:-1] if schemas.fits(name, draft.data)), minors[-1])
    if families.is_correction(draft.type):
        check_data(draft.type, schema, draft.data, schemas)
        return
    envelope = {
        "specversion": "1.0",
        "id": draft.id or _ID,
        "source": f"urn:jjj:{draft.jurisdiction}",
        "type": draft.type,
        "subject": _subject(draft, family, schema, schemas),
        "time": _TIME,
        "datacontenttype": "application/json",
        "dataschema": f"urn:jjj:schema:{schema}",
        "data": draft.data,
    }
    judge_content(read_envelope(_line(envelope)), schemas)


def _subject(draft: RowDraft, family: str, schema: str, schemas: SchemaSet) -> str:
    try:
        return families.subject_of_data(family, draft.data)
    except Refused as refused:
        if refused.reason == "subject.data":
            check_data(draft.type, schema, draft.data, schemas)  # names every fault, if any
        raise


def _line(envelope: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(envelope)
    except TypeError:  # half a character, a number too large: the exact encoder names it
        return compact.encode(envelope)
