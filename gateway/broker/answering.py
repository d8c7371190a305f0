"""DOES a broker answer? Asked with Kafka's own words: how many brokers does it know?

>>> await answering("127.0.0.1:9092")
1
"""

from __future__ import annotations

import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

ASK_MS = 2000


async def answering(address: str, tls: ssl.SSLContext | None = None) -> int:
    """How many brokers of its cluster the one at ``host:port`` knows; 0 while it doesn't answer."""
    host, _, port = address.rpartition(":")
    try:
        connection = await create_conn(
            host, int(port), request_timeout_ms=ASK_MS, ssl_context=tls,
            security_protocol="PLAINTEXT" if tls is None else "SSL",
        )  # fmt: skip
    except (OSError, KafkaError, TimeoutError):
        return 0
    try:
        return len((await connection.send(MetadataRequest([]))).brokers)
    except (OSError, KafkaError, TimeoutError):
        return 0
    finally:
        await connection.close()
