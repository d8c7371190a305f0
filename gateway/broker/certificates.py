"""WHO vouches for the project's broker and its clients? An authority made for the occasion, with the certificates it
issues, as files. Never for production: its own key is not kept, and nobody looks whom it issues to.

>>> authority = Authority.made("JJJ example")
>>> authority.write(folder / "ca.pem")
>>> authority.issue(folder, "tongzhou")  # tongzhou.pem, tongzhou.key
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

ADMIN, BROKER = "admin", "broker"
DAY = datetime.timedelta(days=1)
_ISSUES = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Authority:
    """Certificate and key of one that issues."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def made(cls, name: str) -> Self:
        """A new one, good for a year."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(name)
        bounds = x509.BasicConstraints(ca=True, path_length=0)
        built = (
            _begun(subject, subject, key, 365)
            .add_extension(bounds, critical=True)
            .add_extension(_ISSUES, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(built.sign(key, SHA256()), key)

    def write(self, path: Path) -> None:
        """Its certificate, for those who are to trust it."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(
        self, folder: Path, name: str, *, subject: str = "", hosts: Sequence[str] = (), days: int = 90
    ) -> None:
        """Write ``<name>.pem`` and ``<name>.key``, and both as ``<name>.keystore.pem``, as Kafka reads them.

        ``subject``: its common name, if not ``name``. ``hosts``: names and addresses it serves at, if it serves.
        ``days``: until it expires; below 0 it has.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        built = _begun(_named(subject or name), self.certificate.subject, key, days)
        built = built.add_extension(issuer, critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_general(host) for host in hosts])
            built = built.add_extension(names, critical=False)
        certificate = built.sign(self.key, SHA256()).public_bytes(Encoding.PEM)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.pem").write_bytes(certificate)
        for suffix, content in ((".key", private), (".keystore.pem", private + certificate)):
            file = folder / f"{name}{suffix}"
            file.touch(mode=0o600)
            file.write_bytes(content)


def tls_as(folder: Path, name: str) -> ssl.SSLContext:
    """What a client of that name needs to speak TLS."""
    tls = ssl.create_default_context(cafile=folder / "ca.pem")
    tls.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return tls


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    until = now + days * DAY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, until) - DAY)
        .not_valid_after(until)
    )
