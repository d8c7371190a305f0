"""The command ``jjj-gateway``: words in, work done elsewhere, exit codes out (DESIGN §9).

0 recognised, clean · 1 not recognised, a finding, some rows refused · 2 cannot run · 3 indeterminate, or an audit that
lacked bytes or keys.

>>> jjj-gateway demo --once
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast

import click
import orjson
import structlog

from gateway import __version__, commands, departments, frozen, inquiries
from gateway.entry import FILE, FOLDER, body, json_option
from gateway.keycommands import keys
from gateway.records import families
from gateway.trustwords import trust

DEFAULT_LEVELS = {"demo": "error"}  # the demo plays bad news on purpose, and shows it
DEFAULT_NODE = "http://127.0.0.1:8470"
node_option = click.option("--node", envvar="JJJ_NODE", default=DEFAULT_NODE, show_default=True, help="A node's URL.")
suite_option = click.option(
    "--suite", type=click.Choice(["ed25519", "gm"]), default="ed25519", help="gm: 国密, SM2 required beside Ed25519."
)
sheet_option = click.option("--sheet", metavar="NAME", help="Of a workbook, where several sheets hold such rows.")


class _Lines:
    """Where log lines go. A full disk under standard error must not end the node: the line is lost, the work is not."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jjj-gateway")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Default: warning.")
@click.pass_context
def main(context: click.Context, log_level: str | None) -> None:
    """京津冀数据交换网关 · Beijing–Tianjin–Hebei data-exchange gateway."""
    level = log_level or DEFAULT_LEVELS.get(context.invoked_subcommand or "", "warning")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lines())),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.dict_tracebacks,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str).decode()),
        ],
    )


@main.command()
@click.option("--records", multiple=True, metavar="FILE[:PROFILE]", help="Publish these instead of the samples.")
@click.option("--once", is_flag=True, help="End with a summary instead of serving until Ctrl-C.")
@json_option
@click.option("--base-port", default=0, help="First of six ports; 0 takes free ones.")
@click.option("--dir", "folder", type=FOLDER, help="Keep each node's folder as DIR/<jurisdiction>/.")
@click.option("--kafka", is_flag=False, flag_value="", metavar="[BOOTSTRAP]", help="Over Kafka, there or begun here.")
@suite_option
@body
async def demo(
    records: tuple[str, ...],
    once: bool,
    as_json: bool,
    base_port: int,
    folder: Path | None,
    kafka: str | None,
    suite: str,
) -> int:
    """六个节点，一个进程 · Six nodes in one process: publish, mirror, verify, audit."""
    return await commands.demo(
        records, once=once, as_json=as_json, base_port=base_port, folder=folder, kafka=kafka, suite=suite
    )


@main.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--jurisdiction", required=True, metavar="ID")
@click.option("--network", default="jjj.example", show_default=True)
@click.option("--port", default=8470, show_default=True)
@body
async def init(folder: Path, jurisdiction: str, network: str, port: int) -> int:
    """新建节点目录 · Make a node's folder: settings, keys, a roster of itself, high-water files."""
    return commands.init(folder, jurisdiction, network, port)


@main.command()
@click.argument("config", type=FILE)
@body
async def run(config: Path) -> int:
    """运行节点 · Run a node until it is stopped."""
    return await commands.run(config)


@main.command()
@click.argument("config", type=FILE)
@click.option("--without", multiple=True, metavar="JURISDICTION", help="Go on although this partner can't be asked.")
@body
async def recover(config: Path, without: tuple[str, ...]) -> int:
    """恢复账本 · Rebuild the own logs from the bus and every partner; what lies beyond is moved aside."""
    return await commands.recover(config, without)


@main.command()
@click.argument("file", type=FILE)
@click.option("--profile", metavar="P", help="A profile's name; found from the columns if absent.")
@click.option("--jurisdiction", metavar="ID", help="Whose rows they are; rows of any other area are refused.")
@sheet_option
@body
async def check(file: Path, profile: str | None, jurisdiction: str | None, sheet: str | None) -> int:
    """试读文件，不发布 · Read and judge a file as `publish` and the node would, and publish nothing."""
    return commands.check(file, profile, jurisdiction, sheet)


@main.command()
@click.argument("file", type=FILE)
@click.option("--profile", metavar="P", help="A profile's name; found from the columns if absent.")
@click.option("--report", type=FILE, help="Where refused rows go; FILE.rejected.xlsx if absent.")
@click.option("--token", type=FILE, help="File with the bearer token.")
@click.option("--bulk/--live", default=None, help="Behind all live records, or among them; if absent, by the rows.")
@click.option("--restate", is_flag=True, help="Make these rows the present again, over later records; at most 500.")
@sheet_option
@node_option
@body
async def publish(file: Path, report: Path | None, **where: Any) -> int:
    """发布文件 · Publish a file's rows; refused rows stand in the report with their reasons. Run again, it goes on."""
    return await commands.publish(file, commands.terms(**where), report)


@main.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--profile", metavar="P", help="A profile's name; found from each file's columns if absent.")
@click.option("--token", type=FILE, help="File with the bearer token.")
@click.option("--once", is_flag=True, help="Take what lies there now, and end.")
@node_option
@body
async def watch(folder: Path, once: bool, **where: Any) -> int:
    """投递目录 · Publish files dropped into a folder; they lie in done/ or, with their reasons, in rejected/ then."""
    return await commands.watch(folder, commands.terms(**where), once=once)


@main.command()
@click.argument("profile", metavar="P")
@click.option("-o", "--output", type=FILE, help="The workbook to write; P.xlsx if absent.")
@body
async def template(profile: str, output: Path | None) -> int:
    """空白表格 · An empty workbook for a profile: headers, notes, drop-downs."""
    return commands.template(profile, output)


@main.command()
@click.argument("number", required=False)
@click.option("--subject", help="The licence chosen of several, as the list says it; with --source.")
@click.option("--source", help="Jurisdiction that issued it.")
@click.option("--holder", help="Name or 统一社会信用代码 of the holder.")
@click.option("--type", help="Licence type code.")
@click.option("--purpose", help="What it is wanted for.")
@click.option("--case", help="Number of the case at hand; stands in the slip.")
@click.option("--presented", multiple=True, metavar="FIELD=VALUE", help="What the party presents: content=…")
@click.option("--as-of", metavar="YYYY-MM-DD")
@click.option("--known-at", metavar="INSTANT")
@click.option("--file", "listed", type=FILE, help="One number a line, or CSV with a column number (证照编号).")
@click.option("--slip", "slip", type=FILE, multiple=True, help="Check a slip, its printed code, or both, offline.")
@click.option("--trust", type=FOLDER, help="Folder with roster.json, for --slip.")
@click.option("--token", type=FILE, help="File with the bearer token.")
@json_option
@node_option
@body
async def verify(
    number: str | None,
    listed: Path | None,
    slip: tuple[Path, ...],
    trust: Path | None,
    token: Path | None,
    presented: tuple[str, ...],
    as_json: bool,
    node: str,
    **asked: str | None,
) -> int:
    """核验证照 · Ask a node about a licence, or about every licence of a list."""
    if slip:
        return inquiries.verify_slips(slip, trust, as_json=as_json)
    shown = {"presented": inquiries.presented(presented)} if presented else {}
    said = {name: value for name, value in asked.items() if value}
    questions = inquiries.questions(number, listed, {**said, **shown})
    secret = inquiries.secret(token)
    return await inquiries.verify(questions, many=listed is not None, as_json=as_json, node=node, token=secret)


main.add_command(trust)
main.add_command(keys)


@main.command()
@click.option("--from", "start", default=0, metavar="N", help="Leaves of smaller index are read and not told.")
@click.option("--family", type=click.Choice(list(families.FAMILIES)), help="This family only.")
@click.option("--out", type=FOLDER, metavar="DIR", help="Daily files there, NDJSON and CSV; lines on stdout if absent.")
@click.option("--trust", type=FOLDER, help="Trust data to judge by; what the node shows if absent.")
@click.option("--once", is_flag=True, help="End when there is nothing new.")
@node_option
@body
async def follow(
    start: int, family: str | None, out: Path | None, trust: Path | None, once: bool, node: str
) -> int:
    """接收外地记录 · Follow partners: their verified records, each once, as lines or daily files; resumable."""
    return await departments.follow(out, node=node, family=family, start=start, trust=trust, once=once)


@main.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@body
async def dictionary(folder: Path) -> int:
    """生成数据字典 · Write the data dictionary of all records as XLSX and Markdown."""
    return departments.write_dictionary(folder)


@main.group()
def evidence() -> None:
    """分叉证据 · Evidence of owners who signed what can't both be true."""


@evidence.command("check")
@click.argument("file", type=FILE)
@click.option("--trust", type=FOLDER, metavar="DIR", help="Hold its keys against this roster.")
@json_option
@body
async def evidence_check(file: Path, trust: Path | None, as_json: bool) -> int:
    """离线判定 · Judge a file by itself: 0 it proves its case, 1 it proves nothing, 2 it can't be read."""
    return frozen.check(file, trust, as_json=as_json)


@evidence.command("list")
@click.argument("source", metavar="CONFIG|URL")
@json_option
@body
async def evidence_list(source: str, as_json: bool) -> int:
    """列出证据 · What a node keeps."""
    return await frozen.listed(source, as_json=as_json)


@main.command()
@click.argument("config", type=FILE)
@click.argument("family", type=click.Choice(list(families.FAMILIES)))
@click.option("--size", required=True, type=click.IntRange(min=0), help="The sealed size with which the log ends.")
@click.option("--root", metavar="BASE64", help="Its root, as partners hold it: where the own ledger is lost.")
@body
async def successor(config: Path, family: str, size: int, root: str | None) -> int:
    """后继日志 · Make the keys of a successor log and print what the roster must say; nothing ends by this."""
    return frozen.successor(config, family, size, root)


@main.command()
@click.argument("config", type=FILE)
@click.argument("origin")
@click.option("--ground", required=True, help="Why, and on whose decision; stands in the journal.")
@body
async def unfreeze(config: Path, origin: str, ground: str) -> int:
    """解除冻结 · Go by the end that the roster gives a frozen log; journalled."""
    return frozen.unfreeze(config, origin, ground)


@main.command()
@click.argument("source")
@click.option("--trust", type=FOLDER, help="Trust data to judge by; what the source holds if absent.")
@click.option("--root", type=FILE, help="Pinned root (root.json) by which the trust data must be signed.")
@click.option("--structure", is_flag=True, help="Hashes, trees and proofs only; no signatures, no records.")
@json_option
@body
async def audit(source: str, trust: Path | None, root: Path | None, structure: bool, as_json: bool) -> int:
    """审计日志 · Replay a node URL, an exported or a node's folder, kafka://HOST:PORT[/PREFIX]; writes nothing."""
    return await commands.audit(source, trust, root, structure=structure, as_json=as_json)


@main.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--data", type=FOLDER, help="A node's folder, read in place of a running node.")
@node_option
@body
async def export(folder: Path, data: Path | None, node: str) -> int:
    """导出日志 · Write every log a node holds, with keys, trust data and schemas, for auditors."""
    return await commands.export(folder, str(data) if data is not None else node)


@main.command()
@click.option("--records", default=5_000, show_default=True, help="Records published, mirrored and audited.")
@click.option("--licences", default=200_000, show_default=True, help="Licences in the index when verifying.")
@click.option("--history", type=click.IntRange(min=10_000), metavar="N", help="Publish a file of N rows instead.")
@click.option("--bus", type=click.Choice(["embedded", "kafka"]), default="embedded", help="kafka: six nodes over it.")
@suite_option
@json_option
@body
async def bench(records: int, licences: int, history: int | None, bus: str, suite: str, as_json: bool) -> int:
    """测量 · Measure publish, mirror, audit, verify and memory beside baselines in the same run."""
    return await commands.bench(records, licences, history, kafka=bus == "kafka", suite=suite, as_json=as_json)
