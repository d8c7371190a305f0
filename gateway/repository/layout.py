"""What is a trust repository made of? Names of files and targets, limits, and how long each role's word is good.

    REPO/metadata/1.root.json 2.root.json … 7.targets.json 9.snapshot.json timestamp.json
    REPO/targets/<sha256>.roster.json … REPO/targets/schemas/<sha256>.licence-1.0.json

Consistent snapshots of The Update Framework (TUF 1.0.34, §6.2): what a client reads is named by version or by content,
only ``timestamp.json`` is replaced. Over HTTP the same stands below ``/trust/``.

>>> target_file("schemas/licence-1.0.json", b"{}")
'schemas/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.licence-1.0.json'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from gateway.errors import CannotRun
from gateway.records.schema import SUFFIX, SchemaSet, split_name
from gateway.trust.documents import Fields
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER

METADATA, TARGETS = "metadata", "targets"
ROOT, SNAPSHOT, TIMESTAMP = "root", "snapshot", "timestamp"
TIMESTAMP_FILE = "timestamp.json"
DOCUMENTS = (ROSTER, AGREEMENTS, CATALOGUE)

MAX_ROOT, MAX_TIMESTAMP, MAX_SNAPSHOT, MAX_TARGETS = 512_000, 16_384, 2_000_000, 5_000_000
"""Bytes of a metadata file: what python-tuf's client takes."""
MAX_TARGET = 16 * 1024 * 1024
MAX_FILES = 1_000
MAX_DAYS = 3_660
MAX_KEYS = 100

_SCHEMA = re.compile(r"schemas/([a-z]{1,32})-((?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3}))\.json")


@dataclass(frozen=True, slots=True)
class Lives:
    """For how many days each role's metadata are good from the instant they are made."""

    root: int = 365
    targets: int = 365
    snapshot: int = 7
    timestamp: int = 1

    def to_json(self) -> dict[str, int]:
        """As it stands, signed, in the root."""
        return asdict(self)

    @classmethod
    def read(cls, fields: Fields) -> Lives:
        """The inverse; raises ``Refused`` ``trust.form``."""
        days = {role: fields.integer(role, 1, MAX_DAYS) for role in (ROOT, TARGETS, SNAPSHOT, TIMESTAMP)}
        fields.close()
        return cls(**days)


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(content).hexdigest()


def metadata_file(role: str, version: int) -> str:
    """Path in the repository of a version of root, targets or snapshot."""
    return f"{METADATA}/{version}.{role}.json"


def target_file(path: str, content: bytes) -> str:
    """Path below ``targets/`` of a target's bytes."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{digest(content)}.{name}" if folder else f"{digest(content)}.{name}"


def schema_target(name: str) -> str:
    """Target path of a schema: ``schemas/licence-1.0.json`` of "licence:1.0"."""
    return f"schemas/{name.replace(':', '-', 1)}.json"


def schema_name(path: str) -> str | None:
    """The inverse: "licence:1.0", or None where the path is no schema's."""
    found = _SCHEMA.fullmatch(path)
    return None if found is None else f"{found[1]}:{found[2]}"


def is_target(path: str) -> bool:
    """Whether a repository may hold a target of this path."""
    return path in DOCUMENTS or schema_name(path) is not None


def schemas_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Schema name → bytes among the targets."""
    return {name: content for path, content in files.items() if (name := schema_name(path)) is not None}


def schema_targets(folder: Path) -> dict[str, bytes]:
    """Target path → bytes of every schema file in a folder. Raises ``CannotRun`` ``schema.*``."""
    read = SchemaSet.load(folder).schemas
    for name in read:
        if split_name(name) is None:
            raise CannotRun("schema.invalid", f"{folder}/{name.replace(':', '-', 1)}{SUFFIX}: no name of a schema")
    return {schema_target(name): schema.file for name, schema in read.items()}
