"""
`kms`: values encrypted with a data key that a plugin wraps, v1 (`envelope/envelope.go`) and v2
(`envelope/kmsv2/envelope.go`).

Knows the two envelopes, when a data key is made anew, and what is stale:

- v1: two bytes of length, the wrapped data key, then GCM with that key; each value has a key of its own.
  Before Kubernetes 1.25 the values were CBC, which is still read.
- v2: a protobuf `EncryptedObject`; one seed wrapped by the plugin serves until the plugin's key changes,
  and each value's key is derived from it (before 1.29: the data key itself, with GCM).
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from kstore.encryption.aes import SEED_SIZE, AesCbc, AesGcm, DerivedAesGcm
from kstore.encryption.interface import Algorithm, Cipher, NotOpened
from kstore.encryption.kms_messages import (
    AES_GCM_KEY,
    ENCRYPTED_OBJECT,
    HKDF_SHA256_XNONCE_AES_GCM_SEED,
    decode_message,
    encode_message,
)
from kstore.encryption.kms_plugin import PluginV1, PluginV2, Refused, Wrapped
from kstore.encryption.prefix import EncryptionHeader, seems_plain
from kstore.errors import EncryptionError, WrongKey
from kstore.printable import key_text

_DATA_KEY_SIZE = 32
_STATUS_SECONDS = 60.0
"""How long a key id is believed (`kmsv2PluginHealthzPositiveInterval`)."""
_SEEDS_KEPT = 1000
_NAME_LIMIT = 1024
"""Most bytes of a key id, and of a wrapped data key."""
_ANNOTATIONS_LIMIT = 32 * 1024
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\Z")


class _DataKeys:
    """The data keys unwrapped last, by their wrapped form; nothing is kept when `size` is not positive."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: OrderedDict[object, Algorithm] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, wrapped: object) -> Algorithm | None:
        with self._lock:
            if wrapped in self._keys:
                self._keys.move_to_end(wrapped)
            return self._keys.get(wrapped)

    def put(self, wrapped: object, key: Algorithm) -> None:
        with self._lock:
            self._keys[wrapped] = key
            while len(self._keys) > max(self._size, 0):
                self._keys.popitem(last=False)


class _GcmOrCbc(Algorithm):
    """What KMS v1 encrypts with: GCM, and CBC for values older than Kubernetes 1.25 (`unionTransformers`)."""

    authenticated = True

    def __init__(self, key: bytes) -> None:
        self._gcm = AesGcm(key)
        self._cbc = AesCbc(key)

    def open(self, data: bytes, path: bytes) -> bytes:
        """See `Algorithm.open`."""
        return self.open_either(data, path)[0]

    def open_either(self, data: bytes, path: bytes) -> tuple[bytes, bool]:
        """
        The plain bytes, and whether they were encrypted the old way.

        A changed GCM value may pass CBC's padding by chance. The apiserver would take the noise for a
        value; here only what looks like a stored object is believed.
        """
        try:
            return self._gcm.open(data, path), False
        except NotOpened as cause:
            try:
                plain = self._cbc.open(data, path)
            except NotOpened:
                plain = b""
            if not seems_plain(plain):
                raise NotOpened(cause.reason, key_fits=True) from None
            return plain, True

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Algorithm.encrypt`."""
        return self._gcm.encrypt(plain, path)


class KmsV1(Cipher):
    """A plugin of the API v1beta1: it wraps a new data key for every value."""

    authenticated = True

    def __init__(self, name: str, plugin: PluginV1, *, cache_size: int = 1000) -> None:
        self.name = EncryptionHeader("kms", name, "v1")
        self.prefix = self.name.prefix
        self._plugin = plugin
        self._keys = _DataKeys(cache_size)

    def open(self, body: bytes, path: bytes) -> tuple[bytes, bool]:
        """See `Cipher.open`."""
        end = 2 + int.from_bytes(body[:2], "big")
        if len(body) < 2 or end > len(body):
            raise self.fault(NotOpened("its wrapped data key is cut short", key_fits=True), path)
        wrapped = body[2:end]
        key = self._keys.get(wrapped)
        if not isinstance(key, _GcmOrCbc):
            try:
                key = self._keep(wrapped, self._plugin.decrypt(wrapped))
            except Refused as refusal:
                raise _not_unwrapped(self.name, path, refusal) from None
        try:
            return key.open_either(body[end:], path)
        except NotOpened as cause:
            raise self.fault(cause, path) from None

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Cipher.encrypt`."""
        data_key = os.urandom(_DATA_KEY_SIZE)
        try:
            wrapped = self._plugin.encrypt(data_key)
        except Refused as refusal:
            raise self._plugin.fault(f"refuses to wrap a data key ({refusal.status})") from None
        if len(wrapped) > 0xFFFF:
            raise self._plugin.fault("wraps a data key in more than 64 KiB")
        return len(wrapped).to_bytes(2, "big") + wrapped + self._keep(wrapped, data_key).encrypt(plain, path)

    def close(self) -> None:
        """See `Cipher.close`."""
        self._plugin.close()

    def _keep(self, wrapped: bytes, data_key: bytes) -> _GcmOrCbc:
        try:
            key = _GcmOrCbc(data_key)
        except ValueError:
            raise self._plugin.fault(f"gives a data key of {len(data_key)} bytes") from None
        self._keys.put(wrapped, key)
        return key


@dataclass(frozen=True, slots=True)
class _WriteSeed:
    """The seed that values are encrypted with until the plugin's key changes."""

    wrapped: Wrapped
    algorithm: DerivedAesGcm


class KmsV2(Cipher):
    """A plugin of the API v2: it wraps a seed, once for each of its keys."""

    authenticated = True

    def __init__(self, name: str, plugin: PluginV2, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = EncryptionHeader("kms", name, "v2")
        self.prefix = self.name.prefix
        self._plugin = plugin
        self._clock = clock
        self._keys = _DataKeys(_SEEDS_KEPT)
        self._key_id = ""
        self._asked = 0.0
        self._seed: _WriteSeed | None = None

    def open(self, body: bytes, path: bytes) -> tuple[bytes, bool]:
        """See `Cipher.open`; stale is a value of another of the plugin's keys, or without a derived key."""
        try:
            stored = decode_message(ENCRYPTED_OBJECT, body)
            source = stored["encryptedDEKSourceType"]
            wrapped = Wrapped(stored["encryptedDEKSource"], stored["keyID"], stored["annotations"])
            _validate(wrapped, source, stored["encryptedData"])
        except ValueError as cause:
            raise self.fault(NotOpened(f"its envelope is damaged: {cause}", key_fits=True), path) from None
        stale = wrapped.key_id != self._current_key_id() or source != HKDF_SHA256_XNONCE_AES_GCM_SEED
        try:
            return self._unwrap(wrapped, source, path).open(stored["encryptedData"], path), stale
        except NotOpened as cause:
            raise self.fault(NotOpened(cause.reason, key_fits=True), path) from None

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Cipher.encrypt`."""
        seed = self._write_seed()
        return encode_message(
            ENCRYPTED_OBJECT,
            {
                "encryptedData": seed.algorithm.encrypt(plain, path),
                "keyID": seed.wrapped.key_id,
                "encryptedDEKSource": seed.wrapped.ciphertext,
                "annotations": seed.wrapped.annotations,
                "encryptedDEKSourceType": HKDF_SHA256_XNONCE_AES_GCM_SEED,
            },
        )

    def close(self) -> None:
        """See `Cipher.close`."""
        self._plugin.close()

    def _current_key_id(self) -> str:
        """The plugin's key of now, asked for at most once a minute."""
        if not self._key_id or self._clock() - self._asked >= _STATUS_SECONDS:
            key_id = self._plugin.key_id()
            if not 0 < len(key_id.encode()) <= _NAME_LIMIT:
                raise self._plugin.fault(f"names its key with {len(key_id.encode())} bytes")
            self._key_id = key_id
            self._asked = self._clock()
        return self._key_id

    def _write_seed(self) -> _WriteSeed:
        """The seed for writing, a new one when the plugin's key has changed (`rotateDEKOnKeyIDChange`)."""
        key_id = self._current_key_id()
        if self._seed is None or self._seed.wrapped.key_id != key_id:
            seed = os.urandom(SEED_SIZE)
            try:
                wrapped = self._plugin.encrypt(seed)
                _validate(wrapped, HKDF_SHA256_XNONCE_AES_GCM_SEED, b"\0")
            except Refused as refusal:
                raise self._plugin.fault(f"refuses to wrap a data key ({refusal.status})") from None
            except ValueError as cause:
                raise self._plugin.fault(f"wraps a data key so that it cannot be stored: {cause}") from None
            if wrapped.key_id != key_id:
                self._key_id = ""  # the key was changed between the two calls: ask again next time
                raise self._plugin.fault("wraps with another key than its status names")
            self._seed = _WriteSeed(wrapped, DerivedAesGcm(seed))
        return self._seed

    def _unwrap(self, wrapped: Wrapped, source: int, path: bytes) -> Algorithm:
        cache_key = (source, wrapped.ciphertext, wrapped.key_id, tuple(sorted(wrapped.annotations.items())))
        key = self._keys.get(cache_key)
        if key is None:
            try:
                secret = self._plugin.decrypt(wrapped)
            except Refused as refusal:
                raise _not_unwrapped(self.name, path, refusal, wrapped.key_id) from None
            try:
                key = AesGcm(secret) if source == AES_GCM_KEY else DerivedAesGcm(secret)
            except ValueError:
                raise self._plugin.fault(f"gives a data key of {len(secret)} bytes") from None
            self._keys.put(cache_key, key)
        return key


def _validate(wrapped: Wrapped, source: int, data: bytes) -> None:
    """
    Hold an envelope to the apiserver's limits (`ValidateEncryptedObject`).

    Raises:
        ValueError: it exceeds one; says which.
    """
    if source not in (AES_GCM_KEY, HKDF_SHA256_XNONCE_AES_GCM_SEED):
        raise ValueError(f"unknown encryptedDEKSourceType {source}")
    if not data:
        raise ValueError("the encrypted data is empty")
    if not 0 < len(wrapped.ciphertext) <= _NAME_LIMIT:
        raise ValueError(f"a wrapped data key of {len(wrapped.ciphertext)} bytes (1 to {_NAME_LIMIT} are allowed)")
    if not 0 < len(wrapped.key_id.encode()) <= _NAME_LIMIT:
        raise ValueError(f"a key id of {len(wrapped.key_id.encode())} bytes (1 to {_NAME_LIMIT} are allowed)")
    if sum(len(name.encode()) + len(value) for name, value in wrapped.annotations.items()) > _ANNOTATIONS_LIMIT:
        raise ValueError(f"annotations of more than {_ANNOTATIONS_LIMIT} bytes")
    for name in wrapped.annotations:
        if not _DOMAIN.match(name.removesuffix(".")):
            raise ValueError("an annotation's name is no fully qualified domain name")


def _not_unwrapped(name: EncryptionHeader, path: bytes, refusal: Refused, key_id: str = "") -> EncryptionError:
    key = f" (its key {key_id!r})" if key_id else ""
    return WrongKey(
        f"encrypted by {name}{key}, but the plugin refuses to unwrap the data key ({refusal.status})",
        provider=name.provider,
        key_name=name.key_name,
        where=key_text(path),
        hint="the plugin must hold the key that was in use then; its own log says more",
    )
