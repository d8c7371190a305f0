"""An audit told in a terminal: the first thing wrong first, then a line a log.

>>> print(told(report))
"""

from __future__ import annotations

from gateway.audit.report import Report

WORDS = {0: "审计无误 clean", 1: "发现问题 something is wrong", 3: "有缺失，未能全部核查 bytes or keys were lacking"}
MOST_LISTED = 10


def told(report: Report) -> str:
    """The whole report as text."""
    lines = [f"{WORDS[report.exit_code]}: {len(report.logs)} 日志 logs, {report.records} 条 records ({report.source})"]
    for finding in report.findings:
        where = f"{finding.log} {finding.file}".strip()
        lines.append(f"  ✘ {where}: {finding.zh} / {finding.en} [{finding.reason}]")
    for log in report.logs:
        mark = "✘" if log.findings else "✔"
        extra = f", {log.newer} 条尚不能认定 undecided" if log.newer else ""
        extra += f", {log.erased} 条已删除、承诺完好 erased, commitment intact" if log.erased else ""
        lines.append(f"  {mark} {log.origin}: {log.records} 条 records, size {log.size}{extra}")
        lines += [f"      {leaf.index} {leaf.reason}" for leaf in log.listed[:MOST_LISTED]]
    lines += [f"  · {notice}" for notice in report.notices]
    return "\n".join(lines)
