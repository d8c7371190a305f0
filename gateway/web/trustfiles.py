"""Which keys, agreements and schemas does this node go by? The files themselves, byte for byte, for partners and
auditors; and where they are signed, the repository as this node has verified it, for any TUF client.

>>> await document(request)  # GET /trust/roster.json
"""

from __future__ import annotations

from aiohttp import web

from gateway.errors import Refused
from gateway.records.schema import SUFFIX
from gateway.repository import layout
from gateway.web.answers import FOR_EVER, file_answer, json_answer
from gateway.web.parts import TRUST

JSON = "application/json"


async def document(request: web.Request) -> web.StreamResponse:
    """GET /trust/{name}: roster, agreements or catalogue in force."""
    name = request.match_info["name"]
    if name not in layout.DOCUMENTS:
        raise Refused("not_found.file", f"there are {', '.join(layout.DOCUMENTS)}, schemas/, metadata/ and targets/")
    return file_answer(request.app[TRUST].document(name), JSON)


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


async def metadata_names(request: web.Request) -> web.StreamResponse:
    """GET /trust/metadata/: names of the signed metadata; none where trust data are not signed."""
    below = f"{layout.METADATA}/"
    files = sorted(path.removeprefix(below) for path in request.app[TRUST].files if path.startswith(below))
    return json_answer({"metadata": files})


async def metadata(request: web.Request) -> web.StreamResponse:
    """GET /trust/metadata/{name}: signed metadata as verified here."""
    name = request.match_info["name"]
    return _signed(request, f"{layout.METADATA}/{name}", "" if name == layout.TIMESTAMP_FILE else FOR_EVER)


async def target(request: web.Request) -> web.StreamResponse:
    """GET /trust/targets/{path}: a signed target by its digest."""
    return _signed(request, f"{layout.TARGETS}/{request.match_info['path']}", FOR_EVER)


def _signed(request: web.Request, path: str, caching: str) -> web.StreamResponse:
    body = request.app[TRUST].files.get(path)
    if body is None:
        raise Refused("not_found.file", "no such file was verified here")
    return file_answer(body, JSON, caching)


def _file_name(name: str) -> str:
    return name.replace(":", "-") + SUFFIX
