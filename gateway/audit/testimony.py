"""What evidence of forks lies beside the logs, and does each file prove what it says? (law 8)

Evidence is no fault of who keeps it: a file that proves its case is named in the report, and the audit stays clean.
One that can't be read, or proves nothing, is a finding.

>>> testimony.look([("evidence/sanhe-licence-….json", raw)], trust)
([], ['evidence/…: jjj.example/sanhe/licence [log.fork] …'])
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.audit.report import AuditFinding, found_error
from gateway.errors import Refused
from gateway.ledger import evidencefile
from gateway.ledger.evidencefile import ENDED, MOST_BYTES
from gateway.node import exhibits
from gateway.node.exhibits import EVIDENCE
from gateway.trust.trusted import TrustData

Files = list[tuple[str, bytes]]
"""(path as people find it, bytes) of each evidence file."""
MOST_FILES = 10_000


def look(files: Iterable[tuple[str, bytes]], trust: TrustData | None) -> tuple[list[AuditFinding], list[str]]:
    """(findings, notices): what proves nothing, and what proves something."""
    findings, notices = [], []
    for path, raw in files:
        try:
            evidence = evidencefile.parse(raw)
            if trust is None and evidence.clash.reason == ENDED:
                continue  # rests on a roster
            proven = evidencefile.judge(evidence) if trust is None else exhibits.judge(evidence, trust)
        except Refused as refused:
            findings.append(found_error(refused, file=path))
            continue
        what = f"{proven.zh} · {proven.told}"
        notices.append(f"证据 evidence {path}: {evidence.origin} [{evidence.clash.reason}] {what}")
    return findings, notices


def in_folder(folder: Path) -> Files:
    """The evidence files below a node's data folder or an export."""
    found = []
    for file in sorted((folder / EVIDENCE).glob("*.json"))[:MOST_FILES] if (folder / EVIDENCE).is_dir() else ():
        try:
            with file.open("rb") as opened:
                found.append((f"{EVIDENCE}/{file.name}", opened.read(MOST_BYTES + 1)))
        except OSError:
            found.append((f"{EVIDENCE}/{file.name}", b""))
    return found
