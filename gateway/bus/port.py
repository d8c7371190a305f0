"""HOW do records and checkpoints travel? By topics, which carry bytes and prove nothing (law 5).

The contract, which ``tests/bus/contract.py`` holds every adapter to:

- **Exact bytes.** Key, value and headers arrive as sent: order, doubles and empty values too. An absent key or
  value (another program's) reads as ``b""``. Anybody may append anything; readers are handed it all.
- **Order.** Positions of a topic strictly rise, perhaps with holes. A position is never a log index (law 3).
- **Whole batches.** A batch is appended whole or not at all, even if the writer's machine dies meanwhile.
- **One writer a jurisdiction.** Once a claim returns, nothing of earlier writers appears any more: fenced.
- **Kept.** Record topics keep everything until retention deletes their beginning; compacted topics
  (``is_compacted``) keep at least the newest message of each key.

Tiles over HTTP fulfil the read half too: there a position happens to be the index.

>>> async with EmbeddedBus(folder) as bus, aclosing(bus.read("jjj.sanhe.licence", None)) as batches:
...     writer = await bus.claim("tongzhou")
...     await writer.publish("jjj.tongzhou.licence", [Message(b"subject", b"{...}", ((LOG_INDEX, b"0"),))])
...     async for batch in batches:
...         resume_at = batch[-1].position + 1
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Protocol, Self

from gateway.errors import GatewayError

CONTENT_TYPE, LOG_INDEX, SIGNATURE, CHECKPOINT = "content-type", "log-index", "signature", "checkpoint"
_CHECKPOINTS = "checkpoint"
_TOPIC = re.compile(r"[a-z0-9][a-z0-9._-]{0,199}")
_JURISDICTION = re.compile(r"[a-z][a-z0-9-]{0,63}")
_FAMILY = re.compile(r"[a-z][a-z0-9_-]{0,63}(\.[1-9][0-9]{0,5})?")


class BusError(GatewayError):
    """Base of what a bus raises; a subclass for each reason, so that callers catch what they can cure."""

    code: ClassVar[str] = "bus"

    def __init__(self, message: str) -> None:
        super().__init__(self.code, message)


class BusUnavailable(BusError):
    """The broker, the disk or a file failed; the message names it. Trying again later may help."""

    code = "bus.unavailable"


class BusDenied(BusUnavailable):
    """The broker's access list says no, or (its kin) it does not let us in at all. The message names what it said."""

    code = "bus.denied"


class LoginDenied(BusDenied):
    """User or password are not the broker's."""

    code = "bus.login"


class CertificateDenied(BusDenied):
    """One side does not take the other's certificate: missing, expired, or by an authority it doesn't know."""

    code = "bus.certificate"


class WireMismatch(BusDenied):
    """One side speaks TLS and the other doesn't."""

    code = "bus.tls"


class TopicSettings(BusUnavailable):
    """A topic is set so that it would lose what is sent, or can't be made; the message names the setting."""

    code = "bus.topic_settings"


class BusFenced(BusError):
    """A later claim of the same jurisdiction holds. Nothing of the batch is visible, or ever will be."""

    code = "bus.fenced"


class BusClosed(BusError):
    """This bus, writer or reading was closed, or was ended by an error told before."""

    code = "bus.closed"


class PositionLost(BusError):
    """The topic no longer holds this position, or never did. Start from tiles, then join the topic."""

    code = "bus.position_lost"


class BadTopic(BusError):
    """A name that no topic may bear, or a topic outside the writer's jurisdiction."""

    code = "bus.topic"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. Header names may repeat; ``header`` reads one safely. Every adapter carries 256 KiB."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What is read: a message and its position in the topic."""

    position: int
    message: Message


class Reading(Protocol):
    """Lists of messages, never empty, bounded in number and bytes; waits when there is nothing. For one task.

    A cancelled wait loses nothing: the next goes on from the same position. Use ``contextlib.aclosing``.
    Raises ``PositionLost``, ``BusUnavailable``, ``BusClosed``.
    """

    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> list[Received]: ...
    async def aclose(self) -> None: ...


class BusReader(Protocol):
    """The read half. Leaving the block closes it all."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self, topic: str, position: int | None) -> Reading:
        """Read on from ``position``, the next wanted; None: the earliest kept. Waits for a topic to be made.

        A position before the earliest kept or beyond the end is lost; a compacted one is passed over.
        """

    async def end(self, topic: str) -> int:
        """The least position that the next message can have; 0 without a topic. Raises ``BusUnavailable``."""

    async def signed_end(self, topic: str, size_of: Callable[[Message], int | None]) -> Message | None:
        """Of all messages the topic holds, the newest with the greatest ``size_of``; None if all are None.

        ``size_of`` reads the tree size of a statement signed by the caller's own key, and raises nothing.
        Costs a reading of the whole topic. Raises ``BusUnavailable``.
        """


class BusWriter(Protocol):
    """Writes below one jurisdiction's prefix. Calls may overlap: each topic keeps their order."""

    async def publish(self, topic: str, batch: Sequence[Message]) -> None:
        """Append in order; return once durable. An empty batch does nothing; 2,000 messages and 8 MiB fit.

        Any other outcome, cancellation included, closes the writer, and unless it was fenced it is not known
        whether the (whole) batch arrived: claim anew, resume from the ledger; readers skip indexes they have.
        Raises ``BusUnavailable``, ``BusFenced``, ``BusClosed``, ``BadTopic``.
        """

    async def close(self) -> None:
        """Wait for what is under way, give everything back. May be called twice, and after an error."""


class Bus(BusReader, Protocol):
    """Both halves."""

    async def claim(self, jurisdiction: str) -> BusWriter:
        """Become the one writer below this jurisdiction's prefix. Raises ``BusUnavailable``, ``BadTopic``."""


def header(message: Message, name: str) -> bytes | None:
    """The value of the only header of that name; None without one, or with several (which to believe?)."""
    values = [value for each, value in message.headers if each == name]
    return values[0] if len(values) == 1 else None


def topics_below(prefix: str, jurisdiction: str) -> str:
    """The beginning of every topic name of a jurisdiction, final dot included. Raises ``BadTopic``."""
    if _TOPIC.fullmatch(prefix) is None or _JURISDICTION.fullmatch(jurisdiction) is None:
        raise BadTopic(f"{prefix!r} is no topic prefix, or {jurisdiction!r} no jurisdiction's id")
    return f"{prefix}.{jurisdiction}."


def record_topic(prefix: str, jurisdiction: str, family: str) -> str:
    """``jjj.tongzhou.licence``; a succeeding log's family is ``licence.2``. Raises ``BadTopic``."""
    if _FAMILY.fullmatch(family) is None or family == _CHECKPOINTS:
        raise BadTopic(f"{family!r} is no family of records")
    return checked_topic(topics_below(prefix, jurisdiction) + family)


def checkpoint_topic(prefix: str, jurisdiction: str) -> str:
    """``jjj.tongzhou.checkpoint``: checkpoints it published, and its cosignatures on those of others."""
    return checked_topic(topics_below(prefix, jurisdiction) + _CHECKPOINTS)


def is_compacted(topic: str) -> bool:
    """Whether older messages of a key may vanish from this topic: true of checkpoint topics."""
    return topic.endswith(f".{_CHECKPOINTS}")


def checked_topic(topic: str) -> str:
    """The name itself if a topic may bear it, which makes it a safe file name too. Raises ``BadTopic``."""
    if _TOPIC.fullmatch(topic) is None:
        raise BadTopic(f"{topic[:80]!r} is no topic name: 1 to 200 of a-z, 0-9, dot, dash, underscore")
    return topic
