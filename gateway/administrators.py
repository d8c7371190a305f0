"""What the commands of the trust repository do: keys, proposals, signatures, publication. Answers exit codes (DESIGN
§9).

0 done · 1 refused, a finding · 2 cannot run. What is refused is said with its reason and its cure.

>>> sign(Path("p.json"), repository="trust-repository", key=Path("tongzhou-root.pem"), ...)
0
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text
from securesystemslib.signer import Signer

from gateway.entry import say
from gateway.errors import CannotRun, Refused
from gateway.ops import linting
from gateway.recognition.lint import Weight, lint
from gateway.recognition.network import Network, fields_of
from gateway.records.packaged import data_path
from gateway.repository import condition, difference, drafting, enacting, laws, proposals, rolekeys, signatures
from gateway.repository.charter import Charter
from gateway.repository.condition import Collecting, Condition
from gateway.repository.difference import Kind, Line
from gateway.repository.layout import Lives, digest, metadata_file, schema_targets
from gateway.repository.places import opened
from gateway.repository.proposals import Proposal
from gateway.repository.published import Published
from gateway.repository.rolekeys import PUBLIC_SUFFIX, SHORT
from gateway.trust.documents import MAX_DOCUMENT
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER, TrustData

P = ParamSpec("P")
CLEAN, FINDING = 0, 1
_MARKS = {Kind.ADDED: ("+", "green"), Kind.CHANGED: ("~", "yellow"), Kind.REMOVED: ("−", "red")}


@dataclass(frozen=True, slots=True)
class Documents:
    """Files that a proposal takes its targets from; None: as published."""

    roster: Path | None = None
    agreements: Path | None = None
    catalogue: Path | None = None
    schemas: Path | None = None

    def read(self) -> dict[str, bytes]:
        """Target path → bytes. Raises ``CannotRun`` ``file.unreadable``, ``schema.*``."""
        named = {ROSTER: self.roster, AGREEMENTS: self.agreements, CATALOGUE: self.catalogue}
        found = {name: _content(path) for name, path in named.items() if path is not None}
        return found | (schema_targets(self.schemas) if self.schemas is not None else {})


@dataclass(frozen=True, slots=True)
class CharterChanges:
    """What a proposal changes in who signs; empty and None: as in force. ``online`` replaces all online keys."""

    root_keys: Sequence[Path] = ()
    without: Sequence[str] = ()
    online: Sequence[Path] = ()
    threshold: int | None = None
    days: Mapping[str, int] | None = None

    def applied(self, charter: Charter) -> Charter:
        """The next charter: a root key given takes the place of its jurisdiction's. Raises ``Refused``
        ``trust.charter``.
        """
        given = [rolekeys.read_public(path) for path in self.root_keys]
        gone = {key.jurisdiction for key in given} | set(self.without)
        unknown = sorted(set(self.without) - {key.jurisdiction for key in charter.keys})
        if unknown:
            names = ", ".join(unknown)
            raise Refused("trust.charter", f"{names} has no root key", zh=f"{names} 没有根密钥")
        kept = [key for key in charter.keys if key.jurisdiction not in gone]
        return Charter(
            tuple(sorted([*kept, *given], key=lambda key: key.jurisdiction)),
            self.threshold or charter.threshold,
            tuple(rolekeys.read_public(path) for path in self.online) or charter.online,
            replace(charter.lives, **(self.days or {})),
        )


def refusing(work: Callable[P, int]) -> Callable[P, int]:
    """What is refused is a finding, said with its cure."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return work(*args, **kwargs)
        except Refused as refused:
            say(refused)
            return FINDING

    return run


def _now() -> int:
    return int(time.time())


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise CannotRun("file.unreadable", f"{path}: {error.strerror}") from error


def _put(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise CannotRun("output.io", f"{path}: {error.strerror}") from error


@refusing
def make_key(file: Path, jurisdiction: str, passphrase_file: Path | None) -> int:
    """``trust key``."""
    key = rolekeys.make(file, jurisdiction, passphrase_file=passphrase_file)
    public = file.with_name(file.name + PUBLIC_SUFFIX)
    click.echo(f"私钥 private {file}（离线保管 keep it offline）\n公钥 public  {public}（可邮寄 may be mailed）")
    click.echo(f"{key.jurisdiction} {key.keyid}")
    return CLEAN


@refusing
def init(
    repository: Path,
    output: Path,
    documents: Documents,
    root_keys: Sequence[Path],
    online: Sequence[Path],
    threshold: int,
    days: Mapping[str, int],
) -> int:
    """``trust init``: the first proposal."""
    with opened(str(repository)) as (_, state):
        if state is not None:
            told = f"{repository} holds a repository already: change it with `trust propose`"
            raise CannotRun("trust.exists", told, zh=f"{repository} 已有信任仓库，请用 trust propose 提出改动")
    keys, machines = ([rolekeys.read_public(path) for path in paths] for paths in (root_keys, online))
    charter = Charter(tuple(keys), threshold, tuple(machines), Lives(**days))
    files = replace(documents, schemas=documents.schemas or data_path("schemas")).read()
    return _proposed(None, drafting.first(files, charter, _now()), output)


@refusing
def propose(
    repository: str, output: Path, documents: Documents, changes: CharterChanges, *, renew: bool, pinned: Path | None
) -> int:
    """``trust propose``."""
    with opened(repository, pinned) as (_, state):
        if state is None:
            told, zh = f"{repository}: begin with `trust init`", f"{repository} 为空，请先 trust init"
            raise CannotRun("trust.none_yet", told, zh=zh)
        files = {**state.files, **documents.read()}
        charter = changes.applied(state.charter)
        made = drafting.following(state, files=files, charter=charter, renew=renew, now=_now())
    return _proposed(state, made, output)


def _proposed(state: Published | None, proposal: Proposal, output: Path) -> int:
    """Judged before anybody is asked to sign it, shown, and written."""
    laws.check(state, proposal, _now())
    _show(difference.of_proposal(state, proposal))
    _put(output, proposals.written(proposal))
    click.echo(f"提案 proposal {output}  指纹 fingerprint {proposal.digest[:16]}")
    who = ", ".join(key.jurisdiction for key in enacting.electorate(state, proposal).values())
    click.echo(f"→ jjj-gateway trust sign {output} --repository … --key …   ({who})")
    return CLEAN


def _show(lines: Sequence[Line]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for line in lines:
        mark, style = _MARKS[line.kind]
        console.print(Text(f"{mark} {line.zh}\n  {line.en}", style=style))


@refusing
def sign(
    proposal_file: Path,
    *,
    repository: str,
    key: Path,
    passphrase_file: Path | None,
    pinned: Path | None,
    yes: bool,
    despite: bool,
) -> int:
    """``trust sign``: show what changes and what lint finds, ask, and write the signature."""
    proposal = proposals.read_from(proposal_file)
    with opened(repository, pinned) as (_, state):
        trust = laws.check(state, proposal, _now())
        _show(difference.of_proposal(state, proposal))
        faults = _show_lint(trust)
    signer = rolekeys.load(key, passphrase_file=passphrase_file)
    own = enacting.electorate(state, proposal).get(signer.public_key.keyid)
    if own is None:
        short = signer.public_key.keyid[:SHORT]
        raise Refused("trust.signer_unknown", f"{short} is no key of the charter", zh=f"{short} 不是章程中的密钥")
    if faults and not despite:
        told = f"`trust lint` finds {faults} faults; correct them, or sign with --despite"
        zh = f"trust lint 发现 {faults} 处错误；更正后重做提案，确需签署请加 --despite"
        raise Refused("trust.faults", told, zh=zh)
    click.echo(f"指纹 fingerprint {proposal.digest[:16]}  签名密钥 key {own.told()}")
    if not yes and not click.confirm("是否签名？ Sign this?", default=False):
        click.echo("未签名 not signed", err=True)
        return FINDING
    made = signatures.sign(proposal, signer)
    path = signatures.beside(proposal_file, made)
    _put(path, signatures.written(made))
    click.echo(f"签名 signature {path}")
    return CLEAN


def _show_lint(trust: TrustData) -> int:
    """Show the findings; how many are faults."""
    network = Network(trust.roster, trust.agreements, trust.catalogue, fields_of(trust.schemas), _now())
    found = lint(network)
    Console(soft_wrap=True, highlight=False).print(linting.told(found))
    return sum(each.weight is Weight.FAULT for each in found)


@refusing
def publish(repository: Path, proposal_file: Path, signed: Sequence[Path], online: Sequence[Signer]) -> int:
    """``trust publish``."""
    proposal = proposals.read_from(proposal_file)
    given = [signatures.read_from(path) for path in signed]
    done = enacting.publish(repository, proposal, given, online, now=_now())
    _tell(repository, done)
    if not done.seamless:
        click.echo("在线密钥已更换且旧密钥未签：客户端下次刷新后恢复 · clients recover at their next refresh", err=True)
    return CLEAN


@refusing
def stamp(repository: Path, online: Sequence[Signer]) -> int:
    """``trust stamp``."""
    _tell(repository, enacting.stamp(repository, online, now=_now()))
    return CLEAN


def _tell(repository: Path, done: enacting.Done) -> None:
    versions = f"root {done.root} · targets {done.targets} · snapshot {done.snapshot} · timestamp {done.timestamp}"
    click.echo(f"{repository}: 现行版本 in force: {versions}")


@refusing
def status(
    place: str, proposal_file: Path | None, signed: Sequence[Path], *, pinned: Path | None, as_json: bool
) -> int:
    """``trust status``: 0 where clients take it, and the proposal can be published."""
    now = _now()
    with opened(place, pinned) as (folder, state):
        if state is None and proposal_file is None:
            raise CannotRun("trust.none_yet", f"{place}: nothing is published", zh=f"{place} 尚无已发布内容")
        found = None if state is None else condition.of(state, now)
        collected = None
        if proposal_file is not None:
            given = [signatures.read_from(path) for path in signed]
            collected = condition.collecting(state, proposals.read_from(proposal_file), given, now)
        first = _first_root(folder)
    if as_json:
        click.echo(orjson.dumps(_report(found, collected, first)).decode())
    else:
        _show_status(found, collected, first)
    good = (found is None or found.good) and (collected is None or collected.ready)
    return CLEAN if good else FINDING


def _first_root(folder: Path) -> str | None:
    """SHA-256 of the file that nodes pin."""
    path = folder / metadata_file("root", 1)
    return digest(path.read_bytes()) if path.exists() else None


def _report(found: Condition | None, collected: Collecting | None, first: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {"ok": True} if found is None else found.to_json()
    told["first_root"] = first
    if collected is not None:
        told["proposal"] = collected.to_json()
        told["ok"] = told["ok"] and collected.ready
    return told


def _show_status(found: Condition | None, collected: Collecting | None, first: str | None) -> None:
    console = Console(soft_wrap=True, highlight=False)
    if found is not None:
        table = Table("角色 role", "版本 version", "剩余天数 days left", box=None)
        for each in found.roles:
            look = "red" if each.over else "yellow" if each.soon else "green"
            told = "已失效 not good" if each.over else str(each.days_left)
            table.add_row(each.role, str(each.version), Text(told, style=look))
        console.print(table)
        documents = " · ".join(f"{name} {version}" for name, version in found.documents.items())
        console.print(f"文件 documents: {documents}")
        console.print(f"门限 threshold: {found.charter.threshold}/{len(found.charter.keys)}")
        for key in found.charter.keys:
            console.print(f"  根密钥 root key   {key.told()}")
        for key in found.charter.online:
            console.print(f"  在线密钥 online   {key.told()}")
        console.print(f"首个根 first root SHA-256: {first or '—'}")
    if collected is not None:
        _show_collecting(console, collected)


def _show_collecting(console: Console, collected: Collecting) -> None:
    signed, unsigned = ([key.told() for key in keys] for keys in (collected.tally.signed, collected.tally.unsigned))
    console.print(f"提案 proposal {collected.digest[:16]}")
    console.print(f"  已签 signed: {', '.join(signed) or '—'}")
    console.print(f"  未签 not yet: {', '.join(unsigned) or '—'}")
    console.print(f"  还差 missing: {collected.tally.missing}")
    if collected.published:
        console.print("  已发布 published")
    if collected.fault is not None:
        say(collected.fault)
