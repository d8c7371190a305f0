"""Who may ask? On loopback everybody on this machine; anywhere else, or once a token is configured, whoever bears it
(DESIGN §9).

Default deny: a route that does not say that it is public needs the token. On loopback without a token a web page of a
stranger is the danger: it can reach this machine through the visitor's browser. So a request must name a loopback
host (else a name that was bound anew to 127.0.0.1 would do), and one that changes something must not come from
another page's origin.

>>> access = Access.of(config.http)
>>> access.check(public=False, method="GET", headers=request.headers)
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.errors import CannotRun, Refused
from gateway.node.config import HttpConfig

SHORTEST_TOKEN = 32
LONGEST_TOKEN = 4_096
READING = ("GET", "HEAD", "OPTIONS")
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="jjj-gateway"'}


@dataclass(frozen=True, slots=True)
class Access:
    """The rule in force. ``digest``: SHA-256 of the token, or None where everybody on this machine may ask."""

    digest: bytes | None = field(repr=False)

    @classmethod
    def of(cls, http: HttpConfig) -> Access:
        """The rule for these settings. Raises ``CannotRun`` ``http.token`` naming the setting and the cure."""
        if http.token is not None:
            return cls(_digest(_read_token(http.token)))
        if not is_loopback(http.host):
            raise CannotRun(
                "http.token",
                f"[http] host {http.host!r} is reached from other machines, so publishing needs a bearer token:"
                f" name a file with at least {SHORTEST_TOKEN} characters, mode 0600, in [http] token;"
                ' or set host = "127.0.0.1"',
                field="http.token",
            )
        return cls(None)

    def check(self, *, public: bool, method: str, headers: Mapping[str, str]) -> None:
        """Raise ``Refused`` ``access.host``, ``access.origin`` or ``access.token`` for a request that may not be."""
        if method not in READING:
            _check_origin(headers)
        if self.digest is None:
            _check_host(headers)
        elif not public and not self._is_borne(headers.get("Authorization", "")):
            raise Refused("access.token", "this needs the node's bearer token: Authorization: Bearer …")

    def _is_borne(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or self.digest is None:
            return False
        return hmac.compare_digest(_digest(token.strip()), self.digest)


def is_loopback(host: str) -> bool:
    """Whether a host, as a setting or a URL names it, is this machine and no other."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_host(headers: Mapping[str, str]) -> None:
    named = _host(f"//{headers.get('Host', '')}")
    if not is_loopback(named):
        raise Refused(
            "access.host",
            f"this node answers to loopback names only, not to {named[:80]!r}; behind a proxy it needs [http] token",
            field="Host",
        )


def _check_origin(headers: Mapping[str, str]) -> None:
    origin = headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != headers.get("Host"):
        raise Refused("access.origin", f"a page of {origin[:80]!r} may not ask this", field="Origin")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def _read_token(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun("http.token", f"[http] token: {path} can't be read: {error}", field="http.token") from error
    if stat.S_IMODE(mode) & 0o077:
        raise CannotRun(
            "http.token",
            f"[http] token: others may read {path} (mode {stat.S_IMODE(mode):04o}); chmod 600 {path}",
            field="http.token",
        )
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN or not token.isprintable() or " " in token:
        raise CannotRun(
            "http.token",
            f"[http] token: {path} must hold one line of {SHORTEST_TOKEN} to {LONGEST_TOKEN} printable characters"
            " without spaces; `openssl rand -hex 32` makes one",
            field="http.token",
        )
    return token
