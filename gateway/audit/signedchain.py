"""Are the trust data that an audit goes by those that enough jurisdictions have signed? From a root of one's own to the
documents, link by link (DESIGN §7, TUF).

Age is no fault of an archive: the chain is judged as of the end of its own timestamp. Without a root of one's own the
documents are taken as they are found, and the report says so.

>>> told(verify(Path("export/trust"), (Path("export/schemas"),), Path("1.root.json")))
'信任数据经签名链核验：根版本 2 … · the trust data are signed: root version 2 …'
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gateway.errors import CannotRun
from gateway.instants import format_time
from gateway.records.packaged import data_path
from gateway.repository import client, layout
from gateway.repository.client import Verified

METADATA_FILE = re.compile(r"([1-9][0-9]{0,9}\.(root|targets|snapshot)|timestamp)\.json")
MOST_FILES = 2_000


def read_root(file: Path) -> bytes:
    """A root of one's own. Raises ``CannotRun`` ``trust.root``."""
    try:
        with file.open("rb") as opened:
            root = opened.read(layout.MAX_ROOT + 1)
    except OSError as error:
        raise CannotRun("trust.root", f"{file} can't be read: {error.strerror}") from error
    client.root_keys(root)
    return root


def metadata_names(folder: Path) -> list[str]:
    """Signed metadata beside trust documents."""
    place = folder / layout.METADATA
    return sorted(file.name for file in place.glob("*.json") if METADATA_FILE.fullmatch(file.name))[:MOST_FILES]


def verify(folder: Path, schemas: Sequence[Path], root: bytes) -> Verified:
    """Hold the documents of a folder, and the schemas beside them, against the metadata there. Raises ``Refused``
    ``trust.*``: ``trust.unsigned`` where there are none; ``CannotRun`` ``trust.root`` for a root that is none.
    """
    with tempfile.TemporaryDirectory(prefix="jjj-chain-") as home:
        return client.verify_folder(folder, root, Path(home), schemas=(*schemas, data_path("schemas")))


def told(found: Verified) -> str:
    """In both languages, for the report."""
    versions, end = found.versions, format_time(found.expires["timestamp"] * 1000)
    return (
        f"信任数据经签名链核验：根版本 {versions['root']}（{found.threshold}/{found.keys}），"
        f"目标版本 {versions['targets']}，时间戳至 {end} · the trust data are signed: root version {versions['root']}"
        f" ({found.threshold} of {found.keys}), targets version {versions['targets']}, timestamp good until {end}"
    )
