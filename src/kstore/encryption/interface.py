"""
What every way to encrypt values offers, and what opening one gives.

Knows the shape only. The rules of which key opens what are in `transformers.py`, the algorithms in a file
each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from kstore.encryption.prefix import EncryptionHeader, seems_plain
from kstore.errors import EncryptionError, TamperedValue, WrongKey
from kstore.printable import key_text


class NotOpened(Exception):
    """
    An algorithm did not open its bytes: raised by algorithms, turned into an `EncryptionError` by ciphers.

    Args:
        reason: what did not hold; never holds key material or plaintext.
        key_fits: whether the key seems to be the right one, so that the bytes must have been changed.
    """

    def __init__(self, reason: str, *, key_fits: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key_fits = key_fits


class Algorithm(ABC):
    """One key of one algorithm; knows neither names nor prefixes."""

    authenticated: bool
    """Whether a value that was changed, or encrypted with another key, is sure to be noticed."""

    @abstractmethod
    def open(self, data: bytes, path: bytes) -> bytes:
        """
        The plain bytes.

        Args:
            data: what `encrypt` returned.
            path: the etcd key that the value is under; some algorithms authenticate it.

        Raises:
            NotOpened: another key, or changed bytes.
        """

    @abstractmethod
    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """The encrypted bytes, with a fresh nonce."""


class Cipher(ABC):
    """One entry in the list of those that may open a resource's values: a prefix, and what opens the rest."""

    name: EncryptionHeader
    """Provider and key name, as the prefix has them."""
    prefix: bytes
    """The bytes in front of what this cipher has encrypted; empty for `identity`."""
    authenticated: bool

    @abstractmethod
    def open(self, body: bytes, path: bytes) -> tuple[bytes, bool]:
        """
        The plain bytes of a value without its prefix, and whether the cipher itself would encrypt it again by
        now.

        Raises:
            EncryptionError: the value cannot be opened.
        """

    @abstractmethod
    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """
        The encrypted bytes, without the prefix.

        Raises:
            EncryptionError: the value cannot be encrypted.
        """

    def close(self) -> None:  # noqa: B027 - only plugins hold a connection
        """Let go of connections; harmless when called twice."""

    def fault(self, cause: NotOpened, path: bytes) -> EncryptionError:
        """The error for a value that an algorithm of this cipher did not open."""
        return describe_fault(self.name, path, key_fits=cause.key_fits, reason=cause.reason)


class NamedKey(Cipher):
    """A key of the configuration: `aescbc`, `aesgcm` or `secretbox` with one of their keys."""

    def __init__(self, name: EncryptionHeader, algorithm: Algorithm) -> None:
        self.name = name
        self.prefix = name.prefix
        self.authenticated = algorithm.authenticated
        self._algorithm = algorithm

    def open(self, body: bytes, path: bytes) -> tuple[bytes, bool]:
        """See `Cipher.open`."""
        try:
            return self._algorithm.open(body, path), False
        except NotOpened as cause:
            raise self.fault(cause, path) from None

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Cipher.encrypt`."""
        return self._algorithm.encrypt(plain, path)


class Opened(NamedTuple):
    """A value that has been opened, or that was plain; what is printed of it does not show it."""

    plain: bytes
    """The bytes as an apiserver hands them to its decoder."""
    encryption_header: EncryptionHeader | None
    """Who had encrypted it; None when it was plain."""
    stale: bool
    """Whether the apiserver would write the object even unchanged: it was not encrypted with the first key."""
    authenticated: bool
    """False when a change could go unnoticed: `aescbc` and plain values authenticate nothing."""

    def __repr__(self) -> str:
        encryption_header, stale, authenticated = self.encryption_header, self.stale, self.authenticated
        return f"Opened({encryption_header=}, {stale=}, {authenticated=})"

    def doubt(self, path: bytes) -> EncryptionError | None:
        """
        What it means that `plain` cannot be decoded: a wrong key or a changed value, which `aescbc` cannot
        notice.

        None where `plain` is what was encrypted, or was never encrypted: then the object itself is at fault.
        """
        if self.authenticated or self.encryption_header is None:
            return None
        return describe_fault(
            self.encryption_header,
            path,
            key_fits=seems_plain(self.plain),
            reason="what it opens to is no stored object",
        )


def describe_fault(name: EncryptionHeader, path: bytes, *, key_fits: bool, reason: str) -> EncryptionError:
    """`TamperedValue` when the key fits, else `WrongKey`, worded with provider, key and place."""
    where = key_text(path)
    if key_fits:
        return TamperedValue(
            f"encrypted by {name}, and changed since, or moved here from another key path: {reason}",
            provider=name.provider,
            key_name=name.key_name,
            where=where,
            hint="look at older revisions of the key (`store.history(key)`), or restore it from a backup",
        )
    return WrongKey(
        f"encrypted by {name}, but the configuration's key of that name does not open it: {reason}",
        provider=name.provider,
        key_name=name.key_name,
        where=where,
        hint="the secret was replaced under the same name: find the configuration that was in use then",
    )
