"""
Reading who sealed a value, without keys.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.encryption.kms_messages import ENCRYPTED_OBJECT, encode_message
from kstore.encryption.prefix import Seal, is_sealed, read_seal, seems_plain

NAMES = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("value", "seal"),
    [
        (b"k8s:enc:aescbc:v1:key2:\x00\x01", Seal("aescbc", "key2")),
        (b"k8s:enc:secretbox:v1::x", Seal("secretbox", "")),
        (b"k8s:enc:kms:v1:vault:\x00\x20abc", Seal("kms", "vault")),
        (b"k8s:enc:kms:v2:vault:\xff", Seal("kms", "vault", "v2")),
        (b"k8s:enc:tomorrow:v9:k:", Seal("tomorrow", "k", "v9")),
        (b"k8s:enc:aesgcm", Seal("aesgcm", "", "")),
        (b"k8s:enc:", Seal("", "", "")),
        (b"k8s:enc:aesgcm:v1:\xff\xfe:", Seal("aesgcm", "\\xff\\xfe")),
    ],
)
def test_a_prefix_names_provider_and_key(value: bytes, seal: Seal) -> None:
    """Provider, version and key name come from the prefix, known or not, whole or cut short."""
    assert read_seal(value) == seal


@pytest.mark.parametrize("value", [b"", b"k8s\0\n\x00", b'{"kind":"Pod"}', b"k8s:en", b"xk8s:enc:aescbc:v1:k:"])
def test_what_has_no_prefix_is_plain(value: bytes) -> None:
    """Only the exact prefix makes a value sealed."""
    assert read_seal(value) is None
    assert not is_sealed(value)


def test_a_kms_v2_envelope_names_the_plugins_key() -> None:
    """The id of the plugin's key lies in the envelope in plain, and is shown."""
    body = encode_message(ENCRYPTED_OBJECT, {"encryptedData": b"x", "keyID": "arn:key/7", "encryptedDEKSource": b"y"})
    assert read_seal(b"k8s:enc:kms:v2:vault:" + body) == Seal("kms", "vault", "v2", "arn:key/7")


@given(NAMES, NAMES, NAMES, st.binary())
def test_a_seals_prefix_reads_back(provider: str, name: str, version: str, body: bytes) -> None:
    """The prefix that a seal is written as names the same provider, version and key."""
    seal = read_seal(Seal(provider, name, version).prefix + body)
    assert seal is not None
    assert (provider, name, version) == (seal.provider, seal.key_name, seal.version)


@given(st.binary())
def test_any_bytes_are_read(value: bytes) -> None:
    """No bytes after the prefix make reading fail."""
    assert read_seal(b"k8s:enc:kms:v2:" + value) is not None


def test_plain_is_told_from_noise() -> None:
    """The storage encodings look plain; random bytes hardly ever do."""
    for plain in (b"k8s\0\n\x0c", b'{"apiVersion":"v1"}', b"\xd9\xd9\xf7\xa2", b"apiVersion: v1\n"):
        assert seems_plain(plain)
    assert sum(seems_plain(os.urandom(64)) for _ in range(10_000)) < 30
