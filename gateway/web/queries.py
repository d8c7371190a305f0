"""What does the query string ask? Each value read once, within limits; an error names the parameter.

>>> whole(request, "limit", default=100, least=1, most=1000)
100
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiohttp import web

from gateway.errors import Refused

LONGEST = 2_000
_WHOLE = re.compile(r"0|[1-9][0-9]{0,15}")


def text(request: web.Request, name: str) -> str:
    """A text that must be there, once and not empty. Raises ``Refused`` ``query.missing`` or ``query.form``."""
    value = optional(request, name)
    if value is None or not value.strip():
        raise Refused("query.missing", f"the query needs {name}=…", field=name)
    return value


def optional(request: web.Request, name: str) -> str | None:
    """A text that may be there, once. Raises ``Refused`` ``query.form``."""
    values = request.query.getall(name, [])
    if len(values) > 1:
        raise Refused("query.form", f"{name} stands {len(values)} times in the query", field=name)
    if values and len(values[0]) > LONGEST:
        raise Refused("query.form", f"{name} is longer than {LONGEST} characters", field=name)
    return values[0] if values else None


def whole(request: web.Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number within limits, or the default. Raises ``Refused`` ``query.form``."""
    value = optional(request, name)
    if value is None:
        return default
    return number(value, name, least=least, most=most)


def one_of(request: web.Request, name: str, values: Sequence[str]) -> str:
    """One of the values named, the first where it is absent. Raises ``Refused`` ``query.form``."""
    value = optional(request, name)
    if value is None:
        return values[0]
    if value not in values:
        raise Refused("query.form", f"{name} is one of {', '.join(values)}", field=name)
    return value


def number(value: str, name: str, *, least: int, most: int) -> int:
    """A plain decimal within limits. Raises ``Refused`` ``query.form``."""
    if _WHOLE.fullmatch(value) is None or not least <= int(value) <= most:
        raise Refused("query.form", f"{name} is a whole number from {least} to {most}", field=name)
    return int(value)
