"""A broker that speaks TLS, under an authority made for one test.

>>> with tls_broker(folder) as (plain, address, authority): ...
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.broker.cluster import Cluster
from gateway.broker.properties import HOST
from tests.simulator import free_port


@contextmanager
def tls_broker(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Its plain address, its TLS address, the PEM file of its authority."""
    plain, tls, controller = (f"{HOST}:{free_port()}" for _ in range(3))
    key, authority = certified(folder)
    more = {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"CLIENT://{plain},TLS://{tls},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENT://{plain},TLS://{tls}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,TLS:SSL,CONTROLLER:PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(key),
    }
    cluster = Cluster(folder / "kafka", port=int(plain.rpartition(":")[2]), more=more)
    asyncio.run(cluster.__aenter__())
    try:
        yield plain, tls, authority
    finally:
        asyncio.run(cluster.__aexit__(None, None, None))


def certified(folder: Path) -> tuple[Path, Path]:
    """A private key with its certificate in one file, and the certificate, which is its own authority, alone."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    pem = certificate.public_bytes(Encoding.PEM)
    both, alone = folder / "broker.pem", folder / "authority.pem"
    both.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem)
    alone.write_bytes(pem)
    return both, alone
