"""DOES a broker answer? Asked with Kafka's own words: how many brokers does it know?

>>> await answering(Address("127.0.0.1", 9092))
1
"""

from __future__ import annotations

from gateway.bus.kafka_settings import Security
from gateway.bus.kafka_wire import Address, Connection, metadata
from gateway.bus.port import BusUnavailable

ASK_S = 2.0
PLAIN = Security()


async def answering(address: Address, security: Security = PLAIN) -> int:
    """How many brokers of its cluster the one here knows; 0 while it doesn't answer."""
    try:
        connection = await Connection.open(address, security, ASK_S)
    except BusUnavailable:
        return 0
    try:
        return len((await connection.ask(metadata(None))).brokers)
    except BusUnavailable:
        return 0
    finally:
        connection.close()
