"""How is a followed record told? One line of JSON around the record as it was signed, and one row of a table.

The record's own bytes and its signature lines stand in the line as they came: ``record``, a line feed twice, then
``signature`` is the entry of the log, so that whoever keeps the line can have it checked again. In tables, lists stand
in one cell, and no cell is run as a formula.

>>> line(Told("jjj.example/sanhe/licence", "licence", 7, 1795400000, subject, entry))
b'{"log":"jjj.example/sanhe/licence","index":7,"logged":"2026-11-23T02:13:20.000Z","record":{…},"signature":"— …"}\\n'
>>> line(Told("jjj.example/sanhe/credit", "credit", 9, 1795400000, subject, b"", Gone.NOT_PUBLIC))
b'{"log":"jjj.example/sanhe/credit","index":9,"logged":"2026-…","gone":"91110112MA…","because":"not_public"}\\n'
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from gateway.errors import Refused
from gateway.instants import format_time
from gateway.intake.rejects import defused
from gateway.records import compact
from gateway.records.fields import CORRECTION, LIST, fields
from gateway.records.identifiers import mask_resident_numbers
from gateway.records.schema import SchemaSet

BOM = b"\xef\xbb\xbf"
BETWEEN = "；"
PLACE = ("日志", "序号", "记录时间", "记录编号", "记录类型", "主题", "陈述时间")


class Gone(StrEnum):
    """Why what was told before is to be used no longer: a fact may be shown no longer; a record is not believed."""

    NOT_PUBLIC = "not_public"
    REFUSED = "refused"


IN_TABLES = {Gone.NOT_PUBLIC: "不再公示", Gone.REFUSED: "不再采信"}
"""What stands as the type of a row that takes something back."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a leaf. ``logged``: s; ``subject``: what it is about; ``entry``: the signed record as logged, b""
    where something told before is taken back, ``gone`` saying why.
    """

    log: str
    family: str
    index: int
    logged: int
    subject: str
    entry: bytes
    gone: Gone | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column behind those of the place: its heading, and the path of the field in the data."""

    heading: str
    path: str


def line(told: Told) -> bytes:
    """The line of a record; of what is taken back its subject alone."""
    head = {"log": told.log, "index": told.index, "logged": format_time(told.logged * 1000)}
    if told.gone is not None:
        return orjson.dumps({**head, "gone": told.subject, "because": told.gone}) + b"\n"
    record, _, signature = told.entry.partition(b"\n\n")
    return orjson.dumps(head)[:-1] + b',"record":' + record + b',"signature":' + _text(signature) + b"}\n"


def _text(raw: bytes) -> bytes:
    return orjson.dumps(raw.decode())


def refusal(log: str, index: int, logged: int, entry: bytes, refused: Refused) -> bytes:
    """The line of a leaf that the gate refused: why, and what it claims to be; nothing of its content."""
    subject, record_id = compact.peek(entry.rpartition(b"\n\n")[0])
    found = {
        "log": log,
        "index": index,
        "logged": format_time(logged * 1000),
        "subject": subject,
        "id": record_id,
        "reason": refused.reason,
        "field": refused.field,
        "message": refused.message[:500],
    }
    return orjson.dumps({name: _masked(value) for name, value in found.items() if value is not None}) + b"\n"


def _masked(value: object) -> object:
    return mask_resident_numbers(value) if isinstance(value, str) else value


def columns(schemas: SchemaSet, family: str) -> tuple[Column, ...]:
    """A column for every field that is a value or a list, then those of corrections; no heading stands twice."""
    own = [field for field in fields(schemas, family) if not field.of_object and LIST not in field.path]
    taken = {field.path for field in own}
    of_corrections = fields(schemas, family, CORRECTION)
    more = [field for field in of_corrections if not field.of_object and field.path not in taken]
    found: dict[str, Column] = {}
    for field in (*own, *more):
        heading = field.title if field.title not in found else f"{field.title}（{field.path}）"
        found[heading] = Column(heading, field.path)
    return tuple(found.values())


def header(found: Sequence[Column]) -> bytes:
    """The first row of a table, with the mark by which spreadsheets know UTF-8."""
    return BOM + _csv([*PLACE, *(column.heading for column in found)])


def row(told: Told, paths: Sequence[str]) -> bytes:
    """A leaf as a row: its place, then the data at these paths."""
    place = [told.log, str(told.index), format_time(told.logged * 1000)]
    if told.gone is not None:
        return _csv([*place, "", IN_TABLES[told.gone], told.subject, *[""] * (len(paths) + 1)])
    record = orjson.loads(told.entry.partition(b"\n\n")[0])
    about = [record[name] for name in ("id", "type", "subject", "time")]
    return _csv([*place, *about, *(_cell(_at(record["data"], path)) for path in paths)])


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return BETWEEN.join(value)
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _csv(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([defused(cell) for cell in cells])
    return text.getvalue().encode()
