"""Which keys, agreements and schemas does this node go by? The files themselves, byte for byte, for partners and
auditors.

>>> await document(request)  # GET /trust/roster.json
"""

from __future__ import annotations

from aiohttp import web

from gateway.errors import GatewayError, Refused
from gateway.records.schema import SUFFIX
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER
from gateway.web.answers import file_answer, json_answer
from gateway.web.parts import TRUST

DOCUMENTS = (ROSTER, AGREEMENTS, CATALOGUE)
JSON = "application/json"


async def document(request: web.Request) -> web.StreamResponse:
    """GET /trust/{name}: roster, agreements or catalogue as it lies on the disk."""
    name = request.match_info["name"]
    if name not in DOCUMENTS:
        raise Refused("not_found.file", f"there are {', '.join(DOCUMENTS)}, and schemas/")
    try:
        return file_answer((request.app[TRUST].folder / name).read_bytes(), JSON)
    except OSError as error:
        raise GatewayError("trust.missing", f"{name} can't be read: {error.strerror}") from error


async def schemas(request: web.Request) -> web.StreamResponse:
    """GET /trust/schemas/: names of the schema files in force."""
    return json_answer({"schemas": [_file_name(name) for name in request.app[TRUST].current.schemas.names()]})


async def schema(request: web.Request) -> web.StreamResponse:
    """GET /trust/schemas/{name}: one schema file as published."""
    wanted = request.match_info["name"]
    for name, found in request.app[TRUST].current.schemas.schemas.items():
        if _file_name(name) == wanted:
            return file_answer(found.file, JSON)
    raise Refused("not_found.file", "no schema file of this name is in force here")


def _file_name(name: str) -> str:
    return name.replace(":", "-") + SUFFIX
