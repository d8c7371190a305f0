"""Topics as an audit finds them: each story of the table judged as outsiders judge it, live and from messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import topic_log

from gateway.audit import auditor
from gateway.audit.arranging import Arranged, arrange
from gateway.audit.claims import Claims
from gateway.audit.report import Report
from gateway.errors import CannotRun
from gateway.ops import nodefolder
from gateway.trust.trusted import TrustData, load
from tests.brokers import Kafka
from tests.docs import stories, worked
from tests.docs.stories import FINDING, STORIES, Topics
from tests.docs.test_topic_log import read
from tests.docs.test_verify_topic import ill_named, put, send, send_raw
from tests.records import builders
from tests.trust import papers

WORDS = {
    "topic.forged": "forged", "topic.dropped": "dropped", "topic.swapped": "swapped", "topic.root": "root",
    "log.fork": "fork", "log.rollback": "fork",
}  # fmt: skip
PLACE = (worked.ORIGIN, worked.PLACE, worked.FAMILY)


def write_trust(folder: Path) -> Path:
    """A roster that names the keys of the worked examples, and all that their records rest on."""
    window = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}
    keys = [
        {"role": role, "vkey": signer.key.text(), "families": ["*" if family == "*" else family], **window}
        for role, place, family, signer in worked.KEYS
        if place == worked.PLACE
    ]
    authority = {
        "uscc": builders.ISSUER, "name": "示例市场监督管理局", "types": ["*"], "carried": False,
        "since": "2000-01-01", "contact": {"phone": "010-0000-0001", "hours": "9-17"},
    }  # fmt: skip
    member = {
        "id": worked.PLACE, "name": worked.PLACE, "region": "110112", "aliases": [], "urls": [],
        "logs": [{"family": worked.FAMILY, "origin": worked.ORIGIN}], "keys": keys, "authorities": [authority],
    }  # fmt: skip
    kinds = [{**papers.catalogue()["types"][0], "code": code} for code, _ in builders.TYPE_CODES.values()]
    documents: dict[str, Any] = {
        "roster.json": {"version": 1, "network": worked.NETWORK, "jurisdictions": [member]},
        "agreements.json": {"version": 1, "agreements": []},
        "catalogue.json": {"version": 1, "types": [{**each, "number_checks": [], "complete": {}} for each in kinds]},
    }
    (folder / "trust").mkdir()
    nodefolder.write_trust(folder, {name: orjson.dumps(body) for name, body in documents.items()})
    return folder / "trust"


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return write_trust(tmp_path)


def arranged(folder: Path, trust: TrustData, topics: Topics, begins: int = 0) -> tuple[Arranged, Claims]:
    claims = Claims(folder / "claims.sqlite", PLACE, trust)
    claims.begins = begins
    for position, each in enumerate(topics.records, begins):
        claims.take(position, each)
    for each in topics.notes:
        claims.take_note(each.value)
    return arrange(claims, worked.ORIGIN, worked.TOPIC), claims


@pytest.mark.parametrize("name", STORIES)
def test_each_story_is_judged_as_the_outsiders_program_judges_it(name: str, tmp_path: Path, trust: Path) -> None:
    topics = STORIES[name].make()
    found, _ = arranged(tmp_path, load(trust, ()), topics)
    report = topic_log.judge(read(topics))
    told = [line.split()[0] for line in report.lines if not line.startswith("note ")]
    if name == "forged and sealed":
        told = []  # a leaf under the owner's root is the gate's to judge, below
    assert ([WORDS[each.reason] for each in found.findings], found.size) == (told, report.verified)


def test_what_retention_has_deleted_is_lacking_and_the_rest_is_not_blamed(tmp_path: Path, trust: Path) -> None:
    topics = stories.sent()
    stranger = [stories.message(index, stories.entry(index, stories.STRANGER)) for index in range(8)]
    topics.records = [*topics.records[4:], *stranger]
    found, claims = arranged(tmp_path, load(trust, ()), topics, begins=4)
    told = [(each.reason, each.index, each.lacking) for each in found.findings]
    assert (told, found.size, claims.first) == ([("topic.deleted", 0, True)], 0, 4)


async def audit(kafka: Kafka, prefix: str, trust: Path) -> Report:
    return await auditor.audit(f"kafka://{kafka.bootstrap}/{prefix}", trust=trust)


LIVE = ("clean", "rubbish", "empty", "forged", "forged and sealed", "dropped", "swapped", "forked", "rolled back")


SLOW = [pytest.param(each, marks=() if each in LIVE[:4] else pytest.mark.slow) for each in LIVE]


@pytest.mark.parametrize("name", SLOW)
async def test_a_live_topic_is_audited_and_the_first_thing_wrong_named(name: str, kafka: Kafka, trust: Path) -> None:
    story = STORIES[name]
    prefix = (await put(kafka, story.make())).split(".")[0]
    report = await audit(kafka, prefix, trust)
    assert (report.exit_code, report.trust) == (story.code, "given"), report.to_json()
    (log,) = report.logs
    assert (log.size, log.records) == (story.verified, story.verified)
    if story.code == FINDING and name != "forged and sealed":
        assert WORDS[report.findings[-1].reason] == story.says[0].split()[0]


async def test_a_beginning_that_the_broker_has_deleted_is_said_and_no_finding(kafka: Kafka, trust: Path) -> None:
    prefix = (await put(kafka, stories.sent(), delete_below=4)).split(".")[0]
    report = await audit(kafka, prefix, trust)
    assert (report.exit_code, [each.reason for each in report.findings]) == (3, ["topic.deleted"])
    assert any("bodies were seen from index 4 of 8 signed" in each for each in report.notices)


async def test_strangers_bytes_and_ill_named_headers_cost_an_audit_nothing(kafka: Kafka, trust: Path) -> None:
    topic = await put(kafka, stories.sent())
    await send_raw(kafka, topic, ill_named())
    await send(kafka, topic, stories.rubbish().records[:8], "gzip")
    report = await audit(kafka, topic.split(".")[0], trust)
    assert (report.exit_code, report.records) == (0, 8)


async def test_without_trust_nothing_is_judged_and_what_is_no_cluster_cannot_run(kafka: Kafka, trust: Path) -> None:
    report = await auditor.audit(f"kafka://{kafka.bootstrap}")
    assert (report.exit_code, [each.reason for each in report.findings]) == (3, ["trust.none"])
    for source in ("kafka://127.0.0.1", "kafka://127.0.0.1:1", "kafka://h:1/J J"):
        with pytest.raises(CannotRun) as error:
            await auditor.audit(source, trust=trust)
        assert error.value.reason == "source.unknown"
