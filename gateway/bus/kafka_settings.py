"""WHERE is a Kafka cluster, and how is it spoken to? Values only; secrets are paths.

>>> KafkaSettings(("kafka-1.example:9093",), ca=Path("ca.pem"), user="tongzhou", password=Path("kafka.password"))
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import CannotRun

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """One cluster. ``bootstrap``: ``host:port`` each. With ``ca`` TLS is spoken; with ``user`` SASL/SCRAM over it.

    ``replication``, ``min_insync``, ``retention_days``: of topics we make, and the least of those we find made.
    ``request_s``: how long one answer may take; ``publish_s``: a whole batch. ``most_fetched``: bytes of an answer.
    """

    bootstrap: tuple[str, ...]
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: Path | None = None
    replication: int = 3
    min_insync: int = 2
    retention_days: int = 400
    request_s: float = 10.0
    publish_s: float = 30.0
    most_fetched: int = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class Security:
    """What a connection needs, read from the files. Never shown."""

    tls: ssl.SSLContext | None = None
    user: str | None = None
    password: str | None = None
    certificate: Path | None = None

    @property
    def protocol(self) -> str:
        """Kafka's name for it."""
        return "PLAINTEXT" if self.tls is None else "SSL" if self.user is None else "SASL_SSL"


def security(settings: KafkaSettings) -> Security:
    """Read certificates and password. Raises ``CannotRun`` ``config.form`` naming the file."""
    if settings.ca is None:
        return Security()
    try:
        tls = ssl.create_default_context(cafile=settings.ca)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.certificate is not None:
            tls.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(each) for each in (settings.ca, settings.certificate, settings.key) if each is not None)
        message = f"one of {files} can't be used for TLS: {error}"
        raise CannotRun("config.form", message, field="bus.kafka.ca") from error
    if settings.user is None or settings.password is None:
        return Security(tls, None, None, settings.certificate)
    try:
        password = settings.password.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun("config.form", f"{settings.password}: {error}", field="bus.kafka.password") from error
    return Security(tls, settings.user, password, settings.certificate)
