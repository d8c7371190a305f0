"""WHAT is said to a broker, and what does it answer? One connection and the ten requests of Kafka's protocol we use.

Everything of aiokafka that has no types stands here and in ``kafka_batches``: above, it is our own values. We use its
connections, protocol and records, and not its producer and consumer: docs/decisions/014 says why.

>>> connection = await Connection.open(Address("127.0.0.1", 9092), Security(), timeout_s=10)
>>> await connection.ask(metadata("jjj.sanhe.licence"))
Metadata(brokers={1: Address(host='127.0.0.1', port=9092)}, fault=0, leader=1)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Self, TypeVar

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest

from gateway.bus.kafka_refused import why_refused
from gateway.bus.kafka_settings import MECHANISM, Security
from gateway.bus.port import BusDenied, BusUnavailable

T = TypeVar("T")

CLIENT = "jjj-gateway"
EARLIEST, LATEST = -2, -1
UNCOMMITTED, COMMITTED = 0, 1
_TRANSACTION, _TOPIC = 1, 2  # kinds of coordinator, of resource
_ALL_IN_SYNC = -1
# Codes that our steps tell apart; Kafka's documentation, "Error codes".
OUT_OF_RANGE, NO_TOPIC, NO_LEADER, NOT_LEADER = 1, 3, 5, 6
LOADING, NO_COORDINATOR, NOT_COORDINATOR, BUSY, EXISTS = 14, 15, 16, 51, 36
STALE_EPOCH, FENCED = 47, 90
_DENIED = {29, 30, 31, 53, 54, 58}


class Address(NamedTuple):
    """Where a broker is."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A request and how its answer is read."""

    request: Any
    read: Callable[[Any], T]


class Connection:
    """One connection; answers come in the order of requests. Any fault closes it."""

    def __init__(self, address: Address, inner: Any) -> None:
        self.address = address
        self._inner = inner

    @classmethod
    async def open(cls, address: Address, security: Security, timeout_s: float) -> Self:
        """Connect, with TLS and password where there are such. Raises ``BusUnavailable`` and its kin."""
        inner = AIOKafkaConnection(
            address.host, address.port, client_id=CLIENT, request_timeout_ms=int(timeout_s * 1000),
            security_protocol=security.protocol, ssl_context=security.tls, sasl_mechanism=MECHANISM,
            sasl_plain_username=security.user, sasl_plain_password=security.password,
        )  # fmt: skip
        try:
            await inner.connect()
        except (OSError, KafkaError, TimeoutError, EOFError) as error:
            _end(inner)
            raise await why_refused(address.host, address.port, security, error) from error
        return cls(address, inner)

    @property
    def usable(self) -> bool:
        """Whether it stands, as far as is known."""
        return bool(self._inner.connected())

    async def ask(self, ask: Ask[T]) -> T:
        """Send and wait. Raises ``BusUnavailable``; whether the broker did what was asked is then not known."""
        try:
            return ask.read(await self._inner.send(ask.request))
        except (OSError, KafkaError, TimeoutError, EOFError) as error:
            self.close()
            raise BusUnavailable(f"Kafka at {self.address}: {error or 'no answer in time'}") from error
        except (ValueError, TypeError, LookupError, NotImplementedError, AttributeError) as error:
            self.close()
            raise BusUnavailable(f"Kafka at {self.address} speaks otherwise than expected: {error!r}") from error

    def close(self) -> None:
        """Close it now; who waits for an answer is told."""
        _end(self._inner)


def _end(inner: Any) -> None:
    """At once: a TLS transport that is closed waits half a minute for the other side's goodbye."""
    inner.close()
    if inner._protocol is not None and inner._protocol._transport is not None:
        inner._protocol._transport.abort()


def told(code: int, what: str) -> BusUnavailable:
    """The error for a code that nothing can be done about here."""
    kind = BusDenied if code in _DENIED else BusUnavailable
    return kind(f"{what}: Kafka answers {for_code(code).__name__} ({code})")


@dataclass(frozen=True, slots=True)
class Metadata:
    """All brokers, and who leads the topic asked about (-1: nobody now); ``fault``: a code, 0 for none."""

    brokers: Mapping[int, Address]
    fault: int
    leader: int


def metadata(topic: str | None) -> Ask[Metadata]:
    """Who is there, and who leads partition 0 of a topic. Asks for no topic to be made."""

    def read(answer: Any) -> Metadata:
        brokers = {each[0]: Address(each[1], each[2]) for each in answer.brokers}
        for found in answer.topics:
            leaders = {part[1]: part[2] for part in found[-1]}
            return Metadata(brokers, found[0], leaders.get(0, -1))
        return Metadata(brokers, 0, -1)

    return Ask(MetadataRequest([topic] if topic else [], allow_auto_topic_creation=False), read)


def partitions(topic: str) -> Ask[int]:
    """How many partitions a topic has."""
    request = MetadataRequest([topic], allow_auto_topic_creation=False)
    return Ask(request, lambda answer: max((len(found[-1]) for found in answer.topics), default=0))


def coordinator(transactional_id: str) -> Ask[tuple[int, Address]]:
    """A code, and who keeps the state of a writer's transactions."""
    request = FindCoordinatorRequest(transactional_id, _TRANSACTION)
    return Ask(request, lambda answer: (answer.error_code, Address(answer.host, answer.port)))


def new_epoch(transactional_id: str, timeout_s: float) -> Ask[tuple[int, int, int]]:
    """Fence earlier writers and abort what they left open: a code, the producer's id and epoch."""
    request = InitProducerIdRequest(transactional_id, int(timeout_s * 1000))
    return Ask(request, lambda answer: (answer.error_code, answer.producer_id, answer.producer_epoch))


def add_topic(transactional_id: str, producer: tuple[int, int], topic: str) -> Ask[int]:
    """Take a topic into the transaction, which begins it: a code."""
    request = AddPartitionsToTxnRequest(transactional_id, *producer, [(topic, [0])])
    return Ask(request, lambda answer: int(answer.errors[0][1][0][1]))


def end_transaction(transactional_id: str, producer: tuple[int, int]) -> Ask[int]:
    """Commit: a code."""
    return Ask(EndTxnRequest(transactional_id, *producer, True), lambda answer: int(answer.error_code))


def produce(transactional_id: str, topic: str, batch: bytes, timeout_s: float) -> Ask[tuple[int, int]]:
    """Append one batch, acknowledged by all replicas in sync: a code, and the first offset."""
    request = ProduceRequest(transactional_id, _ALL_IN_SYNC, int(timeout_s * 1000), [(topic, [(0, batch)])])
    return Ask(request, lambda answer: tuple(answer.topics[0][1][0][1:3]))


def offset(topic: str, which: int, isolation: int) -> Ask[tuple[int, int]]:
    """A code, and the ``EARLIEST`` offset kept, or the one after the ``LATEST`` (committed or not)."""
    request = OffsetRequest(-1, isolation, [(topic, [(0, which)])])
    return Ask(request, lambda answer: (answer.topics[0][1][0][1], answer.topics[0][1][0][3]))


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought: a code, aborted transactions (producer, first offset), batches as they lie."""

    fault: int
    aborted: tuple[tuple[int, int], ...]
    data: bytes


def fetch(topic: str, position: int, isolation: int, *, most: int, wait_s: float) -> Ask[Fetched]:
    """What lies from ``position``; waits up to ``wait_s`` for anything. At least one batch, however large."""

    def read(answer: Any) -> Fetched:
        if answer.error_code:
            return Fetched(answer.error_code, (), b"")
        _, fault, _, _, _, aborted, *_, data = answer.topics[0][1][0]
        return Fetched(fault, tuple((each[0], each[1]) for each in aborted or ()), bytes(data or b""))

    request = FetchRequest(int(wait_s * 1000), 1, most, isolation, [(topic, [(0, position, most)])])
    return Ask(request, read)


def create_topic(topic: str, replication: int, settings: Mapping[str, str], timeout_s: float) -> Ask[tuple[int, str]]:
    """A code and Kafka's own words about it."""
    one_partition: Any = (topic, 1, replication, [], list(settings.items()))
    request = CreateTopicsRequest([one_partition], int(timeout_s * 1000), False)
    return Ask(request, lambda answer: (answer.topic_errors[0][1], answer.topic_errors[0][2] or ""))


def describe_topic(topic: str) -> Ask[tuple[int, dict[str, str]]]:
    """A code and a topic's settings by their names."""

    def read(answer: Any) -> tuple[int, dict[str, str]]:
        fault, _, _, _, entries = answer.resources[0]
        return fault, {each[0]: each[1] or "" for each in entries}

    return Ask(DescribeConfigsRequest([(_TOPIC, topic, None)]), read)
