"""What the commands about evidence and frozen logs do, between the words of ``gateway.cli`` and the rooms below.

>>> check(Path("sanhe-licence-1f0a6c5e9b3d2a47.json"), None, as_json=False)
0
"""

from __future__ import annotations

import datetime
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import click
import orjson

from gateway.audit.auditor import load_given
from gateway.bus.tileclient import TIMEOUT
from gateway.errors import CannotRun, Refused
from gateway.instants import format_time
from gateway.ledger import evidencefile, logbook
from gateway.ledger.checkpoint import SignedCheckpoint
from gateway.ledger.database import connect
from gateway.ledger.evidencefile import ENDED, Evidence, Proven
from gateway.ledger.merkle import HASH_SIZE
from gateway.node import exhibits
from gateway.node.config import Config, load
from gateway.node.decisions import FILE, Decision, Decisions
from gateway.node.exhibits import EVIDENCE, Exhibits
from gateway.ops import succeeding
from gateway.repository.places import is_address
from gateway.trust import trusted
from gateway.trust.canonical import decode_base64
from gateway.trust.members import Ended

CLEAN, FINDING = 0, 1
MOST_ANSWER = 4 << 20


def check(file: Path, trust: Path | None, *, as_json: bool) -> int:
    """``evidence check``. Raises ``CannotRun``: the file can't be read."""
    try:
        with file.open("rb") as opened:
            evidence = evidencefile.parse(opened.read(evidencefile.MOST_BYTES + 1))
    except OSError as error:
        raise CannotRun("file.unreadable", f"{file}: {error.strerror}") from error
    except Refused as refused:
        raise CannotRun(refused.reason, f"{file}: {refused.message}") from refused
    given = load_given(trust) if trust is not None else None
    try:
        if given is None and evidence.clash.reason == ENDED:
            raise Refused("evidence.needs_trust", "roster: what this file says rests on one; give it with --trust")
        proven = evidencefile.judge(evidence) if given is None else exhibits.judge(evidence, given)
    except Refused as refused:
        _say_nothing(evidence, refused, as_json=as_json)
        return FINDING
    _say_proven(evidence, proven, None if given is None else given.roster.version, as_json=as_json)
    return CLEAN


def _say_nothing(evidence: Evidence, refused: Refused, *, as_json: bool) -> None:
    if as_json:
        said = {"proves": False, "origin": evidence.origin, "reason": refused.reason, "message": refused.message}
        click.echo(orjson.dumps({**said, "step": refused.message.partition(":")[0]}).decode())
        return
    click.echo(f"{evidence.origin}: 不构成证明 · proves nothing [{refused.reason}]")
    click.echo(f"  {refused.message}")


def _say_proven(evidence: Evidence, proven: Proven, roster: int | None, *, as_json: bool) -> None:
    signed = [each for each in (proven.first, proven.second) if each is not None]
    keys = [key.text() for key in evidence.keys]
    if as_json:
        said: dict[str, Any] = {"proves": True, "origin": evidence.origin, "reason": evidence.clash.reason}
        said |= {"told": proven.told, "zh": proven.zh, "keys": keys, "roster": roster}
        click.echo(orjson.dumps({**said, "statements": [_statement(each) for each in signed]}).decode())
        return
    click.echo(f"{evidence.origin}: {proven.zh} · {proven.told} [{evidence.clash.reason}]")
    for each in signed:
        said = _statement(each)
        click.echo(f"  {said['date']}  {said['size']}  {said['root']}")
    for key in keys:
        click.echo(f"  密钥 key: {key}")
    if roster is None:
        click.echo("  密钥出自文件本身，可用 --trust 与名册核对 · keys as the file has them: see --trust")
    else:
        click.echo(f"  密钥与名册第 {roster} 版相符 · the keys stand in roster version {roster}")


def _statement(signed: SignedCheckpoint) -> dict[str, Any]:
    tree = signed.checkpoint
    return {
        "size": tree.size,
        "root": tree.text().split(b"\n")[2].decode(),
        "date": format_time((signed.date or 0) * 1000),
    }


async def listed(source: str, *, as_json: bool) -> int:
    """``evidence list``: of a node's folder or configuration, or of a running node."""
    found = await _ask(source) if is_address(source) else _kept(Path(source))
    if as_json:
        click.echo(orjson.dumps({"evidence": found}).decode())
        return CLEAN
    for item in found:
        click.echo(f"{item['id']}  {item['seen']['at']}  {item['origin']} [{item['reason']}] {item['where']}")
    if not found:
        click.echo("没有证据 · no evidence")
    return CLEAN


async def _ask(url: str) -> list[dict[str, Any]]:
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{url.rstrip('/')}/v1/evidence?limit=1000", timeout=TIMEOUT) as answer,
        ):
            items = orjson.loads(await answer.read())["evidence"]
            return [{**item, "where": item["seen"]["where"]} for item in items]
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
        raise CannotRun("source.unreachable", f"{url}: {str(error) or type(error).__name__}") from error


def _kept(path: Path) -> list[dict[str, Any]]:
    config = load(path / "node.toml" if path.is_dir() else path)
    found = []
    for identifier, evidence in Exhibits(config.data / EVIDENCE, config.jurisdiction).all():
        seen = {"at": format_time(evidence.seen.at), "by": evidence.seen.by, "where": evidence.seen.where}
        where, reason = evidence.seen.where, evidence.clash.reason
        found.append({"id": identifier, "origin": evidence.origin, "reason": reason, "seen": seen, "where": where})
    return found


def successor(path: Path, family: str, size: int, root: str | None) -> int:
    """``successor``: the roster's members on standard output, what to do then on standard error."""
    given = decode_base64(root.encode()) if root is not None else None
    if root is not None and (given is None or len(given) != HASH_SIZE):
        raise CannotRun("successor.root", "--root is no base64 of 32 bytes")
    prepared = succeeding.prepare(load(path), family, size, given)
    members = prepared.members(datetime.datetime.now(datetime.UTC).date())
    click.echo(orjson.dumps(members, option=orjson.OPT_INDENT_2).decode())
    for file in prepared.files:
        click.echo(f"{file} 已生成，登记入名册后才会使用 · made; it waits until the roster names it", err=True)
    click.echo(f"→ 名册生效后 · once the roster is in force: jjj-gateway recover {path}", err=True)
    return CLEAN


def unfreeze(path: Path, origin: str, ground: str) -> int:
    """``unfreeze``: write the decision; a running node takes it up by itself, another one when it starts. Raises
    ``CannotRun``: ``log.unknown``, ``unfreeze.*``.
    """
    config = load(path)
    if not ground.strip():
        raise CannotRun("unfreeze.ground", "a decision needs a ground: who decided, why")
    roster = trusted.load(config.shown_trust, config.shown_schemas).roster
    known = roster.log(origin)
    if known is None:
        raise CannotRun("log.unknown", f"the roster in {config.trust} has no log {origin}")
    owner, entry = known
    if owner.id == config.jurisdiction:
        raise CannotRun("unfreeze.own", f"{origin} is this node's own: run `jjj-gateway recover {path}`")
    if entry.ended is None:
        raise CannotRun(
            "unfreeze.not_ended",
            f"{origin} goes on by roster version {roster.version}: only a roster that names the size and root with"
            " which it ended settles which of its trees counts",
        )
    decisions = Decisions(config.data / FILE)
    was = _frozen(config, origin)
    if was is None:
        raise CannotRun("unfreeze.not_frozen", f"{origin} is not frozen at this node")
    kept = [kept for kept, one in Exhibits(config.data / EVIDENCE, config.jurisdiction).all() if one.origin == origin]
    decisions.append(Decision(int(time.time() * 1000), origin, was, entry.ended, roster.version, ground.strip(), kept))
    click.echo(f"{origin}: 已记录 · journalled ({decisions.file}): {_end(entry.ended)}")
    return CLEAN


def _end(ended: Ended) -> str:
    return f"止于 {ended.size} 条 · ends at {ended.size} records"


def _frozen(config: Config, origin: str) -> str | None:
    with closing(connect(config.data / "mirrors.sqlite", read_only=True)) as connection:
        held = logbook.find_log(connection, origin)
    return None if held is None else held.frozen
