"""May this proposal follow what is published? The laws that hold whoever signs (DESIGN §7, law 10).

1. It builds on exactly what is published: else somebody has published meanwhile, and it is made anew.
2. Versions of the metadata rise by one; expiries lie ahead, and no further than the charter says.
3. Roster, agreements, catalogue and schemas are there and can be read.
4. A document whose bytes change has a higher version; one that keeps its bytes keeps it.
5. Nothing is removed, only ended (``difference``): a schema never changes.

>>> check(state, proposal, now=1795400000)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.errors import Refused
from gateway.records.schema import SchemaSet
from gateway.repository import difference
from gateway.repository.charter import Charter, seconds
from gateway.repository.drafting import DAY_S
from gateway.repository.layout import DOCUMENTS, schemas_of
from gateway.repository.proposals import Proposal
from gateway.repository.published import Published
from gateway.trust import agreements, catalogue, roster
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER, TrustData, assemble

MAX_TOLD = 20


def check(state: Published | None, proposal: Proposal, now: int) -> TrustData:
    """The trust data that the proposal would put in force.

    Raises ``Refused``: ``trust.stale_proposal``, ``trust.succession``, ``trust.expiry``, ``trust.form``,
    ``trust.missing``, ``trust.version``, ``trust.removed``, ``schema.changed``.
    """
    if proposal.base != (state.base if state is not None else None):
        raise stale(state, proposal)
    charter = proposal.charter or (state.charter if state is not None else None)
    if charter is None:
        raise Refused("trust.form", "the first proposal has no root", zh="首个提案缺少根元数据")
    _check_succession(state, proposal)
    _check_expiry(proposal, charter, now)
    trust = read_files(proposal.files)
    if state is not None:
        check_files(state.files, proposal.files)
    return trust


def stale(state: Published | None, proposal: Proposal) -> Refused:
    """The refusal of a proposal that builds on another state, with the cure."""
    on = "nothing" if proposal.base is None else f"root {proposal.base.root.version}"
    on += "" if proposal.base is None else f", targets {proposal.base.targets.version}"
    now = "nothing" if state is None else f"root {state.root.version}, targets {state.targets.version}"
    return Refused(
        "trust.stale_proposal",
        f"it builds on {on}; published is {now}: make it anew with `trust propose`, and have it signed anew",
        zh=f"提案基于 {on}，现已发布 {now}：请用 trust propose 重做提案并重新签名",
    )


def _check_succession(state: Published | None, proposal: Proposal) -> None:
    wanted = (1, 1) if state is None else (state.root.version + 1, state.targets.version + 1)
    root = wanted[0] if proposal.root is None else proposal.root.version
    if (root, proposal.targets.version) != wanted:
        told = f"root {root} and targets {proposal.targets.version} do not follow; {wanted[0]} and {wanted[1]} would"
        zh = f"元数据版本应为 root {wanted[0]}、targets {wanted[1]}"
        raise Refused("trust.succession", told, zh=zh)


def _check_expiry(proposal: Proposal, charter: Charter, now: int) -> None:
    made = {"targets": (proposal.targets, charter.lives.targets)}
    if proposal.root is not None:
        made["root"] = (proposal.root, charter.lives.root)  # type: ignore[assignment]
    for role, (signed, days) in made.items():
        if not now < seconds(signed) <= now + (days + 1) * DAY_S:
            told = f"{role} would expire at {signed.expires:%Y-%m-%dT%H:%M:%SZ}: past, or more than {days} days ahead"
            zh = f"{role} 的到期时间已过，或超过章程规定的 {days} 天"
            raise Refused("trust.expiry", told, zh=zh)


def read_files(files: Mapping[str, bytes]) -> TrustData:
    """Trust data out of target files. Raises ``Refused`` ``trust.missing``, ``trust.form``; ``CannotRun`` for schemas.
    """
    lacking = [name for name in DOCUMENTS if name not in files]
    if lacking:
        raise Refused("trust.missing", f"{', '.join(lacking)} must be there", zh=f"缺少 {'、'.join(lacking)}")
    schemas = SchemaSet.of_files(schemas_of(files))
    return assemble(files[ROSTER], files[AGREEMENTS], files[CATALOGUE], schemas)


_VERSION: Mapping[str, Callable[[bytes], Any]] = {
    ROSTER: roster.parse,
    AGREEMENTS: agreements.parse,
    CATALOGUE: catalogue.parse,
}


def check_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    """Laws 4 and 5, of documents that can be read. Raises ``Refused`` ``trust.version``, ``trust.removed``."""
    for name, parse in _VERSION.items():
        old, new = (parse(files[name]).version for files in (before, after))
        if before[name] != after[name] and new <= old:
            told = f"{name} differs from what is published and has version {new}; it must be above {old}"
            zh = f"{name} 内容有变，版本号 {new} 应大于已发布的 {old}"
            raise Refused("trust.version", told, field=f"{name}.version", zh=zh)
    gone = [line for line in difference.of_files(before, after) if line.forbidden]
    if gone:
        raise Refused(
            "trust.removed",
            "; ".join(line.en for line in gone[:MAX_TOLD]),
            zh="；".join(line.zh for line in gone[:MAX_TOLD]),
        )
