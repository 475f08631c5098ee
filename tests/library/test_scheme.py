"""
The codec alone, against the commands that filter values.
"""

from __future__ import annotations

from pathlib import Path

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


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kites.sky.example.com}
spec:
  group: sky.example.com
  scope: Namespaced
  names: {plural: kites, singular: kite, kind: Kite}
  versions:
  - name: v2
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {
      tail: {type: string, default: long}}}}}}
  - name: v1
    served: true
    storage: false
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {tail: {type: string}}}}}}
"""
KITE = b'{"apiVersion":"sky.example.com/v1","kind":"Kite","metadata":{"name":"k","namespace":"default"},"spec":{}}\n'


def test_custom_resources_by_their_crds(tmp_path: Path) -> None:
    """As a migration writes them, and as a server serves them; what the CRDs do not have is an error."""
    place = tmp_path / "crds.yaml"
    place.write_text(CRD)
    scheme = kstore.Scheme("1.37", crds=place)
    stored = scheme.convert(KITE)
    assert stored == (
        b'{"apiVersion":"sky.example.com/v2","kind":"Kite","metadata":{"generation":2,"name":"k","namespace":"default"},'
        b'"spec":{"tail":"long"}}\n'
    )
    assert scheme.convert(stored) == stored
    found = scheme.decode(KITE)
    assert (found.resource, found.stored_version) == ("kites.sky.example.com", "sky.example.com/v1")
    assert found.as_version("sky.example.com/v2").object["spec"] == {}, "a read sets no defaults of that version"
    built_in = scheme.encode(CONFIG)
    assert scheme.convert(built_in) == kstore.Scheme("1.37").convert(built_in)
    with pytest.raises(kstore.NotConvertible):
        scheme.decode(KITE.replace(b"/v1", b"/v9"))
    for value in (KITE.replace(b"Kite", b"Ship"), KITE.replace(b"sky.", b"sea.")):
        with pytest.raises(kstore.UnknownKind):
            scheme.decode(value)
        with pytest.raises(kstore.UnknownKind):
            scheme.convert(value)
    with pytest.raises(kstore.UnknownFields):
        scheme.convert(KITE.replace(b'"spec":{}', b'"spec":{"beak":1}'))
    assert scheme.convert(KITE.replace(b'"spec":{}', b'"spec":{"beak":1}'), drop_unknown_fields=True) == stored
    with pytest.raises(kstore.UnknownKind):
        kstore.Scheme("1.37").convert(KITE)


def test_places_without_crds(tmp_path: Path) -> None:
    """Nothing there, no CRD among what is there, and webhooks of CRDs that are not given."""
    (tmp_path / "other.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    for place in (tmp_path / "nothing.yaml", tmp_path / "other.yaml", tmp_path):
        with pytest.raises(kstore.KstoreError):
            kstore.Scheme("1.37", crds=place)
    with pytest.raises(kstore.UsageError):
        kstore.Scheme("1.37", allow_webhooks=True)
    with pytest.raises(kstore.UsageError):
        kstore.Scheme("1.37", webhook_url="https://127.0.0.1:1/")


def test_crds_of_a_store() -> None:
    """Those of the demo store, whose objects become what a migration of it makes."""
    scheme = kstore.Scheme("1.37", crds="demo")
    with kstore.open("demo", release="1.37") as store:
        plan = kstore.migration(store, to_release="1.37", resources="crontabs.stable.example.com").plan()
        for step in plan:
            if isinstance(step, kstore.Change):
                assert scheme.convert(step.record.value) == step.value
