"""In which encoding is a CSV file written? UTF-8, else GB18030, decided over the whole file before a row is used.

Law 10: GB18030 gives some character to nearly any bytes, so a damaged UTF-8 file must not pass for it. A text in
GB18030 stops being valid UTF-8 within its first few characters; one that was good UTF-8 for longer, or says so by its
BOM, is a damaged file.

>>> detect(Path("companies.csv"))
'utf-8-sig'
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Refused

_CHUNK = 1 << 20
_CHANCE = 8  # characters beyond ASCII that GB18030 text may by chance share with UTF-8 before its first fault
_OTHER_KINDS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "XLSX (ZIP)",
    b"\xd0\xcf\x11\xe0": "XLS",
}


@dataclass(frozen=True, slots=True)
class _Fault:
    """Where decoding stops: the byte's position, and how many characters beyond ASCII were read before it."""

    position: int
    characters: int


def detect(path: Path) -> str:
    """ "utf-8-sig" (UTF-8, BOM or none) or "gb18030". Raises ``Refused`` "table.encoding"."""
    with path.open("rb") as file:
        start = file.read(4)
    for magic, kind in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise _no_encoding(f"this is {kind}; save it as CSV UTF-8", f"这是 {kind} 文件，请另存为“CSV UTF-8”格式")
    fault = _first_fault(path, "utf-8")
    if fault is None:
        return "utf-8-sig"
    if fault.characters > _CHANCE or start.startswith(codecs.BOM_UTF8):
        raise _no_encoding(
            f"UTF-8 damaged at byte {fault.position + 1}", f"UTF-8 编码在第 {fault.position + 1} 个字节处损坏"
        )
    other = _first_fault(path, "gb18030")
    if other is not None:
        raise _no_encoding(
            f"neither UTF-8 (byte {fault.position + 1}) nor GB18030 (byte {other.position + 1})",
            f"既不是 UTF-8（第 {fault.position + 1} 个字节）也不是 GB18030（第 {other.position + 1} 个字节）",
        )
    return "gb18030"


def _first_fault(path: Path, encoding: str) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    at = characters = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            waiting = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return _Fault(
                    at - waiting + error.start, characters + _beyond_ascii(error.object[: error.start].decode(encoding))
                )
            at += len(chunk)
            characters += _beyond_ascii(text)
            if not chunk:
                return None


def _beyond_ascii(text: str) -> int:
    return 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))


def _no_encoding(message: str, zh: str) -> Refused:
    return Refused("table.encoding", message, zh=zh)
