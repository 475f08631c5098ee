"""
Reading who encrypted a value, without keys.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.encryption.kms_messages import ENCRYPTED_OBJECT, encode_message
from kstore.encryption.prefix import EncryptionHeader, is_encrypted, read_encryption_header, seems_plain

NAMES = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("value", "encryption_header"),
    [
        (b"k8s:enc:aescbc:v1:key2:\x00\x01", EncryptionHeader("aescbc", "key2")),
        (b"k8s:enc:secretbox:v1::x", EncryptionHeader("secretbox", "")),
        (b"k8s:enc:kms:v1:vault:\x00\x20abc", EncryptionHeader("kms", "vault")),
        (b"k8s:enc:kms:v2:vault:\xff", EncryptionHeader("kms", "vault", "v2")),
        (b"k8s:enc:tomorrow:v9:k:", EncryptionHeader("tomorrow", "k", "v9")),
        (b"k8s:enc:aesgcm", EncryptionHeader("aesgcm", "", "")),
        (b"k8s:enc:", EncryptionHeader("", "", "")),
        (b"k8s:enc:aesgcm:v1:\xff\xfe:", EncryptionHeader("aesgcm", "\\xff\\xfe")),
    ],
)
def test_a_prefix_names_provider_and_key(value: bytes, encryption_header: EncryptionHeader) -> None:
    """Provider, version and key name come from the prefix, known or not, whole or cut short."""
    assert read_encryption_header(value) == encryption_header


@pytest.mark.parametrize("value", [b"", b"k8s\0\n\x00", b'{"kind":"Pod"}', b"k8s:en", b"xk8s:enc:aescbc:v1:k:"])
def test_what_has_no_prefix_is_plain(value: bytes) -> None:
    """Only the exact prefix makes a value encrypted."""
    assert read_encryption_header(value) is None
    assert not is_encrypted(value)


def test_a_kms_v2_envelope_names_the_plugins_key() -> None:
    """The id of the plugin's key is in the envelope in plain, and is shown."""
    body = encode_message(ENCRYPTED_OBJECT, {"encryptedData": b"x", "keyID": "arn:key/7", "encryptedDEKSource": b"y"})
    assert read_encryption_header(b"k8s:enc:kms:v2:vault:" + body) == EncryptionHeader(
        "kms", "vault", "v2", "arn:key/7"
    )


@given(NAMES, NAMES, NAMES, st.binary())
def test_the_prefix_of_a_header_reads_back(provider: str, name: str, version: str, body: bytes) -> None:
    """The prefix that a header is written as names the same provider, version and key."""
    encryption_header = read_encryption_header(EncryptionHeader(provider, name, version).prefix + body)
    assert encryption_header is not None
    assert (provider, name, version) == (
        encryption_header.provider,
        encryption_header.key_name,
        encryption_header.version,
    )


@given(st.binary())
def test_any_bytes_are_read(value: bytes) -> None:
    """No bytes after the prefix make reading fail."""
    assert read_encryption_header(b"k8s:enc:kms:v2:" + value) is not None


def test_plain_is_told_from_noise() -> None:
    """The storage encodings look plain; random bytes hardly ever do."""
    for plain in (b"k8s\0\n\x0c", b'{"apiVersion":"v1"}', b"\xd9\xd9\xf7\xa2", b"apiVersion: v1\n"):
        assert seems_plain(plain)
    assert sum(seems_plain(os.urandom(64)) for _ in range(10_000)) < 30


@pytest.mark.parametrize(
    ("plain", "plausible"),
    [
        (b"abcdefghijklmno", False),
        (b"abcdefghijklmnop", True),
        (b"a" * 39 + b"\xff" * 25, True),
        (b"a" * 38 + b"\xff" * 26, False),
        (b"a" * 64 + b"\xff" * 500, True),
        (b"k8s\0\xff\xff", True),
        (b'{"', True),
        (b"", False),
    ],
)
def test_what_looks_like_a_stored_object(plain: bytes, plausible: bool) -> None:
    """By how it begins, or by how much of its beginning is printable; a few bytes tell nothing."""
    assert seems_plain(plain) is plausible
