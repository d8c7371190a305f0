"""The commands ``jjj-gateway keys``: make the next key of a role, see which key signs, encrypt key files.

>>> jjj-gateway keys list sanhe/node.toml
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.demo.example import example_public_keys
from gateway.entry import FILE, FOLDER, body, json_option
from gateway.node.config import Config, load
from gateway.node.keyplace import SUFFIXES
from gateway.ops import keying
from gateway.ops.keying import KeyRow, Listing
from gateway.ops.nodefolder import CONFIG

CLEAN, FINDING = 0, 1
SAYS = {
    "good": "有效 good",
    "waiting": "未到启用时间 waiting",
    "unlisted": "名册尚未登记 waiting for the roster",
    "ended": "已到期 ended",
    "revoked": "已吊销 revoked",
    "unreadable": "无法读取 unreadable",
}


@click.group()
def keys() -> None:
    """节点密钥 · A node's signing keys: made, listed, encrypted."""


@keys.command("new")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--role", required=True, type=click.Choice(keying.ROLES))
@click.option("--family", default="", help="Of the log, for log and heartbeat; for record: these records only.")
@click.option("--uscc", default="", help="统一社会信用代码 of the issuing authority, for role authority.")
@click.option("--suite", type=click.Choice(list(SUFFIXES)), default="ed25519", help="sm2: 国密, beside the other.")
@click.option("--passphrase-file", type=FILE, help="Encrypt with the passphrase in this file, mode 0600.")
@body
async def new(
    folder: Path, role: str, family: str, uscc: str, suite: str, passphrase_file: Path | None
) -> int:
    """生成下一把密钥 · Make a role's next key; prints the roster's entry, to hand to the administrators.

    DIR: the node's folder, or its configuration file.
    """
    config = _config(folder)
    now = int(time.time())
    made = keying.new(
        config, role, at=now, family=family, uscc=uscc, suite=suite, passphrase_file=passphrase_file
    )
    click.echo(f"{made.path} 已生成，登记入名册后才会使用 · made; it waits until the roster names it", err=True)
    if made.passphrase:
        click.echo(f"→ 加入配置并重启节点 · add to the configuration, and restart:\n{made.passphrase}", err=True)
    click.echo(orjson.dumps(made.entry, option=orjson.OPT_INDENT_2).decode())
    return CLEAN


@keys.command("list")
@click.argument("config", type=FILE)
@json_option
@body
async def list_keys(config: Path, as_json: bool) -> int:
    """查看密钥 · Each key file: what the roster says, days left, which signs now. Exit code 1: a key lacks or ends."""
    found = keying.listed(load(config), at=int(time.time()), refused=example_public_keys())
    if as_json:
        click.echo(orjson.dumps(found.to_json()).decode())
    else:
        _show(found)
    return FINDING if found.lacking else CLEAN


@keys.command("encrypt")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@click.option("--passphrase-file", required=True, type=FILE, help="The new passphrase, one line, mode 0600.")
@click.option("--old-passphrase-file", type=FILE, help="The present one, of files that are encrypted already.")
@body
async def encrypt(files: tuple[Path, ...], passphrase_file: Path, old_passphrase_file: Path | None) -> int:
    """加密密钥文件或更换口令 · Encrypt key files, or change their passphrase."""
    keying.encrypt(files, passphrase_file, old_passphrase_file)
    click.echo(f'→ [keys] passphrase_file = "{passphrase_file}"', err=True)
    return CLEAN


def _config(place: Path) -> Config:
    return load(place / CONFIG if place.is_dir() else place)


def _show(found: Listing) -> None:
    table = Table(title=f"{found.at} · 名册 roster {found.roster}", box=None)
    for name in ("用途 role", "文件 file", "编号 id", "名册 roster", "窗口 window", "剩余天数 days", "正在签署 signs"):
        table.add_column(name, overflow="fold")
    for row in found.rows:
        table.add_row(*_cells(row))
    console = Console(width=160, soft_wrap=True)
    console.print(table)
    if found.other:
        click.echo(f"不是密钥文件名，未查看 · not named as a key, not looked at: {', '.join(found.other)}")
    for each in found.lacking:
        click.echo(f"✘ {each.message} [{each.reason}]")


def _cells(row: KeyRow) -> tuple[str, ...]:
    role = row.role if row.family == "*" else f"{row.role} {row.family}"
    window = f"{row.not_before[:16]} – {row.not_after[:16]}" if row.not_before else ""
    days = "" if row.days_left is None else str(row.days_left)
    key_id = row.vkey.split("+")[1] if row.vkey else ""
    return role, row.file, key_id, SAYS[row.says], window, days, ", ".join(row.signs).replace("*", "✔")
