"""HOW are users and access lists of a Kafka cluster asked for and set? The requests only an administrator sends.

aiokafka's admin client has neither users nor access lists; its protocol module has the access lists, and the one
request about SCRAM users stands here (KIP-554, version 0). So an administrator needs no Java, and a password goes to
the cluster as its salted hash: never as an argument, never in the clear.

>>> await cluster.ask_any(set_password("tongzhou", "…"))
0, ''
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from gateway.bus.kafka_rights import Right
from gateway.bus.kafka_wire import Ask

ITERATIONS = 8192
"""As many as Kafka's own tools take at least twice over; it is done once a login."""
_SHA_512, _SALT_BYTES = 2, 32
_ANY = 1
_PRINCIPAL = "User:"


class _SetScramAnswer(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 51, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _SetScram0(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION, FLEXIBLE_VERSION = 51, 0, True
    RESPONSE_TYPE = _SetScramAnswer
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _SetScram(Request[_SetScram0]):  # type: ignore[misc]
    API_KEY = 51

    def __init__(self, user: str, salt: bytes, salted: bytes) -> None:
        self._upsertion: Any = (user, _SHA_512, ITERATIONS, salt, salted, {})

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class([], [self._upsertion], {})

    def __repr__(self) -> str:
        return "_SetScram(…)"


def set_password(user: str, password: str) -> Ask[tuple[int, str]]:
    """Make a user, or give him another password: a code and Kafka's words."""
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return Ask(_SetScram(user, salt, salted), lambda answer: (answer.results[0][1], answer.results[0][2] or ""))


def rights() -> Ask[tuple[int, frozenset[Right]]]:
    """A code, and every entry of the access lists, other people's too."""

    def read(answer: Any) -> tuple[int, frozenset[Right]]:
        found = [
            Right(principal.removeprefix(_PRINCIPAL), kind, pattern, name, operation, host, permission)
            for kind, name, pattern, entries in answer.resources
            for principal, host, operation, permission in entries
        ]
        return answer.error_code, frozenset(found)

    return Ask(DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY), read)


def grant(right: Right) -> Ask[tuple[int, str]]:
    """Enter one: a code and Kafka's words."""
    return Ask(
        CreateAclsRequest(*_entry(right)),
        lambda answer: (answer.creation_responses[0][0], answer.creation_responses[0][1] or ""),
    )


def revoke(right: Right) -> Ask[tuple[int, str]]:
    """Strike out exactly one: a code and Kafka's words."""
    return Ask(
        DeleteAclsRequest(*_entry(right)),
        lambda answer: (answer.filter_responses[0][0], answer.filter_responses[0][1] or ""),
    )


def _entry(right: Right) -> tuple[int, str, int, str, str, int, int]:
    principal = f"{_PRINCIPAL}{right.user}"
    return right.kind, right.name, right.pattern, principal, right.host, right.operation, right.permission
