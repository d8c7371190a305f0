"""WHY does a broker not let us in? From the fault of a connection to the one thing to put right.

With TLS 1.3 a broker judges our certificate after the handshake is over for us: what it thinks of it arrives as an
alert in place of the first answer, or as no more than a closed connection. Then our own certificate's dates are looked
at too. A broker that closes a connection without TLS is asked once whether it speaks TLS.

>>> raise await why_refused("127.0.0.1", 9093, security, error)
CertificateDenied: bus.certificate: Kafka at 127.0.0.1:9093 wants a certificate of this node, and none is set: …
"""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

from aiokafka.errors import IllegalSaslStateError, KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from cryptography import x509

from gateway.bus.kafka_settings import MECHANISM, Security
from gateway.bus.port import BusUnavailable, CertificateDenied, LoginDenied, WireMismatch

PROBE_S = 3.0
_NOT_TLS = ("WRONG_VERSION_NUMBER", "UNEXPECTED_EOF", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH")


async def why_refused(host: str, port: int, security: Security, error: BaseException) -> BusUnavailable:
    """The error to raise for a connection that could not be made."""
    at = f"Kafka at {host}:{port}"
    if isinstance(error, SaslAuthenticationFailed):
        return LoginDenied(f"{at} does not take user {security.user!r} with the password in its file: {error}")
    if isinstance(error, UnsupportedSaslMechanismError | IllegalSaslStateError):
        return LoginDenied(f"{at} does not offer {MECHANISM}: is this the address where nodes log in? {error}")
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateDenied(f"{at}: its certificate is not taken ({cause.verify_message}): see the setting ca")
    if security.tls is None:
        if _closed(causes) and await _speaks_tls(host, port):
            return WireMismatch(f"{at} speaks TLS, and the setting ca is missing, so this node does not")
    elif found := _refused_in_tls(at, security, error, causes):
        return found
    return BusUnavailable(f"{at} can't be reached: {str(error) or 'no answer'}")


def _refused_in_tls(
    at: str, security: Security, error: BaseException, causes: list[BaseException]
) -> BusUnavailable | None:
    alert = next((cause.reason or "" for cause in causes if isinstance(cause, ssl.SSLError)), "")
    shaken = isinstance(error, KafkaError)  # our half of the handshake was over
    if "ALERT" in alert or (shaken and _closed(causes) and _is_bad(security.certificate)):
        return CertificateDenied(_about_ours(at, security.certificate, alert.lower().replace("_", " ") or "closed"))
    if alert.startswith(_NOT_TLS) or (not shaken and _closed(causes)):
        return WireMismatch(f"{at} ended the beginning of TLS: is this a port that speaks TLS? ({error})")
    return None


def _is_bad(certificate: Path | None) -> bool:
    return certificate is None or (until := _until(certificate)) is None or until < _now()


def _until(certificate: Path) -> datetime.datetime | None:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _about_ours(at: str, certificate: Path | None, said: str) -> str:
    if certificate is None:
        return f"{at} wants a certificate of this node, and none is set: see the settings certificate and key ({said})"
    until = _until(certificate)
    if until is not None and until < _now():
        return f"{at} does not take {certificate}: it expired on {until:%Y-%m-%d}; get a new one ({said})"
    return f"{at} does not take {certificate}: is it by an authority that the brokers know? ({said})"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, of which aiokafka keeps the fault of the socket."""
    while error is not None:
        yield error
        error = error.__cause__


def _closed(causes: list[BaseException]) -> bool:
    return any(isinstance(cause, EOFError | ConnectionResetError | ConnectionAbortedError) for cause in causes)


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether a handshake gets as far as a certificate, whosever. Nothing is said over it."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(PROBE_S):
            _, writer = await asyncio.open_connection(host, port, ssl=anybody)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True
