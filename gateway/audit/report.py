"""What did an audit find, and what does that come to? Values only: findings, a line a log, the whole.

The first thing wrong stands first. Damage, a missing file or a forged leaf make exit code 1; bytes or keys that the
audit lacked make 3; leaves that nobody can judge (of a newer schema, by a key stolen about then) are listed and are no
fault (DESIGN §9). Reasons are stable; each has its sentence in both languages.

>>> report.ok, report.exit_code, report.findings[0].reason
(False, 1, 'leaf.hash')
>>> report.to_json()["records"]
812
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import GatewayError

CLEAN, DAMAGED, LACKING = 0, 1, 3
MOST_FINDINGS = 100
"""Findings kept a log; the rest is counted."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that is wrong. ``log``: origin, or "" outside the logs; ``index``: leaf, or size of a sealed
    checkpoint; ``file``: where.

    ``lacking``: nothing is known to be wrong, but bytes or keys were not to be had.
    """

    reason: str
    log: str
    index: int | None
    file: str
    en: str
    zh: str
    lacking: bool = False

    def to_json(self) -> dict[str, Any]:
        """One object with all members; ``index`` is null where there is none."""
        return {
            "reason": self.reason,
            "log": self.log,
            "index": self.index,
            "file": self.file,
            "en": self.en,
            "zh": self.zh,
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """A leaf that can't be judged: of a newer schema, signed while its key may have been stolen, or resting on such a
    leaf or on an erased one. No fault.
    """

    reason: str
    log: str
    index: int


@dataclass(frozen=True, slots=True)
class LogReport:
    """One log. ``records``: leaves read; ``newer``: leaves listed, the first of them in ``listed``; ``more``:
    findings not kept.
    """

    origin: str
    size: int
    root: bytes
    records: int
    newer: int
    erased: int
    listed: tuple[Listed, ...]
    findings: tuple[AuditFinding, ...]
    more: int = 0

    def to_json(self) -> dict[str, Any]:
        """Without the findings, which stand together in the report."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": base64.b64encode(self.root).decode(),
            "records": self.records,
            "newer": self.newer,
            "erased": self.erased,
            "findings": len(self.findings) + self.more,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A whole audit. ``trust``: given, found or none; ``before``, ``after``: findings outside the logs; ``notices``:
    said, no fault.
    """

    source: str
    trust: str
    structure_only: bool
    logs: tuple[LogReport, ...]
    before: tuple[AuditFinding, ...] = ()
    after: tuple[AuditFinding, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[AuditFinding, ...]:
        """Everything wrong, the first thing first."""
        return (*self.before, *(finding for log in self.logs for finding in log.findings), *self.after)

    @property
    def records(self) -> int:
        """Leaves read."""
        return sum(log.records for log in self.logs)

    @property
    def newer(self) -> int:
        """Leaves listed because they can't be judged yet."""
        return sum(log.newer for log in self.logs)

    @property
    def erased(self) -> int:
        """Leaves erased whose commitment is intact."""
        return sum(log.erased for log in self.logs)

    @property
    def ok(self) -> bool:
        """Whether all was read and nothing is wrong."""
        return not self.findings

    @property
    def exit_code(self) -> int:
        """0 clean, 1 damage, 3 something was lacking (DESIGN §9); 2 is raised as ``CannotRun``."""
        if self.ok:
            return CLEAN
        return LACKING if all(finding.lacking for finding in self.findings) else DAMAGED

    def to_json(self) -> dict[str, Any]:
        """The object of ``audit --json``."""
        return {
            "ok": self.ok,
            "source": self.source,
            "logs": len(self.logs),
            "records": self.records,
            "newer": self.newer,
            "erased": self.erased,
            "trust": self.trust,
            "structure_only": self.structure_only,
            "findings": [finding.to_json() for finding in self.findings],
            "more": sum(log.more for log in self.logs),
            "notices": list(self.notices),
            "by_log": [log.to_json() for log in self.logs],
        }


SENTENCES: Mapping[str, tuple[str, str]] = {
    "source.unreachable": ("{file} could not be had: {detail}", "无法取得 {file}：{detail}"),
    "source.unreadable": ("{file} could not be read: {detail}", "无法读取 {file}：{detail}"),
    "source.changed": ("{file} changed while it was read; audit it again", "{file} 在审计过程中发生变化，请重新审计"),
    "source.empty": ("there is no log here: nothing was checked", "此处没有任何日志，未作任何核查"),
    "trust.none": (
        "there are no trust data here: no signature could be checked; give them with --trust",
        "此处没有信任文件，无法核验任何签名；请用 --trust 指定",
    ),
    "log.unknown": (
        "the roster knows no log {detail}: none of its signatures could be checked",
        "名册中没有日志 {detail}，无法核验其签名",
    ),
    "file.missing": ("{file} is missing", "缺少文件 {file}"),
    "file.unexpected": (
        "{file} does not belong here: the checkpoint needs no such file",
        "{file} 不应存在：检查点不需要此文件",
    ),
    "file.sum": (
        "{file} is not the file that was exported: its SHA-256 differs from SHA256SUMS",
        "{file} 与导出时不一致（SHA-256 与 SHA256SUMS 不符）",
    ),
    "file.form": ("{file} can't be read: {detail}", "{file} 格式不正确：{detail}"),
    "vkeys.unknown": ("{file} names a key that the roster does not: {detail}", "{file} 中的密钥不在名册中：{detail}"),
    "vkeys.missing": ("{file} lacks a key of the roster: {detail}", "{file} 缺少名册中的密钥：{detail}"),
    "log.place": ("{file}: {detail} stands in the place of another log", "{file}：{detail} 放在了其他日志的位置"),
    "history.width": (
        "{file} holds {detail} sealed checkpoints; every file but the last holds 256",
        "{file} 含 {detail} 个封存检查点；除最后一个文件外均应为 256 个",
    ),
    "history.order": (
        "{file}: size {index} follows size {detail}; sizes must rise",
        "{file}：规模 {index} 排在 {detail} 之后，规模必须递增",
    ),
    "history.date": (
        "{file}: the sealed checkpoint of size {index} is dated before the one below it",
        "{file}：规模 {index} 的封存检查点日期早于其前一个",
    ),
    "history.newest": (
        "the newest sealed checkpoint is of size {detail}, the checkpoint of size {index}",
        "最新封存检查点的规模为 {detail}，而检查点的规模为 {index}",
    ),
    "history.beyond": ("{file}: size {index} lies beyond the checkpoint", "{file}：规模 {index} 超出检查点"),
    "checkpoint.date": ("{file} is dated before the newest sealed checkpoint", "{file} 的日期早于最新封存检查点"),
    "root.mismatch": (
        "the first {index} entries do not give the root that {file} states",
        "前 {index} 条记录计算出的根与 {file} 所述不符",
    ),
    "tile.width": ("{file} holds {detail}", "{file} 的宽度不正确：{detail}"),
    "tile.mismatch": ("{file} does not follow from the entries below it", "{file} 与其下的记录计算结果不符"),
    "leaf.hash": (
        "the bytes of entry {index} do not give the hash that {file} holds",
        "第 {index} 条记录的字节与 {file} 中的哈希不符",
    ),
    "leaf.unsealed": (
        "no sealed checkpoint that holds covers the entries from {index} on",
        "第 {index} 条起的记录没有有效的封存检查点覆盖",
    ),
    "leaf.erased": (
        "entry {index} is empty, and no later record of this log says that it was erased",
        "第 {index} 条记录内容为空，且此后没有对应的删除记录",
    ),
    "topic.forged": (
        "no message that claims index {index} is vouched for: {detail}",
        "没有任何可信的消息对应第 {index} 条记录：{detail}",
    ),
    "topic.dropped": (
        "{file}: nothing claims the indexes {index} to {detail}, though the owner has signed a larger size",
        "{file}：缺少第 {index} 至 {detail} 条记录，而所有者已签署更大的规模",
    ),
    "topic.swapped": (
        "{file}: the leaves {index} and {detail} bear each other's index",
        "{file}：第 {index} 条与第 {detail} 条记录的序号互换",
    ),
    "topic.root": (
        "{file}: nothing that the topic holds from index {index} on gives the root that was signed of size {detail}",
        "{file}：第 {index} 条起的消息无法得出已签规模 {detail} 的根",
    ),
    "topic.deleted": (
        "{file}: retention has deleted the leaves {index} to {detail}, or they are dropped: audit tiles from there on",
        "{file}：第 {index} 至 {detail} 条记录已过保留期被删除（或缺失），其后的根无法由主题得出，请核查瓦片",
    ),
    "topic.no_checkpoint": (
        "{file}: no checkpoint by this log's keys has been seen",
        "{file}：未见由该日志密钥签署的检查点",
    ),
    "log.fork": (
        "{file}: the owner has signed {detail} roots of size {index}",
        "{file}：所有者对规模 {index} 签署了 {detail} 个不同的根",
    ),
    "log.rollback": (
        "{file}: size {index} is dated after size {detail}",
        "{file}：规模 {index} 的日期晚于规模 {detail}",
    ),
    "ledger.corrupt": ("{file}: {detail}", "{file} 已损坏：{detail}"),
    "ledger.size": (
        "{file}: the ledger says {detail} entries, the checkpoint {index}",
        "{file}：账本记为 {detail} 条，检查点为 {index} 条",
    ),
    "ledger.rows": ("{file}: {detail}", "{file}：{detail}"),
    "index.other": (
        "{file}: the kept index differs from the one that the log gives: {detail}",
        "{file}：所存索引与由日志重建的索引不符：{detail}",
    ),
    "highwater.missing": ("{file} is missing", "缺少文件 {file}"),
    "highwater.damaged": ("{file} can't be read", "{file} 无法读取"),
    "highwater.ahead": (
        "{file} says that {detail} records were signed; the ledger holds fewer",
        "{file} 记为已签 {detail} 条，账本不足此数",
    ),
    "highwater.other": (
        "{file} was written for another tree of {index} records",
        "{file} 所记的 {index} 条之根与账本不符",
    ),
    "log.frozen": (
        "its owner has signed two statements that can't both be true ({detail}); both are kept as evidence",
        "日志所有者签署了相互矛盾的陈述（{detail}），证据已保存",
    ),
}
"""Reason → sentence in English and Chinese; reasons of the gate and of signed notes bring their own."""


def found(
    reason: str, log: str = "", *, index: int | None = None, file: str = "", detail: object = "", lacking: bool = False
) -> AuditFinding:
    """A finding with its sentences out of the table."""
    en, zh = (text.format(index=index, file=file, detail=detail) for text in SENTENCES[reason])
    return AuditFinding(reason, log, index, file, en, zh, lacking)


def found_error(
    error: GatewayError, log: str = "", *, index: int | None = None, file: str = "", lacking: bool = False
) -> AuditFinding:
    """A finding out of an error of a lower room, with that error's reason and sentence."""
    place = f"entry {index}" if index is not None else file
    zh_place = f"第 {index} 条记录" if index is not None else file
    en = f"{place}: {error.message or error.reason}"
    zh = f"{zh_place}：{error.zh or error.reason}"
    return AuditFinding(error.reason, log, index, file, en, zh, lacking)
