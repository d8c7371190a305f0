"""WHO may do what in a Kafka cluster, so that a jurisdiction writes only below its own prefix? (DESIGN §5; pure)

What a node does decides what it is given. It writes its own topics in transactions, looks how they are set, and reads
all. Topics and its transactional id are given by their beginning, final dot included: ``jjj.san`` is a beginning of
``jjj.sanhe.writer``, and who may begin transactions under another's id silences its node.
IDEMPOTENT_WRITE is not given: the right to the transactional id contains it.

>>> wanted = rights_of_writer("jjj", "sanhe", creates=False)
>>> str(min(wanted))
'sanhe: read topic jjj.…'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.bus.port import topics_below

# Kafka's numbers: ResourceType, PatternType, AclOperation, AclPermissionType.
TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID = 2, 3, 4, 5
LITERAL, PREFIXED = 3, 4
READ, WRITE, CREATE, DESCRIBE, DESCRIBE_CONFIGS = 3, 4, 5, 8, 10
ALLOW = 3
_KINDS = {TOPIC: "topic", GROUP: "group", CLUSTER: "cluster", TRANSACTIONAL_ID: "transactional id"}
_OPERATIONS = {
    2: "all", READ: "read", WRITE: "write", CREATE: "create", 6: "delete", 7: "alter", DESCRIBE: "describe",
    9: "cluster action", DESCRIBE_CONFIGS: "describe settings", 11: "alter settings", 12: "idempotent write",
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One entry of an access list. ``user``: without ``User:``; the rest are Kafka's numbers and names."""

    user: str
    kind: int
    pattern: int
    name: str
    operation: int
    host: str = "*"
    permission: int = ALLOW

    def __str__(self) -> str:
        operation = _OPERATIONS.get(self.operation, f"operation {self.operation}")
        kind = _KINDS.get(self.kind, f"kind {self.kind}")
        name = f"{self.name}…" if self.pattern == PREFIXED else self.name
        denied = "" if self.permission == ALLOW else " (denied)"
        host = "" if self.host == "*" else f" from {self.host}"
        return f"{self.user}: {operation} {kind} {name}{host}{denied}"


def rights_of_reader(prefix: str, user: str) -> frozenset[Right]:
    """To read every jurisdiction's topics, and no others."""
    return frozenset(Right(user, TOPIC, PREFIXED, f"{prefix}.", each) for each in (READ, DESCRIBE))


def rights_of_writer(prefix: str, jurisdiction: str, *, creates: bool) -> frozenset[Right]:
    """What its node needs. ``creates``: it makes its own topics; else they are made for it. Raises ``BadTopic``."""
    below = topics_below(prefix, jurisdiction)
    operations = (WRITE, DESCRIBE, DESCRIBE_CONFIGS, *((CREATE,) if creates else ()))
    topics = {Right(jurisdiction, TOPIC, PREFIXED, below, each) for each in operations}
    transactions = {Right(jurisdiction, TRANSACTIONAL_ID, PREFIXED, below, each) for each in (WRITE, DESCRIBE)}
    return frozenset(topics | transactions) | rights_of_reader(prefix, jurisdiction)


def surplus(found: Iterable[Right], wanted: frozenset[Right], prefix: str) -> list[Right]:
    """What is entered beyond what is wanted and reaches our topics, our transactional ids, or our users."""
    users = {right.user for right in wanted}
    return sorted(right for right in found if right not in wanted and (right.user in users or _reaches(right, prefix)))


def _reaches(right: Right, prefix: str) -> bool:
    if right.kind not in (TOPIC, TRANSACTIONAL_ID):
        return False
    ours = f"{prefix}."
    wide = right.name == "*" or (right.pattern == PREFIXED and ours.startswith(right.name))
    return wide or right.name.startswith(ours)
