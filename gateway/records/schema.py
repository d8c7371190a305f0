"""Do the data fit their schema? Published JSON Schemas (2020-12), read once, and the two validators that
judge by them.

Law 9 and DESIGN §3 (schemas): a name holds its minor ("licence:1.0"); a published file never changes; an
unknown minor of a known major is newer, not wrong. ``jsonschema-rs`` may only accept: what it does not
accept, ``jsonschema`` judges, and its errors become findings. No schema may reach outside itself, so nothing
is ever fetched.

>>> schemas = SchemaSet.built_in()
>>> schemas.names(), schemas.newer("licence:1.1")
(('credit:1.0', 'licence:1.0'), True)
>>> schemas.judge("licence:1.0", {"number": ""})[0].field
'data.disclosure'
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry

from gateway.errors import CannotRun, Finding, Refused
from gateway.records.findings import of_schema_error
from gateway.records.packaged import data_path

SUFFIX = ".schema.json"
MAX_FINDINGS = 50
MAX_NESTING = 16
_NAME = re.compile(r"([a-z]{1,32}):(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_Keyword = Callable[[Validator, Any, Any, Any], Iterator[ValidationError] | None]
_SUBSCHEMAS = ("if", "then", "else", "not")
_SUBSCHEMA_LISTS = ("allOf", "anyOf", "oneOf")


def split_name(name: str) -> tuple[str, int, int] | None:
    """("licence", 1, 0) of "licence:1.0", or None."""
    found = _NAME.fullmatch(name)
    return None if found is None else (found[1], int(found[2]), int(found[3]))


@dataclass(frozen=True, slots=True)
class Schema:
    """One published schema: its bytes, what they say, and its validators."""

    name: str
    file: bytes
    document: Mapping[str, Any]
    titles: Mapping[tuple[str, ...], str]
    quick: jsonschema_rs.Draft202012Validator
    exact: Validator

    def fits(self, data: Any) -> bool:
        """Whether the data fit."""
        return self._accepts(data) or self.exact.is_valid(data)

    def _accepts(self, data: Any) -> bool:
        """Whether the quick validator takes the data; its no counts for nothing."""
        try:
            return self.quick.is_valid(data)
        except ValueError:  # values that it cannot take in at all
            return False

    def judge(self, data: Any) -> list[Finding]:
        """What is wrong with the data, by field; at most 50 findings, none for data that fit."""
        if self._accepts(data):
            return []
        found: dict[Finding, None] = {}
        for error in islice(self.exact.iter_errors(data), MAX_FINDINGS):
            for finding in of_schema_error(error, self.titles):
                found[finding] = None
                if len(found) == MAX_FINDINGS:  # one error may stand for thousands of unknown members
                    break
        return sorted(found, key=lambda finding: (finding.field, finding.reason))[:MAX_FINDINGS]


@dataclass(frozen=True, slots=True)
class SchemaSet:
    """Schemas by name. ``digest``: SHA-256 (hex) over names and bytes, so that a changed set is seen as
    changed.
    """

    schemas: Mapping[str, Schema]
    digest: str

    @classmethod
    def load(cls, *folders: Path) -> SchemaSet:
        """Every ``<family>-<major>.<minor>.schema.json`` of the folders.

        Raises ``CannotRun``: "schema.missing" (no such folder, or none in it), "schema.invalid" (no schema,
        wrong ``$id``, or it refers outside itself), "schema.changed" (two files of one name differ: a
        published file never changes).
        """
        found: dict[str, bytes] = {}
        for file in (file for folder in folders for file in sorted(folder.glob(f"*{SUFFIX}"))):
            name = file.name.removesuffix(SUFFIX).replace("-", ":", 1)
            content = file.read_bytes()
            if found.setdefault(name, content) != content:
                raise CannotRun(
                    "schema.changed", f"{file} differs from another {name}: a published schema never changes"
                )
        if not found:
            raise CannotRun("schema.missing", f"no *{SUFFIX} in {', '.join(map(str, folders))}")
        return cls.of_files(found)

    @classmethod
    def built_in(cls) -> SchemaSet:
        """The schemas that come with the program."""
        return cls.load(data_path("schemas"))

    @classmethod
    def of_files(cls, files: Mapping[str, bytes]) -> SchemaSet:
        """From the bytes of each schema by name ("licence:1.0"); raises ``CannotRun`` "schema.invalid"."""
        ordered = sorted(files.items(), key=lambda item: split_name(item[0]) or (item[0], 0, 0))
        digest = hashlib.sha256()
        for name, file in ordered:
            digest.update(b"%s\n%d\n%s" % (name.encode(), len(file), file))
        return cls({name: _read(name, file) for name, file in ordered}, digest.hexdigest())

    def with_files(self, files: Mapping[str, bytes]) -> SchemaSet:
        """With further schemas by name. Raises ``CannotRun`` "schema.changed", "schema.invalid"."""
        for name, file in files.items():
            if name in self.schemas and self.schemas[name].file != file:
                raise CannotRun("schema.changed", f"{name} is another than before: a published schema never changes")
        more = files.keys() - self.schemas.keys()
        held = {name: one.file for name, one in self.schemas.items()}
        return SchemaSet.of_files(held | dict(files)) if more else self

    def names(self) -> tuple[str, ...]:
        """Names of all schemas, by family and version."""
        return tuple(self.schemas)

    def knows(self, name: str) -> bool:
        """Whether the schema of this name is here."""
        return name in self.schemas

    def newer(self, name: str) -> bool:
        """Whether this is an unknown minor of a known major: its envelope may be read, its data not yet
        (``schema.newer``).
        """
        asked = split_name(name)
        if asked is None or name in self.schemas:
            return False
        return any((split_name(known) or ("", 0, 0))[:2] == asked[:2] for known in self.schemas)

    def minors(self, family: str) -> list[str]:
        """The names of one family, oldest first."""
        return [name for name in self.schemas if name.partition(":")[0] == family]

    def fits(self, name: str, data: Any) -> bool:
        """Whether the data fit the schema; raises ``Refused`` "schema.unknown"."""
        return self._get(name).fits(data)

    def judge(self, name: str, data: Any) -> list[Finding]:
        """What is wrong with the data, field by field; empty when they fit. Raises ``Refused``
        "schema.unknown".
        """
        return self._get(name).judge(data)

    def _get(self, name: str) -> Schema:
        schema = self.schemas.get(name)
        if schema is None:
            raise Refused(
                "schema.unknown", f"schema {name[:80]} is not known here", field="dataschema", value=name[:80]
            )
        return schema


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _pattern(validator: Validator, pattern: str, value: object, schema: object) -> Iterator[ValidationError]:
    """``pattern`` as JSON Schema means it (ECMA-262): a final ``$`` is the very end, where Python's would let
    one newline pass.
    """
    if isinstance(value, str) and _compiled(pattern).search(value) is None:
        yield ValidationError(f"does not match {pattern}")


def _within_length(keyword: str) -> _Keyword:
    """The keyword, asked of a list only up to its ``maxItems``: an overlong one is refused for that alone.

    Looking for twins among things that can't be sorted takes time by the square; one line of 60,000 bytes could
    keep a node busy for seconds (DESIGN §3, limits).
    """
    judge: _Keyword = Draft202012Validator.VALIDATORS[keyword]

    def within(validator: Validator, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(value, list) or len(value) <= schema.get("maxItems", len(value)):
            yield from judge(validator, wanted, value, schema) or ()

    return within


_Exact: type[Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": _pattern, "items": _within_length("items"), "uniqueItems": _within_length("uniqueItems")},
)


@lru_cache(maxsize=32)  # judging a schema by its meta-schema takes 0.1 s; the same few files are read again and again
def _read(name: str, file: bytes) -> Schema:
    try:
        document = orjson.loads(file)
        Draft202012Validator.check_schema(document)
    except (ValueError, SchemaError) as error:
        raise CannotRun("schema.invalid", f"{name} is no JSON Schema: {str(error)[:200]}") from None
    identity = document.get("$id") if isinstance(document, dict) else None
    if split_name(name) is None or identity != f"urn:jjj:schema:{name}":
        raise CannotRun("schema.invalid", f"{name} has $id {identity!r}; urn:jjj:schema:{name} is wanted")
    outside = [target for target in _references(document) if not target.startswith("#/")]
    if outside:
        raise CannotRun("schema.invalid", f"{name} refers to {outside[0]!r}, outside itself")
    return Schema(
        name,
        file,
        document,
        dict(_titles(document, document, (), MAX_NESTING)),
        jsonschema_rs.Draft202012Validator(document, validate_formats=False),
        _Exact(document, registry=Registry()),
    )


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node[key] for key in ("$ref", "$dynamicRef") if isinstance(node.get(key), str))
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _titles(
    root: Any, node: Any, path: tuple[str, ...], nesting: int
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Path and title of every field; the last one given for a path is its own, not that of a reference."""
    if not isinstance(node, dict) or nesting == 0:
        return
    target = node.get("$ref")
    if isinstance(target, str):
        yield from _titles(root, _resolve(root, target), path, nesting - 1)
    branches = [node[key] for key in _SUBSCHEMAS if key in node]
    branches += [branch for key in _SUBSCHEMA_LISTS for branch in node.get(key, ())]
    for branch in branches:
        yield from _titles(root, branch, path, nesting - 1)
    for name, child in node.get("properties", {}).items():
        yield from _titles(root, child, (*path, name), nesting - 1)
    if "items" in node:
        yield from _titles(root, node["items"], (*path, "*"), nesting - 1)
    if isinstance(node.get("title"), str) and path:
        yield path, node["title"]


def _resolve(root: Any, target: str) -> Any:
    node = root
    for step in target.removeprefix("#/").split("/"):
        node = node.get(step, {}) if isinstance(node, dict) else {}
    return node
