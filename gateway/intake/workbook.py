"""Which sheets does a workbook have, and what do their cells refer to? An XLSX file (ECMA-376) opened by openpyxl,
within bounds.

Of a hostile file nothing is believed. Before openpyxl sees a part, its stated size is held against the limits (what is
unpacked is never more: ``zipfile`` stops there) and every byte of it has passed the ``Guard``: no document type, no
entities, no other encoding, no flood of elements (docs/decisions/013).

>>> with Workbook(Path("permits.xlsx"), Limits()) as workbook:
...     [sheet.title for sheet in workbook.sheets]
['许可公示']
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import WINDOWS_EPOCH
from openpyxl.xml.constants import ARC_STYLE, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring

from gateway.errors import Refused
from gateway.intake.numberformats import NumberForm, form_of
from gateway.intake.rows import MIB, Limits, refused

_MOST_PARTS = 2_000
_MOST_SHEETS = 256
_MOST_TAGS = 2_000_000
_OTHER_PART_BYTES = 16 * MIB
_LONGEST_TOKEN = MIB
_LONGEST_DIRECTORY = MIB
_LONGEST_END = 22 + 65_535
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_MAIN = f"{{{SHEET_MAIN_NS}}}"
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_STRINGS = "xl/sharedstrings.xml"
_XML = (".xml", ".rels")
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its title, its part of the archive, whether it is shown."""

    title: str
    part: str
    visible: bool


@dataclass(slots=True)
class Book:
    """What the cells of every sheet refer to: texts, number forms by style, and when days begin to count."""

    strings: list[str] = field(default_factory=list)
    forms: list[NumberForm] = field(default_factory=list)
    epoch: datetime = WINDOWS_EPOCH


class Workbook:
    """An open XLSX file."""

    def __init__(self, path: Path, limits: Limits) -> None:
        """Raises ``Refused`` "table.kind" for what is no ZIP, "table.form", "table.size"."""
        self._limits = limits
        self._file = path.open("rb")
        try:
            _check_directory(self._file)
            with one_error():
                reader = ExcelReader(self._file, read_only=True, data_only=True, keep_links=False)
                self._archive: zipfile.ZipFile = reader.archive
                self._check_parts()
                self.book, self.sheets = _opened(reader)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Workbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()
        self._file.close()

    @contextmanager
    def part(self, sheet: Sheet) -> Iterator[Guard]:
        """The bytes of a sheet, guarded."""
        with self._archive.open(sheet.part) as source:
            yield Guard(source, 8 * self._limits.cells)

    def _check_parts(self) -> None:
        """Refuse the archive for its number of parts, for their stated sizes, and for what the small ones hold."""
        parts = self._archive.infolist()
        if len(parts) > _MOST_PARTS or len({part.filename for part in parts}) < len(parts):
            raise no_form(f"{len(parts)} parts, or two of one name")
        for part in parts:
            name = part.filename.lower()
            if not name.endswith(_XML):
                continue  # pictures and the like are never unpacked
            if part.compress_type not in _PACKINGS:
                raise no_form(f"{name[:80]} is packed in a way that workbooks don't use")
            is_sheet = name.startswith("xl/worksheets/") and not name.endswith(".rels")
            most = self._most_bytes(name, is_sheet=is_sheet)
            if part.file_size > most:
                zh = f"解压后超过 {most // MIB} MB，请拆分或另存为 CSV"
                raise refused("table.size", f"{name} unpacks to {part.file_size} bytes; {most} are allowed", zh)
            if not is_sheet:
                with self._archive.open(part) as source:
                    Guard(source, _MOST_TAGS + 4 * self._limits.cells * (name == _STRINGS)).exhaust()

    def _most_bytes(self, name: str, *, is_sheet: bool) -> int:
        if is_sheet:
            return self._limits.sheet_bytes
        return self._limits.strings_bytes if name == _STRINGS else _OTHER_PART_BYTES


class Guard:
    """A part of a workbook as a file, whose bytes pass only as long as they are plain XML in UTF-8 of bounded parts.

    ``<!`` begins document types, entities, comments and CDATA, of which a sheet needs none; tags are counted, because
    the parser's memory goes with them; a token without end would be read again with every chunk.
    """

    def __init__(self, source: IO[bytes], most_tags: int) -> None:
        self._source = source
        self._left = most_tags
        self._silent = 0
        self._tail = b""

    def read(self, size: int = 1 << 16) -> bytes:
        """The next bytes; raises ``Refused`` "table.form", "table.size"."""
        with one_error():
            chunk = self._source.read(size)
        if not self._tail:
            _check_start(chunk)
        self._left -= chunk.count(b"<")
        if self._left < 0:
            raise refused("table.size", "a part with too many cells", "单元格过多，请拆分或另存为 CSV")
        self._silent = 0 if b"<" in chunk else self._silent + len(chunk)
        if self._silent > _LONGEST_TOKEN:
            raise no_form("a token of over 1 MiB")
        if b"\0" in chunk or b"<!" in self._tail[-1:] + chunk:
            raise no_form("a document type, a comment or an encoding that no workbook needs")
        self._tail = chunk[-1:] or self._tail
        return chunk

    def exhaust(self) -> None:
        """Read it all for nothing but the checks."""
        while self.read():
            pass


def _check_start(chunk: bytes) -> None:
    found = _ENCODING.search(chunk[:1024])
    if found is not None and found[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        raise no_form(f"encoding {found[1][:40]!r}")


@contextmanager
def one_error() -> Iterator[None]:
    """Whatever library code raises for hostile bytes is one refusal."""
    try:
        yield
    except (Refused, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 (any: openpyxl names none of its own)
        raise no_form(f"{type(error).__name__}: {str(error)[:200]}") from None


def _opened(reader: Any) -> tuple[Book, tuple[Sheet, ...]]:
    """Strings, styles, calendar and sheets as openpyxl reads them; its own rows, properties and pictures stay out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader.read_manifest()
        _check_names(reader.package)
        reader.read_strings()
        reader.read_workbook()
    sheets = tuple(
        Sheet(sheet.name, rel.target, sheet.state == "visible")
        for sheet, rel in reader.parser.find_sheets()
        if rel.target in reader.valid_files and rel.target.lower().endswith(_XML) and "chartsheet" not in rel.Type
    )
    if not 0 < len(sheets) <= _MOST_SHEETS:
        raise no_form(f"{len(sheets)} sheets")
    return Book(reader.shared_strings, _forms(reader.archive), reader.wb.epoch), sheets


def _check_names(package: Any) -> None:
    """What openpyxl will read has passed the guard, which looks at parts of these names."""
    for part in package.Override:
        if part.ContentType.endswith("xml") and not part.PartName.lower().endswith(_XML):
            raise no_form(f"part {part.PartName[:80]}")


def _forms(archive: zipfile.ZipFile) -> list[NumberForm]:
    """Number forms of the cell styles, in their order (cellXfs). openpyxl's own reading of styles refuses workbooks
    whose styles say no more than this, and knows no Chinese date formats.
    """
    if ARC_STYLE not in archive.namelist():
        return []
    styles = fromstring(archive.read(ARC_STYLE))
    own = {each.get("numFmtId", ""): each.get("formatCode", "") for each in styles.iter(f"{_MAIN}numFmt")}
    cells = styles.find(f"{_MAIN}cellXfs")
    numbers = [each.get("numFmtId", "0") for each in (() if cells is None else cells)]
    return [form_of(int(number), own.get(number)) for number in numbers]


def _check_directory(file: IO[bytes]) -> None:
    """Refuse what is no ZIP, and a directory too long to be a workbook's, before it is read whole into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _LONGEST_END))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        zh = "不是 .xlsx 文件；旧版 .xls 或加密文件请另存为未加密的 .xlsx"
        raise refused("table.kind", "no XLSX; save an old .xls, or a file with a password, as plain .xlsx", zh)
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    locator = tail[max(0, at - 20) : at]
    if locator.startswith(_END_64):
        file.seek(min(int.from_bytes(locator[8:16], "little"), size))
        length = int.from_bytes(file.read(48)[40:48], "little")
    if length > _LONGEST_DIRECTORY:
        raise no_form("the archive's directory is over 1 MiB long")
    file.seek(0)


def no_form(message: str) -> Refused:
    """The refusal of a workbook that isn't one."""
    return refused("table.form", message, "工作簿文件已损坏或格式不正确，请用表格软件另存为新的 .xlsx 文件")
