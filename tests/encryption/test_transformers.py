"""
Which key opens what, in the apiserver's order.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.encryption.configurations import kms
from tests.encryption.conftest import configuration, keyed, secret
from tools.kms_plugin import KmsPlugin

from kstore.encryption.config import read_configuration
from kstore.encryption.identity import Identity
from kstore.encryption.prefix import EncryptionHeader
from kstore.encryption.transformers import Transformers, parse_group_resource, resource_name
from kstore.errors import EncryptionError, KeyMissing, PluginError, TamperedValue, WrongKey
from kstore.naming import GroupResource

SECRETS = GroupResource("", "secrets")
DEPLOYMENTS = GroupResource("apps", "deployments")
PATH = b"/registry/secrets/default/database"
PLAIN = b'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"database","namespace":"default"}}'
IDENTITY = "{identity: {}}"
KNOWN_ANSWERS = json.loads((Path(__file__).parent / "known_answers.json").read_text())


def of(*providers: str) -> Transformers:
    """Transformers whose secrets have these providers."""
    return read_configuration(configuration(("secrets", ", ".join(providers))))


def flipped(data: bytes, index: int) -> bytes:
    """The bytes with one bit of one byte changed."""
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


@pytest.mark.parametrize("answer", KNOWN_ANSWERS, ids=lambda answer: answer["key"])
def test_what_an_apiserver_encrypted_opens(answer: dict[str, str], start_plugin: Callable[[], KmsPlugin]) -> None:
    """Values that the apiserver's own code (1.37.2) has encrypted open to what it was given, and are not stale."""
    plugin = start_plugin() if answer["resource"] in ("old", "new") else None
    endpoint = plugin.endpoint if plugin else "unix:///none"
    transformers = read_configuration(
        configuration(
            ("cbc16", f"{{aescbc: {{keys: [{{name: short, secret: {secret(0, 16)}}}]}}}}"),
            ("cbc24.example.com", f"{{aescbc: {{keys: [{{name: middle, secret: {secret(0, 24)}}}]}}}}"),
            ("cbc32", keyed("aescbc", ("long", 0))),
            ("gcm", keyed("aesgcm", ("g", 1))),
            ("box", keyed("secretbox", ("b", 2))),
            ("old", f"{{kms: {{name: plugin-one, endpoint: '{endpoint}'}}}}"),
            ("new", f"{{kms: {{apiVersion: v2, name: plugin-two, endpoint: '{endpoint}'}}}}"),
        )
    )
    resource = GroupResource(answer["group"], answer["resource"])
    with transformers:
        opened = transformers.open(answer["key"].encode(), base64.b64decode(answer["sealed"]), resource)
    assert (base64.b64decode(answer["plain"]), False) == (opened.plain, opened.stale)


@given(
    plain=st.binary(max_size=400).filter(lambda plain: not plain.startswith(b"k8s:enc:")),
    path=st.binary(min_size=1, max_size=80),
    provider=st.sampled_from(["aescbc", "aesgcm", "secretbox"]),
)
def test_what_is_encrypted_opens(plain: bytes, path: bytes, provider: str) -> None:
    """Any value comes back, with the name of who encrypted it, and is not stale."""
    transformers = of(keyed(provider, ("new", 1), ("old", 2)), IDENTITY)
    value = transformers.encrypt(path, plain, SECRETS)
    opened = transformers.open(path, value, SECRETS)
    assert value.startswith(f"k8s:enc:{provider}:v1:new:".encode())
    assert (opened.plain, opened.encryption_header, opened.stale) == (plain, EncryptionHeader(provider, "new"), False)
    assert opened.authenticated == (provider != "aescbc")


def test_the_first_key_of_the_first_provider_is_the_one_that_is_not_stale() -> None:
    """Second keys and second providers open, and call the value stale; so does a plain value below a cipher."""
    transformers = of(keyed("aesgcm", ("a", 1), ("b", 2)), keyed("secretbox", ("c", 3)), IDENTITY)
    for provider, name, first, stale in (
        ("aesgcm", "a", 1, False),
        ("aesgcm", "b", 2, True),
        ("secretbox", "c", 3, True),
    ):
        value = of(keyed(provider, (name, first))).encrypt(PATH, PLAIN, SECRETS)
        opened = transformers.open(PATH, value, SECRETS)
        assert (opened.plain, opened.encryption_header, opened.stale) == (
            PLAIN,
            EncryptionHeader(provider, name),
            stale,
        )
    opened = transformers.open(PATH, PLAIN, SECRETS)
    assert (opened.plain, opened.encryption_header, opened.stale) == (PLAIN, None, True)


def test_identity_first_decrypts_a_cluster() -> None:
    """With identity above, plain values are fresh, encrypted ones open and are stale, and nothing more is encrypted."""
    transformers = of(IDENTITY, keyed("aesgcm", ("a", 1)))
    encrypted = of(keyed("aesgcm", ("a", 1))).encrypt(PATH, PLAIN, SECRETS)
    assert transformers.open(PATH, PLAIN, SECRETS).stale is False
    assert transformers.open(PATH, encrypted, SECRETS).stale is True
    assert transformers.encrypt(PATH, PLAIN, SECRETS) == PLAIN
    assert transformers.for_resource(SECRETS).target is None


def test_the_same_name_may_have_two_secrets() -> None:
    """Providers of one kind are all tried, so that a key can be replaced under its name."""
    transformers = of(keyed("aesgcm", ("key", 1)), keyed("aesgcm", ("key", 2)))
    opened = transformers.open(PATH, of(keyed("aesgcm", ("key", 2))).encrypt(PATH, PLAIN, SECRETS), SECRETS)
    assert (opened.plain, opened.stale) == (PLAIN, True)


def test_a_key_name_with_a_colon_is_found() -> None:
    """The configuration's own name counts, where reading the prefix alone would stop at the colon."""
    transformers = of(keyed("aesgcm", ("'a:b'", 1)))
    opened = transformers.open(PATH, transformers.encrypt(PATH, PLAIN, SECRETS), SECRETS)
    assert opened.encryption_header == EncryptionHeader("aesgcm", "a:b")


def test_each_fault_has_its_own_error() -> None:
    """Missing key, missing provider, wrong key, changed value and moved value are told apart."""
    for provider in ("aesgcm", "secretbox"):
        value = of(keyed(provider, ("key1", 1))).encrypt(PATH, PLAIN, SECRETS)
        with pytest.raises(KeyMissing) as missing:
            of(keyed(provider, ("key2", 1))).open(PATH, value, SECRETS)
        assert (missing.value.provider, missing.value.key_name) == (provider, "key1")
        assert missing.value.where == PATH.decode()
        with pytest.raises(KeyMissing):
            of(keyed("aescbc", ("key1", 1)), IDENTITY).open(PATH, value, SECRETS)
        with pytest.raises(WrongKey) as wrong:
            of(keyed(provider, ("key1", 9))).open(PATH, value, SECRETS)
        assert (wrong.value.provider, wrong.value.key_name) == (provider, "key1")
        with pytest.raises(TamperedValue):
            of(keyed(provider, ("key1", 1))).open(PATH, flipped(value, len(value) - 1), SECRETS)
    gcm = of(keyed("aesgcm", ("key1", 1)))
    with pytest.raises(TamperedValue, match="moved here from another key path"):
        gcm.open(PATH + b"2", gcm.encrypt(PATH, PLAIN, SECRETS), SECRETS)


def test_errors_hold_neither_keys_nor_plaintext() -> None:
    """No error, nor what led to it, shows the key or what was encrypted."""
    value = of(keyed("aesgcm", ("key1", 1))).encrypt(PATH, PLAIN, SECRETS)
    for transformers, data in (
        (of(keyed("aesgcm", ("key1", 9))), value),
        (of(keyed("aesgcm", ("key1", 1))), value[:-1]),
    ):
        with pytest.raises(EncryptionError) as caught:
            transformers.open(PATH, data, SECRETS)
        error: BaseException | None = caught.value
        while error is not None:
            shown = f"{error!r} {error} {error.__dict__!r}"
            assert "apiVersion" not in shown
            assert secret(1) not in shown
            error = error.__context__


def test_a_value_that_was_moved_is_traced() -> None:
    """Among candidates, the key path that a value was encrypted under is found."""
    secrets = of(keyed("aesgcm", ("key1", 1))).for_resource(SECRETS)
    value = secrets.encrypt(PATH, PLAIN)
    assert secrets.moved_from(value, [b"/registry/secrets/a", PATH, b"/registry/secrets/z"]) == PATH
    assert secrets.moved_from(flipped(value, len(value) - 1), [PATH]) is None


def test_a_plain_value_that_the_apiserver_would_refuse_is_shown_and_stale() -> None:
    """Without identity the apiserver cannot read a plain value; here it is readable, and said to be refused."""
    transformers = of(keyed("aesgcm", ("key1", 1)))
    opened = transformers.open(PATH, PLAIN, SECRETS)
    assert (opened.plain, opened.stale) == (PLAIN, True)
    assert not transformers.for_resource(SECRETS).accepts_plain
    assert transformers.for_resource(DEPLOYMENTS).accepts_plain


def test_an_encrypted_value_is_not_encrypted_again() -> None:
    """Encrypting what is encrypted already is refused: nobody would look for a second layer."""
    for transformers in (of(keyed("aesgcm", ("key1", 1))), Transformers()):
        with pytest.raises(EncryptionError, match="encrypted already"):
            transformers.encrypt(PATH, b"k8s:enc:aescbc:v1:key1:x", SECRETS)


def test_resources_are_resolved_from_the_narrow_to_the_wide() -> None:
    """A resource's own entry, else its group's wildcard, else the widest; what has no API is always plain."""
    transformers = read_configuration(
        configuration(
            ("secrets, deployments.apps, 'crontabs.stable.example.com'", keyed("aesgcm", ("own", 1))),
            ("'*.'", keyed("aesgcm", ("core", 2))),
            ("'*.apps'", keyed("aesgcm", ("apps", 3))),
            ("'*.*'", keyed("aesgcm", ("any", 4))),
        )
    )
    for name, key in (
        ("secrets", "own"),
        ("secrets.", "own"),
        ("deployments.apps", "own"),
        ("crontabs.stable.example.com", "own"),
        ("pods", "core"),
        ("replicasets.apps", "apps"),
        ("secrets.example.com", "any"),
        ("jobs.batch", "any"),
    ):
        target = transformers.for_resource(parse_group_resource(name)).target
        assert (name, target) == (name, EncryptionHeader("aesgcm", key))
    for without_api in (None, parse_group_resource("rangeallocations")):
        assert transformers.for_resource(without_api).target is None, "no apiserver could read it"


def test_resources_that_no_entry_names_are_plain() -> None:
    """Without a matching entry values stay plain, and an encrypted one lacks its key."""
    transformers = of(keyed("aesgcm", ("key1", 1)))
    opened = transformers.open(PATH, PLAIN, DEPLOYMENTS)
    assert (opened.plain, opened.encryption_header, opened.stale) == (PLAIN, None, False)
    with pytest.raises(KeyMissing, match=r"does not hold for deployments\.apps"):
        transformers.open(PATH, transformers.encrypt(PATH, PLAIN, SECRETS), DEPLOYMENTS)
    with pytest.raises(KeyMissing):
        Transformers().open(PATH, b"k8s:enc:tomorrow:v1:x:y", SECRETS)


def test_an_entry_more_for_a_resource_adds_its_providers() -> None:
    """Two entries that name a resource are one list, in the order of the file."""
    transformers = read_configuration(
        configuration(("secrets", keyed("aesgcm", ("a", 1))), ("secrets", keyed("secretbox", ("b", 2))))
    )
    value = of(keyed("secretbox", ("b", 2))).encrypt(PATH, PLAIN, SECRETS)
    assert transformers.open(PATH, value, SECRETS).stale
    assert transformers.for_resource(SECRETS).target == EncryptionHeader("aesgcm", "a")


def test_a_plugin_that_does_not_answer_is_its_own_error() -> None:
    """Nobody at the plugin's socket is neither a wrong key nor damage."""
    transformers = of(kms(more=", timeout: 200ms"), IDENTITY)
    with pytest.raises(PluginError):
        transformers.open(PATH, b"k8s:enc:kms:v1:vault:\0\1x", SECRETS)
    with pytest.raises(PluginError):
        transformers.encrypt(PATH, PLAIN, SECRETS)
    transformers.close()


@pytest.mark.parametrize("name", ["secrets", "deployments.apps", "*.", "*.*", "*.apps", "a.b.c.d"])
def test_names_of_resources_read_back(name: str) -> None:
    """The notation of the configuration file, read and printed."""
    assert resource_name(parse_group_resource(name)) == name


@pytest.mark.parametrize("fits", [1, 2, 3])
def test_what_is_told_of_several_keys_of_one_name(fits: int) -> None:
    """Where one of them fits, the value was changed: that some others do not fit says nothing."""
    transformers = of(*(keyed("aesgcm", ("key", first)) for first in (1, 2, 3)))
    value = of(keyed("aesgcm", ("key", fits))).encrypt(PATH, PLAIN, SECRETS)
    assert transformers.open(PATH, value, SECRETS).plain == PLAIN
    with pytest.raises(TamperedValue):
        transformers.open(PATH, flipped(value, -1), SECRETS)
    with pytest.raises(WrongKey):
        transformers.open(PATH, of(keyed("aesgcm", ("key", 9))).encrypt(PATH, PLAIN, SECRETS), SECRETS)


@pytest.mark.parametrize(
    ("providers", "accepts"),
    [
        ((keyed("aesgcm", ("a", 1)),), False),
        ((keyed("aesgcm", ("a", 1)), IDENTITY), True),
        ((IDENTITY, keyed("aesgcm", ("a", 1))), True),
        ((keyed("aesgcm", ("a", 1)), IDENTITY, keyed("aescbc", ("b", 2))), True),
    ],
)
def test_whether_an_apiserver_reads_plain_values(providers: tuple[str, ...], accepts: bool) -> None:
    """Wherever `identity` stands."""
    assert of(*providers).for_resource(SECRETS).accepts_plain is accepts


def test_connections_are_closed() -> None:
    """Those of every provider of every resource."""
    closed: list[str] = []

    class Closing(Identity):
        def __init__(self, name: str) -> None:
            self._name = name

        def close(self) -> None:
            closed.append(self._name)

    with Transformers({SECRETS: [Closing("a"), Closing("b")], DEPLOYMENTS: [Closing("c")]}):
        assert closed == []
    assert sorted(closed) == ["a", "b", "c"]


def test_a_resource_in_two_entries() -> None:
    """The providers of both, in their order: the first of the first encrypts; others' have but their own."""
    one, other = keyed("aesgcm", ("a", 1)), keyed("aesgcm", ("b", 2))
    transformers = read_configuration(configuration(("secrets, deployments.apps", one), ("secrets", other)))
    value = transformers.encrypt(PATH, PLAIN, SECRETS)
    assert value.startswith(b"k8s:enc:aesgcm:v1:a:")
    later = of(other).encrypt(PATH, PLAIN, SECRETS)
    opened = transformers.open(PATH, later, SECRETS)
    assert (opened.plain, opened.stale) == (PLAIN, True)
    with pytest.raises(KeyMissing):
        transformers.open(PATH, later, DEPLOYMENTS)
