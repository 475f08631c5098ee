"""
KMS v1 and v2 against a plugin on a socket.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from tools.kms_plugin import KmsPlugin

from kstore.encryption.kms import KmsV1, KmsV2
from kstore.encryption.kms_messages import (
    AES_GCM_KEY,
    ENCRYPTED_OBJECT,
    HKDF_SHA256_XNONCE_AES_GCM_SEED,
    decode_message,
    encode_message,
)
from kstore.encryption.kms_plugin import PluginV1, PluginV2, Wrapped
from kstore.errors import EncryptionError, PluginError, TamperedValue, WrongKey

PATH = b"/registry/secrets/default/database"
PLAIN = b'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"database"}}'


def v1(plugin: KmsPlugin, **options: int) -> KmsV1:
    """A KMS v1 cipher of that plugin."""
    return KmsV1("vault", PluginV1("vault", plugin.endpoint, 5.0), **options)


def v2(plugin: KmsPlugin, clock: Callable[[], float] = lambda: 0.0) -> KmsV2:
    """A KMS v2 cipher of that plugin, for which time stands still."""
    return KmsV2("vault", PluginV2("vault", plugin.endpoint, 5.0), clock=clock)


@pytest.mark.parametrize("make", [v1, v2])
@pytest.mark.parametrize("plain", [PLAIN, b"", bytes(range(256)) * 4096])
def test_what_is_encrypted_opens(plugin: KmsPlugin, make: Callable[[KmsPlugin], KmsV1 | KmsV2], plain: bytes) -> None:
    """A value comes back, by the cipher that encrypted it and by another that asks the plugin."""
    encrypted = make(plugin).encrypt(plain, PATH)
    assert make(plugin).open(encrypted, PATH) == (plain, False)


def test_v1_makes_a_key_for_each_value(plugin: KmsPlugin) -> None:
    """Two values never share a wrapped key; reading them again needs no more calls."""
    cipher = v1(plugin)
    first, second = cipher.encrypt(PLAIN, PATH), cipher.encrypt(PLAIN, PATH)
    size = 2 + int.from_bytes(first[:2], "big")
    assert first[:size] != second[:size]
    cipher.open(first, PATH)
    cipher.open(second, PATH)
    assert plugin.calls == ["v1beta1.Version", "v1beta1.Encrypt", "v1beta1.Encrypt"]


def test_v1_keeps_as_many_keys_as_it_is_told(plugin: KmsPlugin) -> None:
    """A cache of one forgets the first key for the second; a negative size keeps none."""
    writer = v1(plugin)
    values = [writer.encrypt(PLAIN, PATH), writer.encrypt(PLAIN, PATH)]
    for size, expected in ((1000, 2), (1, 4), (-1, 4)):
        plugin.calls.clear()
        reader = v1(plugin, cache_size=size)
        for value in values * 2:
            reader.open(value, PATH)
        assert plugin.calls.count("v1beta1.Decrypt") == expected


def test_v1_reads_the_cbc_of_old_and_calls_it_stale(plugin: KmsPlugin) -> None:
    """Values from before Kubernetes 1.25 open by CBC, and would be written anew."""
    from kstore.encryption.aes import AesCbc

    key = bytes(range(32))
    wrapped = PluginV1("vault", plugin.endpoint, 5.0).encrypt(key)
    value = len(wrapped).to_bytes(2, "big") + wrapped + AesCbc(key).encrypt(PLAIN, PATH)
    assert v1(plugin).open(value, PATH) == (PLAIN, True)


def test_v2_wraps_one_seed_until_the_plugins_key_changes(plugin: KmsPlugin) -> None:
    """Values share a wrapped seed; a minute later the new key is noticed, and what was encrypted before is stale."""
    now = [0.0]
    cipher = v2(plugin, lambda: now[0])
    old, other = cipher.encrypt(PLAIN, PATH), cipher.encrypt(PLAIN, PATH)
    assert plugin.calls == ["v2.Status", "v2.Encrypt"]
    sources = [decode_message(ENCRYPTED_OBJECT, value)["encryptedDEKSource"] for value in (old, other)]
    assert sources[0] == sources[1]
    plugin.rotate("second")
    now[0] = 59.0
    assert cipher.open(old, PATH) == (PLAIN, False)
    now[0] = 60.0
    assert cipher.open(old, PATH) == (PLAIN, True)
    new = cipher.encrypt(PLAIN, PATH)
    assert decode_message(ENCRYPTED_OBJECT, new)["keyID"] == "second"
    assert cipher.open(new, PATH) == (PLAIN, False)


def test_v2_asks_for_the_plugins_key_once_a_minute(plugin: KmsPlugin) -> None:
    """However many values are written and read, and however long ago the first was."""
    now = [1000.0]
    cipher = v2(plugin, lambda: now[0])
    for passed, asked in ((0, 1), (30, 1), (59.9, 1), (60, 2), (119, 2), (120, 3)):
        now[0] = 1000.0 + passed
        for _ in range(3):
            cipher.open(cipher.encrypt(PLAIN, PATH), PATH)
        assert plugin.calls.count("v2.Status") == asked


def test_v2_hands_a_plugin_the_annotations_of_each_value(plugin: KmsPlugin) -> None:
    """They are part of what it unwraps: a seed that was unwrapped with others is no answer for these."""
    stored = decode_message(ENCRYPTED_OBJECT, v2(plugin).encrypt(PLAIN, PATH))
    others = {**stored, "annotations": {"other.example.com": b"x"}}
    cipher = v2(plugin)
    for envelope in (stored, others, stored, others):
        with contextlib.suppress(EncryptionError):
            cipher.open(encode_message(ENCRYPTED_OBJECT, envelope), PATH)
    assert plugin.calls.count("v2.Decrypt") >= 2


def test_v2_opens_what_has_no_derived_key_and_calls_it_stale(plugin: KmsPlugin) -> None:
    """The layout from before Kubernetes 1.29: the wrapped key is the data key."""
    from kstore.encryption.aes import AesGcm

    key = bytes(range(32))
    wrapped = PluginV2("vault", plugin.endpoint, 5.0).encrypt(key)
    value = encode_message(
        ENCRYPTED_OBJECT,
        {
            "encryptedData": AesGcm(key).encrypt(PLAIN, PATH),
            "keyID": wrapped.key_id,
            "encryptedDEKSource": wrapped.ciphertext,
            "annotations": wrapped.annotations,
            "encryptedDEKSourceType": AES_GCM_KEY,
        },
    )
    assert v2(plugin).open(value, PATH) == (PLAIN, True)


def test_v2_one_wrapped_key_used_in_both_ways(plugin: KmsPlugin) -> None:
    """As the data key itself, and as a seed: what is remembered of the one is no key for the other."""
    from kstore.encryption.aes import AesGcm, DerivedAesGcm

    key = bytes(range(32))
    wrapped = PluginV2("vault", plugin.endpoint, 5.0).encrypt(key)
    values = [
        encode_message(
            ENCRYPTED_OBJECT,
            {
                "encryptedData": algorithm(key).encrypt(PLAIN, PATH),
                "keyID": wrapped.key_id,
                "encryptedDEKSource": wrapped.ciphertext,
                "annotations": wrapped.annotations,
                "encryptedDEKSourceType": source,
            },
        )
        for algorithm, source in ((AesGcm, AES_GCM_KEY), (DerivedAesGcm, HKDF_SHA256_XNONCE_AES_GCM_SEED))
    ]
    cipher = v2(plugin)
    for value, stale in zip(values * 2, (True, False) * 2, strict=True):
        assert cipher.open(value, PATH) == (PLAIN, stale)
    assert plugin.calls.count("v2.Decrypt") == 2


@pytest.mark.parametrize("make", [v1, v2])
def test_a_moved_or_changed_value_is_called_tampered(
    plugin: KmsPlugin, make: Callable[[KmsPlugin], KmsV1 | KmsV2]
) -> None:
    """Another key path, a changed byte and a cut are each noticed, and never blamed on the key."""
    cipher = make(plugin)
    encrypted = cipher.encrypt(PLAIN, PATH)
    body = (
        encrypted.index(decode_message(ENCRYPTED_OBJECT, encrypted)["encryptedData"])
        if make is v2
        else len(encrypted) - 40
    )
    changed = encrypted[: body + 20] + bytes([encrypted[body + 20] ^ 1]) + encrypted[body + 21 :]
    for value, path in ((encrypted, PATH + b"2"), (changed, PATH), (encrypted[:1], PATH), (b"", PATH)):
        with pytest.raises(TamperedValue):
            cipher.open(value, path)


@pytest.mark.parametrize("make", [v1, v2])
def test_a_plugin_without_the_key_is_a_wrong_key(plugin: KmsPlugin, make: Callable[[KmsPlugin], KmsV1 | KmsV2]) -> None:
    """A plugin that refuses to unwrap holds another key; the error names it and hides its words."""
    encrypted = make(plugin).encrypt(PLAIN, PATH)
    plugin.rotate("second")
    plugin.keys.discard("first")
    with pytest.raises(WrongKey) as caught:
        make(plugin).open(encrypted, PATH)
    assert (caught.value.provider, caught.value.key_name) == ("kms", "vault")
    assert "no key opens this" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"healthz": "encrypted"}, "not healthy"),
        ({"version": "v3"}, "speaks version 'v3'"),
        ({"key_id": ""}, "names its key with 0 bytes"),
        ({"key_id": "k" * 1025}, "names its key with 1025 bytes"),
        ({"annotations": {"plain": b""}}, "fully qualified domain name"),
        ({"annotations": {"big.example": bytes(1 << 15)}}, "annotations of more than"),
    ],
)
def test_a_plugin_against_the_rules_is_refused(plugin: KmsPlugin, change: dict[str, object], expected: str) -> None:
    """What the apiserver would not store is not encrypted either; the error says what the plugin did."""
    for name, value in change.items():
        setattr(plugin, name, value)
    with pytest.raises(PluginError, match=expected):
        v2(plugin).encrypt(PLAIN, PATH)


@pytest.mark.parametrize(
    "values",
    [
        {"encryptedData": b""},
        {"keyID": ""},
        {"encryptedDEKSource": b""},
        {"encryptedDEKSource": bytes(1025)},
        {"encryptedDEKSourceType": 2},
        {"annotations": {"not qualified": b""}},
    ],
)
def test_an_envelope_against_the_rules_is_damaged(plugin: KmsPlugin, values: dict[str, object]) -> None:
    """An envelope that `ValidateEncryptedObject` refuses is not sent to the plugin."""
    whole = {"encryptedData": b"x", "keyID": "first", "encryptedDEKSource": b"y", **values}
    with pytest.raises(TamperedValue, match="envelope"):
        v2(plugin).open(encode_message(ENCRYPTED_OBJECT, whole), PATH)
    assert plugin.calls == []


@pytest.mark.parametrize("make", [v1, v2])
def test_damage_anywhere_is_an_error_of_encryption(
    plugin: KmsPlugin, make: Callable[[KmsPlugin], KmsV1 | KmsV2]
) -> None:
    """Whichever byte is changed, the value is refused with one of the errors, or opens to what it was."""
    cipher = make(plugin)
    encrypted = cipher.encrypt(PLAIN, PATH)
    for index in range(len(encrypted)):
        changed = encrypted[:index] + bytes([encrypted[index] ^ 0x10]) + encrypted[index + 1 :]
        with contextlib.suppress(EncryptionError):
            assert cipher.open(changed, PATH)[0] == PLAIN


class Noting:
    """A plugin that notes the keys that it is given, and wraps them as it is told."""

    def __init__(self, key_id: str = "first", wraps_with: str = "", size: int = 20) -> None:
        self.keys: list[bytes] = []
        self.named, self.wraps_with, self.size = key_id, wraps_with, size
        self.asked = 0

    def key_id(self) -> str:
        self.asked += 1
        return self.named

    def fault(self, problem: str) -> PluginError:
        return PluginError(problem)


class NotingV1(Noting):
    """Of v1."""

    def encrypt(self, plain: bytes) -> bytes:
        self.keys.append(plain)
        return bytes(self.size)


class NotingV2(Noting):
    """Of v2."""

    def encrypt(self, plain: bytes) -> Wrapped:
        self.keys.append(plain)
        return Wrapped(bytes(self.size), self.wraps_with or self.named, {})


def test_keys_are_made_by_chance() -> None:
    """v1 makes one for each value, v2 one for each key of the plugin; none is ever made twice."""
    one, other = NotingV1(), NotingV2()
    cipher: Any = KmsV1("vault", one)  # type: ignore[arg-type]
    for _ in range(10):
        cipher.encrypt(PLAIN, PATH)
    for number in range(10):
        other.named = f"key-{number}"
        for _ in range(2):
            KmsV2("vault", other).encrypt(PLAIN, PATH)  # type: ignore[arg-type]
    for keys, count in ((one.keys, 10), (other.keys, 20)):
        assert len(set(keys)) == len(keys) == count
        assert {len(key) for key in keys} == {32}
        assert bytes(32) not in keys


def test_v2_refuses_a_key_that_the_status_does_not_name() -> None:
    """Nobody could tell later that the value is not stale; once the plugin names it, it is used."""
    plugin = NotingV2("first", wraps_with="second")
    cipher = KmsV2("vault", plugin, clock=lambda: 0.0)  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="another key than its status names"):
        cipher.encrypt(PLAIN, PATH)
    plugin.named = "second"
    value = cipher.encrypt(PLAIN, PATH)
    assert decode_message(ENCRYPTED_OBJECT, value)["keyID"] == "second"
    assert plugin.asked == 2


@pytest.mark.parametrize(("size", "good"), [(1, True), (1024, True), (1025, False), (0, False)])
def test_how_large_a_wrapped_key_may_be(size: int, good: bool) -> None:
    """As the apiserver would store it with v2."""
    cipher = KmsV2("vault", NotingV2(size=size))  # type: ignore[arg-type]
    if good:
        assert len(decode_message(ENCRYPTED_OBJECT, cipher.encrypt(PLAIN, PATH))["encryptedDEKSource"]) == size
        return
    with pytest.raises(PluginError, match="cannot be stored"):
        cipher.encrypt(PLAIN, PATH)


@pytest.mark.parametrize(("size", "good"), [(0xFFFF, True), (0x10000, False)])
def test_how_large_a_wrapped_key_may_be_with_v1(size: int, good: bool) -> None:
    """Its size has two bytes."""
    cipher = KmsV1("vault", NotingV1(size=size))  # type: ignore[arg-type]
    if good:
        assert cipher.encrypt(PLAIN, PATH)[: 2 + size] == b"\xff\xff" + bytes(size)
        return
    with pytest.raises(PluginError, match="64 KiB"):
        cipher.encrypt(PLAIN, PATH)


@pytest.mark.parametrize(("size", "order", "unwrapped"), [(2, "abacab", 4), (2, "abcabc", 6), (-1, "aaa", 3)])
def test_v1_forgets_what_was_not_used_for_longest(plugin: KmsPlugin, size: int, order: str, unwrapped: int) -> None:
    """A key that is used again stays; with a negative size none does."""
    writer = v1(plugin)
    values = {name: writer.encrypt(PLAIN, PATH) for name in "abc"}
    plugin.calls.clear()
    reader = v1(plugin, cache_size=size)
    for name in order:
        reader.open(values[name], PATH)
    assert plugin.calls.count("v1beta1.Decrypt") == unwrapped
