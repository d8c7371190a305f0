"""A whole signed repository in one call: for the demo, for tests, and for whoever holds every key of an exercise.

>>> signers = {place: CryptoSigner.generate_ed25519() for place in ("tongzhou", "sanhe", "binhai")}
>>> online = CryptoSigner.generate_ed25519()
>>> make_repository(folder, documents, signers, {"tongzhou": online}, threshold=2, now=1795400000)
Done(root=1, targets=1, snapshot=1, timestamp=1, seamless=True)
>>> amend_repository(folder, {"roster.json": newer}, signers, [online], now=1795400600).targets
2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from securesystemslib.signer import Signer

from gateway.errors import CannotRun
from gateway.repository import published
from gateway.repository.charter import USUAL, Charter
from gateway.repository.drafting import first, following
from gateway.repository.enacting import Done, publish
from gateway.repository.layout import Lives
from gateway.repository.rolekeys import RoleKey, of_signer
from gateway.repository.signatures import sign


def make_repository(
    folder: Path,
    documents: Mapping[str, bytes],
    root_signers: Mapping[str, Signer],
    online_signers: Mapping[str, Signer],
    *,
    threshold: int,
    now: int,
    lives: Lives = USUAL,
) -> Done:
    """Make a complete repository that every TUF client can read, signed by all the signers given.

    ``documents``: target path → bytes ("roster.json", "agreements.json", "catalogue.json", "schemas/licence-1.0.json").
    ``root_signers``, ``online_signers``: jurisdiction → signer of securesystemslib
    (``CryptoSigner.generate_ed25519()``, or ``rolekeys.load(file)``). ``now``: seconds since the epoch, from which
    ``lives`` count. ``folder`` then holds ``metadata/`` and ``targets/``; the root to pin is ``metadata/1.root.json``.

    Raises ``Refused`` and ``CannotRun`` as ``enacting.publish`` does; ``trust.exists`` where a repository stands.
    """
    if published.read(folder) is not None:
        raise CannotRun("trust.exists", f"{folder} holds a repository already", zh=f"{folder} 已有信任仓库")
    keys, online = (_keys(signers) for signers in (root_signers, online_signers))
    proposal = first(documents, Charter(keys, threshold, online, lives), now)
    signed = [sign(proposal, signer) for signer in root_signers.values()]
    return publish(folder, proposal, signed, list(online_signers.values()), now=now)


def amend_repository(
    folder: Path,
    changes: Mapping[str, bytes],
    root_signers: Mapping[str, Signer],
    online: Sequence[Signer],
    *,
    now: int,
    charter: Charter | None = None,
    renew: bool = False,
) -> Done:
    """Propose, sign by all the signers given, and publish: ``changes`` are the targets that differ; ``charter`` if
    given is the next one, ``renew`` asks for a new root with new expiries. Raises as ``make_repository``,
    ``trust.none_yet``.
    """
    state = published.read(folder)
    if state is None:
        raise CannotRun("trust.none_yet", f"{folder}: nothing is published yet", zh=f"{folder} 尚无已发布内容")
    files = {**state.files, **changes}
    proposal = following(state, files=files, charter=charter, renew=renew, now=now)
    signed = [sign(proposal, signer) for signer in root_signers.values()]
    return publish(folder, proposal, signed, online, now=now)


def _keys(signers: Mapping[str, Signer]) -> tuple[RoleKey, ...]:
    return tuple(of_signer(jurisdiction, signer) for jurisdiction, signer in signers.items())
