"""
The codec alone, against the commands that filter values.
"""

from __future__ import annotations

import pytest

import kstore

DEPLOYMENT = {
    "apiVersion": "extensions/v1beta1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": None},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}},
}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}


@pytest.mark.parametrize("media", ["protobuf", "json"])
@pytest.mark.parametrize("obj", [DEPLOYMENT, CONFIG])
def test_there_and_back(obj: dict[str, object], media: str) -> None:
    """What is encoded is decoded again; it is of no store, and says what it is."""
    scheme = kstore.Scheme("1.37")
    value = scheme.encode(obj, media)
    found = scheme.decode(value)
    assert (found.kind, found.stored_version, found.encoding) == (obj["kind"], obj["apiVersion"], media)
    assert found.value == value
    assert found.name in ("web", "a")
    assert scheme.encode(found.object, media) == value


def test_converting() -> None:
    """The bytes are those that a store of the release holds, and the same object by way of `as_version`."""
    scheme = kstore.Scheme("1.37")
    value = scheme.encode(DEPLOYMENT)
    stored = scheme.convert(value, to="apps/v1")
    assert stored == scheme.convert(value)  # 1.37 stores apps/v1
    assert scheme.decode(stored).stored_version == "apps/v1"
    assert scheme.decode(value).as_version("apps/v1").object == scheme.decode(stored).object
    assert scheme.convert(value, to="apps/v1", media="json").startswith(b'{"kind":"Deployment","apiVersion":"apps/v1"')


@pytest.mark.parametrize("value", [b"", b"k8s\0", b"nonsense"])
def test_broken_bytes(value: bytes) -> None:
    """They are an error with a code."""
    with pytest.raises(kstore.ValueFault) as raised:
        kstore.Scheme("1.37").decode(value)
    assert raised.value.code


def test_what_cannot_be() -> None:
    """Unknown releases, versions of another kind, versions that are none."""
    with pytest.raises(kstore.UnknownRelease):
        kstore.Scheme("2.0")
    scheme = kstore.Scheme("1.30", feature_gates={"SidecarContainers": False})
    assert scheme.release.gates == {"SidecarContainers": False}
    with pytest.raises(kstore.NotConvertible):
        scheme.convert(scheme.encode(CONFIG), to="apps/v1")
    with pytest.raises(kstore.KstoreError):
        scheme.convert(scheme.encode(CONFIG), to="a/b/c")
