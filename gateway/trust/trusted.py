"""What is accepted now? Roster, agreements, catalogue and schemas, read whole or not at all (DESIGN §7, law 10).

Frozen: whoever decides something takes one ``TrustData`` and keeps to it. ``load`` is the one function of this
room that reads files.

>>> trust = load(Path("trust"))
>>> trust.roster.version, trust.digest[:8]
(3, 'e3b0c442')
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import GatewayError
from gateway.records.packaged import data_path
from gateway.records.schema import SchemaSet
from gateway.trust import agreements as agreements_file
from gateway.trust import catalogue as catalogue_file
from gateway.trust import roster as roster_file
from gateway.trust.agreements import Agreements
from gateway.trust.catalogue import Catalogue
from gateway.trust.roster import Roster

ROSTER, AGREEMENTS, CATALOGUE = "roster.json", "agreements.json", "catalogue.json"


@dataclass(frozen=True, slots=True)
class TrustData:
    """All that the gate and the verdict rest on. ``digest``: SHA-256 (hex) over every byte it was read from."""

    roster: Roster
    agreements: Agreements
    catalogue: Catalogue
    schemas: SchemaSet
    digest: str


def assemble(roster: bytes, agreements: bytes, catalogue: bytes, schemas: SchemaSet) -> TrustData:
    """Trust data from the bytes of the three documents; raises ``Refused`` ``trust.form``."""
    digest = hashlib.sha256()
    for part in (roster, agreements, catalogue, schemas.digest.encode()):
        digest.update(b"%d\n%s" % (len(part), part))
    return TrustData(
        roster_file.parse(roster),
        agreements_file.parse(agreements),
        catalogue_file.parse(catalogue),
        schemas,
        digest.hexdigest(),
    )


def load(folder: Path, schema_folders: Sequence[Path] = ()) -> TrustData:
    """Read ``roster.json``, ``agreements.json`` and ``catalogue.json`` of a folder.

    Schemas are the built-in ones and those of the folders. Raises ``GatewayError`` ``trust.missing`` naming the file
    that can't be read, ``Refused`` ``trust.form`` for what is wrong in one, ``CannotRun`` ``schema.*`` for schemas.
    """
    roster, agreements, catalogue = (_read(folder / name) for name in (ROSTER, AGREEMENTS, CATALOGUE))
    return assemble(roster, agreements, catalogue, SchemaSet.load(data_path("schemas"), *schema_folders))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise GatewayError("trust.missing", f"{file} can't be read: {error.strerror}") from error
