"""The page for partners says what the gateway does, byte for byte, and what it shows can be believed by an outsider."""

from __future__ import annotations

from pathlib import Path

import pytest
import topic_log

from gateway.records.packaged import data_path
from gateway.records.schema import SchemaSet
from gateway.trust import gate
from gateway.trust.gate import Place
from gateway.trust.trusted import TrustData, assemble
from tests.docs import worked
from tests.records.builders import TYPE_CODES
from tests.trust import papers

AGAIN = "write it anew: .venv/bin/python -m tests.docs.worked"


@pytest.fixture(scope="module")
def document(repository: Path) -> str:
    return (repository / "docs/formats.md").read_text(encoding="utf-8")


def test_every_example_of_the_page_is_what_the_gateway_writes(document: str) -> None:
    shown = dict(worked.BLOCK.findall(document))
    assert shown == worked.examples(), AGAIN


def test_the_page_has_no_example_that_nobody_checks(document: str) -> None:
    assert document.count("```text") == len(worked.BLOCK.findall(document)) == len(worked.examples())


@pytest.fixture(scope="module")
def trust() -> TrustData:
    """A roster in which the page's record key speaks for its jurisdiction, and its authority may issue filings."""
    signers = {"record": worked.RECORD, "authority": worked.AUTHORITY}
    keys = [
        {"role": role, "vkey": signer.key.text(), "families": ["licence"], **papers.WINDOW}
        for role, signer in signers.items()
    ]
    changes = {"jurisdictions.0.keys": keys, "jurisdictions.0.authorities.0.types": [TYPE_CODES["filing"][0]]}
    documents = (papers.changed(papers.roster(), changes), papers.agreements(), papers.catalogue())
    return assemble(*map(papers.written, documents), SchemaSet.load(data_path("schemas")))


def test_the_records_shown_pass_the_gate(trust: TrustData) -> None:
    for index, entry in enumerate(worked.entries()):
        place = Place(worked.ORIGIN, worked.PLACE, worked.FAMILY, index, logged=worked.SEALED[-1])
        assert gate.read(entry, place, trust).signers == (worked.RECORD.name,)


def test_the_record_that_an_authority_signed_passes_with_both_names(trust: TrustData) -> None:
    place = Place(worked.ORIGIN, worked.PLACE, worked.FAMILY, 1, logged=worked.SEALED[-1])
    assert gate.read(worked.signed_by_both(), place, trust).signers == (worked.RECORD.name, worked.AUTHORITY.name)


def test_the_topic_shown_is_clean_for_an_outsider() -> None:
    log = topic_log.Log(worked.TOPIC, topic_log.read_vkeys(worked.vkeys()))
    for offset, message in enumerate(worked.messages()):
        log.take(offset, message.value, message.headers)
    log.take_checkpoint(worked.announced().value)
    report = topic_log.judge(log)
    assert (report.lines, report.verified, report.date) == ([], 3, worked.BEAT)


def test_the_slip_shown_is_signed_by_its_node() -> None:
    text, proven = topic_log.open_note(worked.slip(), 16, topic_log.read_vkeys(worked.vkeys()))
    assert [name for (name, _), _ in proven] == [worked.VERDICT.name]
    assert text.count("\n") == 1
