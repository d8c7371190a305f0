"""The demo at a glance in a terminal: every node's view of every log, the verdicts, the audit.

>>> console.print(network(stage))
"""

from __future__ import annotations

from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.demo.play import Outcome, place_name
from gateway.demo.stage import PLACES, Stage
from gateway.ops import asking


def network(stage: Stage) -> Table:
    """Logs down, nodes across; in each field the leaves held and the age of the last word."""
    table = Table(title="六节点互相镜像 · every node's view of every log: records · age of the owner's newest word")
    table.add_column("日志 log", no_wrap=True)
    for place in PLACES:
        table.add_column(place, justify="right")
    views = {place: {view.origin: view for view in stage.node(place).views.all()} for place in stage.running}
    for origin in sorted({origin for held in views.values() for origin in held}, key=_order):
        table.add_row(origin.partition("/")[2], *(_field(views.get(place, {}).get(origin)) for place in PLACES))
    return table


def _order(origin: str) -> tuple[str, int]:
    _, place, family = origin.split("/", 2)
    return family, PLACES.index(place)


def _field(view: Any) -> Text:
    if view is None:
        return Text("停机 down", style="red")
    age = "—" if view.age_s is None else f"{view.age_s:.0f}s"
    style = "bold" if view.own else ("green" if view.age_s is not None and view.lacking == 0 else "yellow")
    return Text(f"{view.size} · {age}", style=style)


def trust(stage: Stage) -> str:
    """How the trust data stand at the nodes: signed by how many, and which versions."""
    standings = [stage.node(place).trust.standing() for place in stage.running]
    current = stage.node(stage.running[0]).trust.current
    one = standings[0]
    signed = all(each.signed and each.versions == one.versions for each in standings)
    word = f"signed, {one.threshold} of {one.keys}" if signed else "not everywhere alike"
    return (
        f"信任数据 trust: {word}, version root {one.versions['root']}, targets {one.versions['targets']}"
        f" · roster {current.roster.version}, agreements {current.agreements.version},"
        f" catalogue {current.catalogue.version}"
    )


def outcome(console: Console, stage: Stage, found: Outcome, seconds: float) -> None:
    """The verdicts as cards, what was refused, the audit, the trust data."""
    for answer in found.verdicts:
        console.print(asking.card(answer))
    refused = Table(title=f"拒收 refused at the door: {found.rejected.total()}", show_header=False)
    for reason, count in found.rejected.most_common():
        refused.add_row(reason, str(count))
    if found.rejected:
        console.print(refused)
    if found.audit is not None:
        style = "bold green" if found.audit.ok else "bold red"
        word = "审计无误 audit clean" if found.audit.ok else "审计发现问题 audit found faults"
        console.print(Text(f"{word}: {len(found.audit.logs)} 日志 logs, {found.audit.records} 条 records", style=style))
        for finding in found.audit.findings[:5]:
            console.print(f"  {finding}")
    console.print(
        f"{len(PLACES)} 节点 nodes · {found.published} 条发布 published · {found.rejected.total()} 条拒收 refused ·"
        f" {found.mirrored} 条镜像 mirrored · {seconds:.1f} s"
    )
    console.print(trust(stage))
    for surprise in found.surprises:
        console.print(Text(f"意外 not as planned: {surprise}", style="bold red"))


def as_json(found: Outcome, seconds: float) -> str:
    """One line (DESIGN §9)."""
    report = found.audit
    return orjson.dumps(
        {
            "nodes": len(PLACES),
            "published": found.published,
            "rejected": found.rejected.total(),
            "mirrored": found.mirrored,
            "verdicts": [_verdict(answer) for answer in found.verdicts],
            "audit": {
                "ok": report is not None and report.ok,
                "logs": len(report.logs) if report is not None else 0,
                "records": report.records if report is not None else 0,
            },
            "seconds": round(seconds, 2),
        }
    ).decode()


def _verdict(answer: dict[str, Any]) -> dict[str, Any]:
    reasons = [check["reason"] for check in answer["checks"] if check["result"] != "PASS"]
    return {"subject": answer["subject"], "verdict": answer["verdict"], "reasons": reasons}


def serving(console: Console, stage: Stage) -> None:
    """Where the nodes answer while the demo goes on."""
    table = Table(title="节点地址 · the nodes answer at (Ctrl-C ends)", show_header=False)
    for place in PLACES:
        table.add_row(place_name(place), place, stage.url(place))
    console.print(table)
    console.print(f"核验台 · open the counter page in a browser: {stage.url(PLACES[0])}/")
