"""
Stores as the library opens them: part by part, for a release and with its keys, and nothing that is wrong at once.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from kstore.catalog.releases import Release
from kstore.codec import StorageCodec
from kstore.encryption.config import read_configuration
from kstore.errors import StoreNotFound, UnknownRelease
from kstore.library.opening import Opening
from kstore.naming import GroupResource
from kstore.scheme.scheme import Scheme

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
