"""The main job, played once: publish, mirror, verify at another counter, audit (DESIGN §9, `demo`).

What happened stands in an ``Outcome``; ``as_planned`` says whether it is what the scenes foretell. The silent source
is really silent: its node is stopped, and the counter is asked when the agreement's five seconds are over.

>>> outcome = await play(stage, (), say=print)
>>> outcome.published, outcome.mirrored, outcome.audit.ok
(500, 2500, True)
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.audit import auditor
from gateway.audit.report import Report
from gateway.demo import cast
from gateway.demo.exampletrust import WITNESSES
from gateway.demo.sample import Sample
from gateway.demo.samples import samples
from gateway.demo.scenes import Scene, scenes
from gateway.demo.stage import PATIENCE_S, PLACES, SILENT, Stage
from gateway.errors import CannotRun
from gateway.intake.reading import open_reading, record_id
from gateway.intake.rejects import report_beside
from gateway.ops import asking, handing
from gateway.records import families

ASKING = "tongzhou"
DRAFTS_A_REQUEST = 200
LOOK_S = 0.1

Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What a run of the demo came to. ``surprises``: where it differs from what was foretold."""

    published: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    mirrored: int = 0
    expected_mirrored: int = 0
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    audit: Report | None = None
    surprises: list[str] = field(default_factory=list)

    @property
    def as_planned(self) -> bool:
        """Whether every record is mirrored everywhere, every answer is the foretold one and every log audits clean."""
        audited = self.audit is not None and self.audit.ok
        return audited and not self.surprises and self.mirrored == self.expected_mirrored


async def play(stage: Stage, files: Sequence[str], *, reports: Path | None, say: Say) -> Outcome:
    """Play it on a stage whose nodes run; ``files`` (FILE or FILE:PROFILE) replace the samples."""
    outcome = Outcome()
    say("六个节点开始签发 · six nodes begin to seal")
    await stage.all_seal()
    async with aiohttp.ClientSession() as session:
        if files:
            await _files(stage, session, files, outcome, reports, say)
        else:
            await _samples(stage, session, outcome, say)
        say("等待五方镜像 · waiting for five partners each to mirror")
        await stage.all_mirrored()
        outcome.mirrored, outcome.expected_mirrored = stage.mirrored(), stage.logged() * (len(PLACES) - 1)
        await (_questions(stage, session, outcome) if files else _scenes(stage, session, outcome, say))
    say("审计全部日志 · auditing every log")
    outcome.audit = await auditor.audit(stage.url(ASKING))
    return outcome


async def _files(
    stage: Stage, session: aiohttp.ClientSession, files: Sequence[str], outcome: Outcome, reports: Path | None, say: Say
) -> None:
    for named in files:
        path, profile = _named(named)
        reading = open_reading(path, profile, nodes=PLACES)
        say(f"发布 publishing {path.name} ({reading.rows} 行 rows)")
        report = reports / report_beside(path).name if reports is not None else None
        tally = await handing.hand_in(reading, handing.posting(session, stage.urls), report=report)
        outcome.published += tally.logged
        outcome.rejected.update(tally.refused)


def _named(text: str) -> tuple[Path, str | None]:
    """FILE or FILE:PROFILE; a file whose own name has a colon wins."""
    if Path(text).exists() or ":" not in text:
        return Path(text), None
    name, _, profile = text.rpartition(":")
    return Path(name), profile


async def _samples(stage: Stage, session: aiohttp.ClientSession, outcome: Outcome, say: Say) -> None:
    found = samples()
    say(f"发布样例 publishing {len(found)} samples")
    await _Publishing(stage, session, found, outcome).run()


class _Publishing:
    """Samples in their order at each node; a correction waits for the receipt of what it corrects."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession, found: Sequence[Sample], outcome: Outcome) -> None:
        self._stage = stage
        self._session = session
        self._samples = found
        self._outcome = outcome
        self._waiting: dict[str, list[int]] = {place: [] for place in PLACES}
        self._receipts: dict[int, dict[str, Any]] = {}

    async def run(self) -> None:
        for number, sample in enumerate(self._samples):
            if sample.corrects is not None or len(self._waiting[sample.jurisdiction]) >= DRAFTS_A_REQUEST:
                await self._flush(sample.jurisdiction)
            self._waiting[sample.jurisdiction].append(number)
        for place in PLACES:
            await self._flush(place)

    async def _flush(self, place: str) -> None:
        numbers, self._waiting[place] = [each for each in self._waiting[place] if not self._is_done(each)], []
        if not numbers:
            return
        drafts = [await self._draft(self._samples[number]) for number in numbers]
        answers = await handing.publish(self._session, self._stage.url(place), drafts)
        for number, answer in zip(numbers, answers, strict=True):
            self._receipts[number] = answer
            self._count(self._samples[number], answer)

    def _is_done(self, number: int) -> bool:
        """Whether this corrects what an earlier run of the same folder corrected already."""
        target = self._samples[number].corrects
        return target is not None and self._receipts[target]["index"] is None

    async def _draft(self, sample: Sample) -> dict[str, Any]:
        if sample.corrects is None:
            return _identified(sample, sample.data)
        receipt = self._receipts[sample.corrects]
        family = families.family_of_type(sample.type)
        url = f"{self._stage.url(sample.jurisdiction)}/v1/records/{sample.jurisdiction}/{family}/{receipt['index']}"
        async with self._session.get(url) as answer:
            leaf_hash = orjson.loads(await answer.read())["leaf_hash"]
        return _identified(sample, {**sample.data, "index": receipt["index"], "leaf_hash": leaf_hash})

    def _count(self, sample: Sample, answer: dict[str, Any]) -> None:
        if answer.get("reason") == "record.superseded":
            return  # logged in an earlier run of the same folder, and followed by later samples
        if answer["status"] == "refused":
            self._outcome.rejected[answer["reason"]] += 1
        elif answer["status"] == "logged":
            self._outcome.published += 1
        if answer.get("reason") != sample.expected_reason:
            subject = answer.get("message", answer["id"])
            self._outcome.surprises.append(f"{sample.jurisdiction} {sample.type}: {answer.get('reason')} {subject}")


def _identified(sample: Sample, data: dict[str, Any]) -> dict[str, Any]:
    """A draft whose id repeats in every run, so that samples are published once a folder."""
    return {"type": sample.type, "data": data, "id": record_id(sample.jurisdiction, sample.type, data)}


async def _scenes(stage: Stage, session: aiohttp.ClientSession, outcome: Outcome, say: Say) -> None:
    found = scenes()
    late = [scene.late for scene in found.values() if scene.late is not None]
    await _Publishing(stage, session, late, outcome).run()
    await stage.all_mirrored()
    outcome.mirrored, outcome.expected_mirrored = stage.mirrored(), stage.logged() * (len(PLACES) - 1)
    await _see_witnessed(stage, session, found["recognised"], say)
    for scene in found.values():
        if scene.source != SILENT:
            await _ask(stage, session, scene, outcome)
    silent = next(scene for scene in found.values() if scene.source == SILENT)
    say(f"{SILENT} 停机，等待其失去新鲜度 · {SILENT} is stopped; waiting until its word is stale")
    await stage.stop(SILENT)
    await stage.until(lambda: _is_stale(stage, SILENT), "going stale")
    await _ask(stage, session, silent, outcome)


async def _see_witnessed(stage: Stage, session: aiohttp.ClientSession, scene: Scene, say: Say) -> None:
    """A record is logged, and soon after witnessed: the agreement on these licences asks for it."""
    record = scene.records[0]
    query = {"id": record_id(record.jurisdiction, record.type, record.data)}
    end = time.monotonic() + PATIENCE_S
    while True:
        async with session.get(f"{stage.url(scene.asking)}/v1/records", params=query) as answer:
            found = orjson.loads(await answer.read())
        if len(found["witnesses"]) >= WITNESSES:
            break
        if time.monotonic() > end:
            raise CannotRun("demo.stuck", f"witnessing did not come to an end within {PATIENCE_S} s")
        await asyncio.sleep(LOOK_S)
    by = "、".join(name.split("/")[1] for name in found["witnesses"])
    say(f"{scene.source} {scene.number}: logged → {found['status']}，见证 by {by}")


def _is_stale(stage: Stage, source: str) -> bool:
    ages = [view.age_s for view in stage.node(ASKING).views.of(source, "licence")]
    return all(age is None or age > _freshness_s(stage, source) for age in ages)


def _freshness_s(stage: Stage, source: str) -> float:
    return 2 * stage.node(ASKING).quiet_s(source)


async def _ask(stage: Stage, session: aiohttp.ClientSession, scene: Scene, outcome: Outcome) -> None:
    question = {"number": scene.number, "source": scene.source, "purpose": "示例事项"}
    answer = (await asking.ask(session, stage.url(scene.asking), [question]))[0]
    outcome.verdicts.append(answer)
    if (answer["verdict"], answer["headline"]) != (scene.verdict, scene.headline):
        outcome.surprises.append(f"{scene.name}: {answer['verdict']} {answer['headline']}, not {scene.verdict}")


async def _questions(stage: Stage, session: aiohttp.ClientSession, outcome: Outcome) -> None:
    """One licence of each node that has any, asked about at a neighbour's counter."""
    for number, place in enumerate(PLACES):
        neighbour = PLACES[(number + 1) % len(PLACES)]
        url = f"{stage.url(place)}/v1/records/{place}/licence/0"
        async with session.get(url) as found:
            if found.status != 200:
                continue
            subject = orjson.loads(await found.read())["subject"]
        answers = await asking.ask(session, stage.url(neighbour), [{"source": place, "subject": subject}])
        outcome.verdicts += answers


def place_name(place: str) -> str:
    """A jurisdiction's Chinese name."""
    found = next((each for each in cast.PLACES if each.id == place), None)
    if found is None:
        raise CannotRun("demo.place", f"{place} is no jurisdiction of the demo")
    return found.name
