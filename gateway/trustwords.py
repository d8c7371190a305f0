"""The words of ``jjj-gateway trust``: arguments and options; what is done stands in ``gateway.administrators``.

>>> jjj-gateway trust status https://node.sanhe.example
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway import administrators, inquiries
from gateway.administrators import CharterChanges, Documents
from gateway.entry import FILE, FOLDER, body, json_option
from gateway.repository import rolekeys
from gateway.repository.layout import MAX_DAYS, MAX_KEYS, Lives

Command = Callable[..., Any]
_ROLES = ("root", "targets", "snapshot", "timestamp")
passphrase_option = click.option("--passphrase-file", type=FILE, help="File with the key's passphrase, mode 0600.")
pinned_option = click.option("--root", "pinned", type=FILE, help="The root you hold already; for a REPO that is a URL.")
output_option = click.option("-o", "--output", type=FILE, required=True, help="The proposal to write.")
signing_option = click.option("--online-key", type=FILE, multiple=True, required=True, help="Private online key.")


def documents_options(*, required: bool) -> Callable[[Command], Command]:
    """The files of targets."""

    def add(command: Command) -> Command:
        command = click.option("--schemas", type=FOLDER, help="Folder of *.schema.json, to add.")(command)
        for name in ("catalogue", "agreements", "roster"):
            command = click.option(f"--{name}", type=FILE, required=required, help=f"The new {name}.json.")(command)
        return command

    return add


def days_options(command: Command) -> Command:
    """How long each role's metadata live."""
    for role, days in reversed(Lives().to_json().items()):
        told = f"Days that {role} metadata live; {days} at first."
        command = click.option(f"--{role}-days", type=click.IntRange(1, MAX_DAYS), help=told)(command)
    return command


def _days(given: dict[str, Any]) -> dict[str, int]:
    return {role: given[f"{role}_days"] for role in _ROLES if given[f"{role}_days"] is not None}


def _documents(given: dict[str, Any]) -> Documents:
    return Documents(given["roster"], given["agreements"], given["catalogue"], given["schemas"])


@click.group()
def trust() -> None:
    """名册、协议与目录 · Roster, agreements and catalogue: looked through, signed together, published."""


@trust.command("lint")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--at", metavar="DAY|INSTANT", help="Look at them on this day; today if absent.")
@json_option
@body
async def lint(folder: Path, at: str | None, as_json: bool) -> int:
    """检查矛盾、缺口和重叠 · Find contradictions, gaps and overlaps; print who recognises what."""
    return inquiries.trust_lint(folder, at, as_json=as_json)


@trust.command("key")
@click.argument("file", type=FILE)
@click.option("--jurisdiction", required=True, metavar="ID", help="Whose key it is.")
@passphrase_option
@body
async def key(file: Path, jurisdiction: str, passphrase_file: Path | None) -> int:
    """生成管理员密钥 · Make an administrator's (or a machine's online) key: FILE, and FILE.pub to be given out."""
    return administrators.make_key(file, jurisdiction, passphrase_file)


@trust.command("init")
@click.argument("repository", metavar="REPO", type=FOLDER)
@click.option("--root-key", type=FILE, multiple=True, required=True, help="Public half, one a jurisdiction; repeated.")
@click.option("--threshold", type=click.IntRange(1, MAX_KEYS), default=4, show_default=True, help="How many sign.")
@click.option("--online-key", type=FILE, multiple=True, required=True, help="Public half of an online key; repeated.")
@documents_options(required=True)
@days_options
@output_option
@body
async def init(
    repository: Path,
    output: Path,
    root_key: tuple[Path, ...],
    online_key: tuple[Path, ...],
    threshold: int,
    **given: Any,
) -> int:
    """首次提案 · Make the first proposal of a trust repository."""
    return administrators.init(repository, output, _documents(given), root_key, online_key, threshold, _days(given))


@trust.command("propose")
@click.argument("repository", metavar="REPO|URL")
@documents_options(required=False)
@click.option("--root-key", type=FILE, multiple=True, help="Public half; in the place of its jurisdiction's, or new.")
@click.option("--without", multiple=True, metavar="ID", help="Take this jurisdiction's root key out.")
@click.option("--online-key", type=FILE, multiple=True, help="Public half; these replace all online keys.")
@click.option("--threshold", type=click.IntRange(1, MAX_KEYS), help="How many must sign.")
@click.option("--renew", is_flag=True, help="A new root with new expiries, though nothing else changes.")
@days_options
@pinned_option
@output_option
@body
async def propose(
    repository: str,
    output: Path,
    root_key: tuple[Path, ...],
    without: tuple[str, ...],
    online_key: tuple[Path, ...],
    threshold: int | None,
    **given: Any,
) -> int:
    """提出改动 · Make a proposal: what changes against what is published, as one file to be signed in each city."""
    changes = CharterChanges(root_key, without, online_key, threshold, _days(given))
    documents, renew, pinned = _documents(given), given["renew"], given["pinned"]
    return administrators.propose(repository, output, documents, changes, renew=renew, pinned=pinned)


@trust.command("sign")
@click.argument("proposal", type=FILE)
@click.option("--repository", metavar="REPO|URL", required=True, help="What is published; to compare with.")
@click.option("--key", type=FILE, required=True, help="Your private key.")
@passphrase_option
@pinned_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--despite", is_flag=True, help="Sign although `trust lint` finds faults.")
@body
async def sign(proposal: Path, **given: Any) -> int:
    """查看并签名 · Show what a proposal changes, ask, and write your signature beside it."""
    return administrators.sign(proposal, **given)


@trust.command("publish")
@click.argument("repository", metavar="REPO", type=FOLDER)
@click.argument("proposal", type=FILE)
@click.argument("signatures", metavar="SIG…", type=FILE, nargs=-1)
@signing_option
@passphrase_option
@body
async def publish(
    repository: Path,
    proposal: Path,
    signatures: tuple[Path, ...],
    online_key: tuple[Path, ...],
    passphrase_file: Path | None,
) -> int:
    """发布 · Publish a proposal that enough have signed; run again after a kill, it goes on."""
    online = [rolekeys.load(path, passphrase_file=passphrase_file) for path in online_key]
    return administrators.publish(repository, proposal, signatures, online)


@trust.command("stamp")
@click.argument("repository", metavar="REPO", type=FOLDER)
@signing_option
@passphrase_option
@body
async def stamp(repository: Path, online_key: tuple[Path, ...], passphrase_file: Path | None) -> int:
    """续签时间戳 · A new timestamp, and a new snapshot when half its life is over: daily."""
    return administrators.stamp(
        repository, [rolekeys.load(path, passphrase_file=passphrase_file) for path in online_key]
    )


@trust.command("status")
@click.argument("repository", metavar="REPO|URL")
@click.argument("proposal", type=FILE, required=False)
@click.argument("signatures", metavar="SIG…", type=FILE, nargs=-1)
@pinned_option
@json_option
@body
async def status(
    repository: str, proposal: Path | None, signatures: tuple[Path, ...], pinned: Path | None, as_json: bool
) -> int:
    """查看状态 · Versions, days left, key holders; of a proposal, who has signed and who has not."""
    return administrators.status(repository, proposal, signatures, pinned=pinned, as_json=as_json)
