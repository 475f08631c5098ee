"""
Stores as the library opens them: part by part, for a release and with its keys, and nothing that is wrong at once.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from kstore.catalog.plugin_tables import Tables
from kstore.catalog.releases import Release
from kstore.catalog.server_flags import ServerFlags
from kstore.codec import StorageCodec
from kstore.encryption.config import read_configuration
from kstore.errors import StoreNotFound, UnknownRelease
from kstore.library.opening import Opening, make_scheme
from kstore.naming import GroupResource
from kstore.scheme.plugins import Plugin
from kstore.scheme.scheme import Scheme
from kstore.source.location import address
from kstore.source.location.address import Location
from kstore.testing import MemorySource

CONFIGURATION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [{resources}]
  providers:
  - aescbc: {{keys: [{{name: one, secret: {secret}}}]}}
  - identity: {{}}
"""


def configuration(resources: str) -> str:
    """An EncryptionConfiguration that encrypts these resources."""
    return CONFIGURATION.format(resources=resources, secret=base64.b64encode(bytes(32)).decode())


@pytest.mark.parametrize("release", ["1.29", "1.37"])
def test_each_part_alone(release: str) -> None:
    """The scheme is had without a store; closing twice, or what was never opened, does no harm."""
    opening = Opening("/no/such/store.db", release=release)
    assert str(opening.scheme.release) == release
    assert opening.opened_source is None
    opening.close()
    opening.close()
    with pytest.raises(StoreNotFound):
        _ = opening.store


def test_a_release_that_there_is_not() -> None:
    """It is refused with those that are known."""
    with pytest.raises(UnknownRelease, match="not known") as raised:
        _ = Opening("demo", release="9.9").scheme
    assert "1.37" in raised.value.hint


@pytest.mark.parametrize(
    ("resources", "key"),
    [
        ("secrets", b"/registry/secrets/default/mine"),
        ("deployments.apps", b"/registry/deployments/shop/cart"),
    ],
)
def test_a_store_encrypts_by_resource(resources: str, key: bytes, tmp_path: Path) -> None:
    """Whoever opens a store with a configuration writes nothing of its resources in plain text."""
    path = tmp_path / "encryption.yaml"
    path.write_text(configuration(resources))
    opening = Opening("demo", encryption_config=str(path))
    try:
        codec = opening.store.codec
        assert codec.encrypt(key, b"k8s\0").startswith(b"k8s:enc:aescbc:v1:one:")
        assert codec.encrypt(b"/registry/configmaps/default/mine", b"k8s\0") == b"k8s\0"
        assert opening.store.at(300).codec.encrypt(key, b"k8s\0").startswith(b"k8s:enc:aescbc:v1:one:")
        other = opening.store.read_as(Scheme(Release("1.30")))
        assert other.codec.encrypt(key, b"k8s\0").startswith(b"k8s:enc:aescbc:v1:one:")
    finally:
        opening.close()


def test_encryption_without_resources_cannot_be() -> None:
    """A codec that could not tell a Secret from a ConfigMap would store both in plain text."""
    transformers = read_configuration(configuration("secrets"))
    scheme = Scheme(Release("1.37"))
    with pytest.raises(TypeError, match="resource_of"):
        StorageCodec(scheme, transformers=transformers)
    codec = StorageCodec(scheme, transformers=transformers, resource_of=lambda _: GroupResource("", "secrets"))
    assert codec.encrypt(b"/registry/secrets/a/b", b"k8s\0") != b"k8s\0"


def test_a_store_at_a_revision() -> None:
    """The same store as of before: another value, with answers of its own."""
    opening = Opening("demo")
    try:
        now = opening.store
        newest = max(record.mod_revision for record in now.records())
        past = now.at(newest - 1)
        assert (now.revision, past.revision) == (0, newest - 1)
        assert max(record.mod_revision for record in past.records()) == newest - 1
        assert past.at(0).revision == 0
    finally:
        opening.close()


@pytest.mark.parametrize(("given", "expected"), [("", "/of/the/context"), ("/given", "/given")])
def test_what_is_given_comes_before_the_context(monkeypatch: pytest.MonkeyPatch, given: str, expected: str) -> None:
    """The prefix, and the file of keys."""
    found = Location("/no/such.db", etcd_prefix="/of/the/context", encryption_config="/of/the/context")
    monkeypatch.setattr(address, "locate_store", lambda *_, **__: found)
    monkeypatch.setattr(address, "open_location", lambda _: MemorySource({"/given/x": b"1", "/of/the/context/x": b"1"}))
    opening = Opening("x", prefix=given)
    monkeypatch.setattr(Opening, "transformers", None)
    assert opening.store.prefixes == (expected,)
    assert Opening("x", encryption_config=given).encryption_config == expected


def test_a_source_that_was_given_stays_open() -> None:
    """It is closed by whoever opened it."""
    closed: list[int] = []

    class Closing(MemorySource):
        def close(self) -> None:
            closed.append(1)

    source = Closing({"/registry/x": b"1"})
    opening = Opening(source)
    assert opening.store.source is source
    opening.close()
    assert closed == []


def test_schemes_are_shared_only_by_what_is_the_same() -> None:
    """A release whose server is started otherwise, other plugins, kinds that are sent: each has a scheme of its own."""
    plain = Release("1.37")
    other = Release.started("1.37", ServerFlags(emulated_version="1.36"))
    one, two = (Plugin(name, Tables()) for name in ("one", "two"))
    assert make_scheme(plain) is make_scheme(Release("1.37"))
    found = [
        make_scheme(plain),
        make_scheme(other),
        make_scheme(plain, sent=True),
        make_scheme(plain, [one]),
        make_scheme(plain, [two]),
        make_scheme(plain, [one, two]),
        make_scheme(Release("1.36")),
    ]
    assert len({id(each) for each in found}) == len(found)
