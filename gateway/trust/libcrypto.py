"""SM2 arithmetic by the system's OpenSSL: keys as handles, 32-byte digests in, DER signatures out.

`cryptography` has no SM2, so this is the one place of the program that calls a C library by itself (decision 023).
It knows nothing of notes, names or digests of messages: ``sm2`` does. A handle is freed with its object, holds no
state between calls and may be used by several threads; ``ctypes`` leaves the interpreter free while OpenSSL works.

>>> key = new()
>>> verify(public(point(key)), digest, sign(key, digest))
True
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from functools import cache
from typing import Any

from gateway.errors import CannotRun

NAMES = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib", "libcrypto-3-x64.dll")
"""Where OpenSSL 3 and later lie, by the loader's own search; 1.1.1 has SM2 behind other functions."""

MAX_SIGNATURE = 80
ITERATIONS = 100_000
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""DER before a point: SubjectPublicKeyInfo of ecPublicKey on the curve 1.2.156.10197.1.301 (GB/T 35276)."""

_PASSWORD = CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_void_p)
_P, _I = c_void_p, c_int
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "OpenSSL_version_num": (c_ulong, ()),
    "ERR_clear_error": (None, ()),
    "EVP_PKEY_CTX_new_from_name": (_P, (_P, c_char_p, c_char_p)),
    "EVP_PKEY_CTX_new": (_P, (_P, _P)),
    "EVP_PKEY_CTX_free": (None, (_P,)),
    "EVP_PKEY_free": (None, (_P,)),
    "EVP_PKEY_is_a": (_I, (_P, c_char_p)),
    "EVP_PKEY_keygen_init": (_I, (_P,)),
    "EVP_PKEY_generate": (_I, (_P, POINTER(c_void_p))),
    "EVP_PKEY_sign_init": (_I, (_P,)),
    "EVP_PKEY_sign": (_I, (_P, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_PKEY_verify_init": (_I, (_P,)),
    "EVP_PKEY_verify": (_I, (_P, c_char_p, c_size_t, c_char_p, c_size_t)),
    "d2i_PUBKEY": (_P, (_P, POINTER(c_char_p), c_long)),
    "i2d_PUBKEY": (_I, (_P, c_void_p)),
    "EVP_PKEY2PKCS8": (_P, (_P,)),
    "PKCS8_PRIV_KEY_INFO_free": (None, (_P,)),
    "PKCS8_encrypt": (_P, (_I, _P, c_char_p, _I, _P, _I, _I, _P)),
    "X509_SIG_free": (None, (_P,)),
    "EVP_aes_256_cbc": (_P, ()),
    "BIO_s_mem": (_P, ()),
    "BIO_s_secmem": (_P, ()),
    "BIO_new": (_P, (_P,)),
    "BIO_new_mem_buf": (_P, (c_char_p, _I)),
    "BIO_read": (_I, (_P, c_char_p, _I)),
    "BIO_free": (_I, (_P,)),
    "PEM_write_bio_PKCS8_PRIV_KEY_INFO": (_I, (_P, _P)),
    "PEM_write_bio_PKCS8": (_I, (_P, _P)),
    "PEM_read_bio_PrivateKey": (_P, (_P, _P, _PASSWORD, _P)),
}


class Failed(Exception):
    """OpenSSL would not: the bytes are no key or signature of the curve, or memory has run out."""


@cache
def _library() -> ctypes.CDLL:
    """The library, its functions declared. Raises ``CannotRun`` ``suite.unavailable``."""
    for name in NAMES:
        try:
            found = ctypes.CDLL(name)
            for function, (answer, arguments) in _FUNCTIONS.items():
                declared = getattr(found, function)
                declared.restype, declared.argtypes = answer, arguments
        except (OSError, AttributeError):
            continue
        if _has_sm2(found):
            return found
    raise CannotRun(
        "suite.unavailable",
        f"no OpenSSL of version 3 or later with SM2 on this machine (looked for {', '.join(NAMES)})",
        zh="本机没有支持 SM2 的 OpenSSL 3（系统库 libcrypto）",
    )


def _has_sm2(found: ctypes.CDLL) -> bool:
    context = found.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    usable = bool(context) and found.EVP_PKEY_keygen_init(context) == 1
    found.EVP_PKEY_CTX_free(context)
    found.ERR_clear_error()
    return usable


@cache
def available() -> str:
    """The version of the OpenSSL in use, as ``3.0.19``. Raises ``CannotRun`` ``suite.unavailable``."""
    number = _library().OpenSSL_version_num()
    return f"{number >> 28}.{number >> 20 & 0xFF}.{number >> 4 & 0xFF}"


class Handle:
    """A key that OpenSSL holds; shows nothing of it, can't be copied or pickled, and frees it in the end."""

    __slots__ = ("_free", "pointer")

    def __init__(self, pointer: int | None) -> None:
        library = _library()
        if not pointer:
            library.ERR_clear_error()
            raise Failed
        self.pointer: int = pointer
        self._free: Callable[[int], None] = library.EVP_PKEY_free

    def __del__(self) -> None:
        if hasattr(self, "_free"):
            self._free(self.pointer)

    def __reduce__(self) -> str:
        raise TypeError("a key of a C library is neither copied nor pickled")


def new() -> Handle:
    """A new key pair, from OpenSSL's random numbers."""
    library, made = _library(), c_void_p()
    with _owned(library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None), library.EVP_PKEY_CTX_free) as context:
        _must(library.EVP_PKEY_keygen_init(context))
        _must(library.EVP_PKEY_generate(context, byref(made)))
    return Handle(made.value)


def public(point: bytes) -> Handle:
    """The public key of 65 bytes: 04, x, y. Raises ``Failed`` for no point of the curve."""
    library, der = _library(), _SPKI + point
    handle = Handle(library.d2i_PUBKEY(None, byref(c_char_p(der)), len(der)))
    if len(point) != 65 or library.EVP_PKEY_is_a(handle.pointer, b"SM2") != 1:
        raise Failed
    return handle


def point(key: Handle) -> bytes:
    """The public half as 65 bytes: 04, x, y."""
    library = _library()
    room = ctypes.create_string_buffer(len(_SPKI) + 65)
    if library.i2d_PUBKEY(key.pointer, None) != len(room):
        raise Failed
    library.i2d_PUBKEY(key.pointer, byref(c_void_p(ctypes.addressof(room))))
    if not room.raw.startswith(_SPKI):
        raise Failed
    return room.raw[len(_SPKI) :]


def sign(key: Handle, digest: bytes) -> bytes:
    """A signature in DER over a digest of 32 bytes, with a nonce of OpenSSL's."""
    library, room = _library(), ctypes.create_string_buffer(MAX_SIGNATURE)
    size = c_size_t(MAX_SIGNATURE)
    with _owned(library.EVP_PKEY_CTX_new(key.pointer, None), library.EVP_PKEY_CTX_free) as context:
        _must(library.EVP_PKEY_sign_init(context))
        _must(library.EVP_PKEY_sign(context, room, byref(size), digest, len(digest)))
    return room.raw[: size.value]


def verify(key: Handle, digest: bytes, signature: bytes) -> bool:
    """Whether a signature in DER over a digest of 32 bytes holds."""
    library = _library()
    with _owned(library.EVP_PKEY_CTX_new(key.pointer, None), library.EVP_PKEY_CTX_free) as context:
        _must(library.EVP_PKEY_verify_init(context))
        holds: int = library.EVP_PKEY_verify(context, signature, len(signature), digest, len(digest))
    if holds != 1:
        library.ERR_clear_error()
    return holds == 1


def to_pem(key: Handle, passphrase: bytes | None) -> bytes:
    """PKCS8 in PEM; with a passphrase encrypted: PBES2, AES-256-CBC, PBKDF2 of 100,000 rounds."""
    library = _library()
    with (
        _owned(library.EVP_PKEY2PKCS8(key.pointer), library.PKCS8_PRIV_KEY_INFO_free) as plain,
        _owned(library.BIO_new(library.BIO_s_secmem()), library.BIO_free) as out,
    ):
        if passphrase is None:
            _must(library.PEM_write_bio_PKCS8_PRIV_KEY_INFO(out, plain))
        else:
            cipher, size = library.EVP_aes_256_cbc(), len(passphrase)
            sealed = library.PKCS8_encrypt(-1, cipher, passphrase, size, None, 0, ITERATIONS, plain)
            with _owned(sealed, library.X509_SIG_free):
                _must(library.PEM_write_bio_PKCS8(out, sealed))
        room = ctypes.create_string_buffer(4096)
        size = library.BIO_read(out, room, len(room))
        _must(size)
        return room.raw[:size]


def from_pem(pem: bytes, passphrase: bytes | None) -> Handle:
    """The key in a PKCS8 PEM; ``Failed`` for another kind, a broken one, or a passphrase that is lacking or wrong.

    Never asks on a terminal, as OpenSSL does when nobody gives it a way to ask.
    """
    library = _library()

    def answer(room: int, most: int, _writing: int, _given: int | None) -> int:
        if passphrase is None or len(passphrase) > most:
            return -1
        ctypes.memmove(room, passphrase, len(passphrase))
        return len(passphrase)

    with _owned(library.BIO_new_mem_buf(pem, len(pem)), library.BIO_free) as source:
        handle = Handle(library.PEM_read_bio_PrivateKey(source, None, _PASSWORD(answer), None))
    if library.EVP_PKEY_is_a(handle.pointer, b"SM2") != 1:
        raise Failed
    return handle


def _must(answer: int) -> None:
    if answer <= 0:
        _library().ERR_clear_error()
        raise Failed


@contextmanager
def _owned(pointer: int | None, free: Callable[[int], object]) -> Iterator[int]:
    if not pointer:
        _library().ERR_clear_error()
        raise Failed
    try:
        yield pointer
    finally:
        free(pointer)
