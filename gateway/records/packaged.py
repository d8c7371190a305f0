"""Where are the files that come with the program? The only place of this room that looks at the disk.

A wheel carries them inside the package (``gateway/_data/schemas``); a checkout has them at its top
(``schemas``), where people look.

>>> data_path("schemas").name
'schemas'
"""

from __future__ import annotations

from pathlib import Path

from gateway.errors import CannotRun

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "_data", _PACKAGE.parent)


def data_path(name: str) -> Path:
    """The folder or file of this name, relative to the data ("schemas", "keys/example"); raises ``CannotRun``
    "package.data".
    """
    for place in _PLACES:
        if (place / name).exists():
            return place / name
    raise CannotRun(
        "package.data", f"{name} is in none of {', '.join(map(str, _PLACES))}: install the package again"
    )
