"""What shall be signed next? Proposals made: the first one, and one that builds on what is published.

>>> first(files, Charter(keys, 4, online), now=1795400000).targets.version
1
>>> following(state, files={**state.files, "roster.json": changed}, now=1795400000).targets.version
8
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import Refused
from gateway.repository.charter import Charter, targets_of
from gateway.repository.proposals import Proposal
from gateway.repository.published import Published

DAY_S = 86_400


def first(files: Mapping[str, bytes], charter: Charter, now: int) -> Proposal:
    """The proposal of a repository's beginning. ``files``: target path → bytes."""
    root = charter.root(1, now + charter.lives.root * DAY_S)
    return Proposal(None, root, targets_of(files, 1, now + charter.lives.targets * DAY_S), dict(files))


def following(
    state: Published, *, files: Mapping[str, bytes], charter: Charter | None = None, renew: bool = False, now: int
) -> Proposal:
    """The next targets with these files, and the next root where the charter changes or ``renew`` asks for new
    expiries.

    Raises ``Refused`` ``trust.unchanged`` where nothing would change.
    """
    wanted = charter or state.charter
    changes_root = renew or wanted != state.charter
    if not changes_root and files == state.files:
        raise Refused("trust.unchanged", "nothing differs from what is published", zh="与已发布的内容没有差别")
    root = wanted.root(state.root.version + 1, now + wanted.lives.root * DAY_S) if changes_root else None
    targets = targets_of(files, state.targets.version + 1, now + wanted.lives.targets * DAY_S)
    return Proposal(state.base, root, targets, dict(files))
