"""What can be asked here, in a form for programs: the OpenAPI 3.1 document, made from the list of routes and nothing
else.

>>> document(ROUTES)["paths"]["/v1/search"]["get"]["parameters"][0]["name"]
'q'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway import __version__
from gateway.web import problems
from gateway.web.routing import JSON, TEXT, Param, Route

_PART = re.compile(r"\{(\w+)(?::[^{}]+)?\}")
_COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_MAYBE_COUNT: Mapping[str, Any] = {"type": ["integer", "null"], "minimum": 0}
QUESTION = ("source", "subject", "number", "holder", "type", "purpose", "case", "as_of", "known_at")
PRESENTED: Mapping[str, Any] = {
    "type": "object",
    "description": "What the party presents, by field of the data: holder.name, content, items.name.",
    "additionalProperties": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}
_MAYBE_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457 problem details; reason is stable, detail is for people.",
        "required": ["type", "title", "status", "detail", "reason"],
        "properties": {
            "type": {"type": "string", "pattern": "^urn:jjj:problem:"},
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "reason": TEXT,
            "field": TEXT,
        },
    },
    "Draft": {
        "type": "object",
        "oneOf": [{"required": ["type", "data"]}, {"required": ["signed"]}],
        "additionalProperties": False,
        "properties": {
            "type": {"type": "string", "examples": ["jjj.licence.issued"]},
            "data": {"type": "object"},
            "id": {"type": "string", "description": "UUIDv7; the node makes one where it is absent."},
            "time": {"type": "string", "description": "YYYY-MM-DDTHH:MM:SS.mmmZ; the node's clock where it is absent."},
            "signed": {"type": "string", "description": "Alone: the record line as its authority signed it, a note."},
        },
    },
    "Receipt": {
        "type": "object",
        "required": ["id", "status", "log", "index", "size"],
        "properties": {
            "id": TEXT,
            "status": {"enum": ["logged", "duplicate", "refused"]},
            "log": _MAYBE_TEXT,
            "index": _MAYBE_COUNT,
            "size": _MAYBE_COUNT,
            "reason": TEXT,
            "field": TEXT,
            "message": TEXT,
        },
    },
    "Question": {
        "type": "object",
        "description": "source and subject, or number with whatever narrows the search.",
        "properties": {**dict.fromkeys(QUESTION, TEXT), "presented": PRESENTED},
    },
    "Verdict": {
        "type": "object",
        "required": ["verdict", "headline", "checks", "slip"],
        "properties": {
            "verdict": {"enum": ["recognised", "not_recognised", "indeterminate"]},
            "headline": TEXT,
            "checks": {"type": "array", "items": {"type": "object"}},
            "slip_number": {"type": "string", "description": "Number of this answer, on paper and in the slip."},
            "slip": {"type": "string", "description": "Signed note: the whole answer in compact form."},
            "slip_code": {
                "type": "string",
                "description": "Signed note for the QR code of a printed slip; absent if it is over 400 bytes.",
            },
        },
    },
    "Log": {
        "type": "object",
        "required": ["origin", "jurisdiction", "family", "own", "size", "root", "checkpoint"],
        "properties": {
            "origin": TEXT,
            "jurisdiction": TEXT,
            "family": TEXT,
            "own": {"type": "boolean"},
            "size": _COUNT,
            "root": {"type": "string", "contentEncoding": "base64"},
            "checkpoint": _MAYBE_TEXT,
            "date": _MAYBE_TEXT,
            "age_s": {"type": ["number", "null"]},
            "lacking": _COUNT,
            "frozen": _MAYBE_TEXT,
            "witnesses": {
                "type": "array",
                "description": "Who has cosigned it, and how far.",
                "items": {"type": "object", "properties": {"witness": TEXT, "size": _COUNT, "at": TEXT}},
            },
            "ended": {"type": ["object", "null"]},
            "quarantined": _COUNT,
        },
    },
}


def ref(name: str) -> dict[str, str]:
    """A reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def canonical(template: str) -> str:
    """A route's template as OpenAPI writes it: names only, no patterns."""
    return _PART.sub(r"{\1}", template)


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document as JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(canonical(route.template), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "京津冀数据交换网关 · Beijing–Tianjin–Hebei data-exchange gateway",
            "version": __version__,
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "responses": {
                "Problem": {"description": "Problem details", "content": _content(problems.MEDIA, ref("Problem"))}
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [*_path_params(route), *map(_param, route.params)],
        "responses": {
            "200": {"description": "OK", "content": _content(route.media, route.gives)},
            **{str(status): {"$ref": "#/components/responses/Problem"} for status in route.refusals},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if not route.public:
        operation["security"] = [{"bearer": []}, {}]
    if route.takes is not None:
        one = dict(route.takes)
        many = {"oneOf": [one, {"type": "array", "items": one}]}
        operation["requestBody"] = {
            "required": True,
            "content": _content(JSON, many) | _content("application/x-ndjson", {"type": "string"}),
        }
    return operation


def _content(media: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    return {media: {} if schema is None else {"schema": schema}}


def _path_params(route: Route) -> list[dict[str, Any]]:
    described = {param.name: param for param in route.params if param.place == "path"}
    names = [found[1] for found in _PART.finditer(route.template)]
    return [_param(described.get(name, Param(name, PATHS.get(name, name), "path", required=True))) for name in names]


PATHS: Mapping[str, str] = {
    "jurisdiction": "id of a jurisdiction, as the roster names it",
    "family": "licence or credit; for the log of a successor with .<n>",
    "index": "index of a leaf, counted from 0",
    "uscc": "统一社会信用代码 of the holder",
    "number": "plain decimal, counted from 0",
    "path": "the rest of a C2SP tlog-tiles path, with slashes: <L>/<N>[.p/<W>] or entries/<N>[.p/<W>]",
    "name": "name of the file",
    "id": "id of an evidence file: jurisdiction, log, 16 hexadecimal digits",
}


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "in": param.place,
        "required": param.required,
        "description": param.description,
        "schema": dict(param.schema),
    }
