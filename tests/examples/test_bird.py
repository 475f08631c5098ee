"""
The Birds of a server made with apiserver-builder through the example plugin: every hook that concerns stored bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from kstore_bird import plugin
from tests.inspect.conftest import MemorySource

from kstore.catalog.releases import Release
from kstore.cli.main import run
from kstore.inspect.checks import run_checks
from kstore.inspect.survey import Survey
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme
from kstore.store import Store

GROUP = "demo.example.com"


@pytest.fixture(scope="module")
def codec() -> ObjectCodec:
    """The codec of a scheme that knows Birds."""
    return ObjectCodec(Scheme(Release("1.37"), plugins=[plugin]))


def bird(version: str, **spec: Any) -> bytes:
    """A stored Bird."""
    return json.dumps({"kind": "Bird", "apiVersion": f"{GROUP}/{version}", "spec": spec}).encode()


def converted(codec: ObjectCodec, value: bytes, version: str) -> dict[str, Any]:
    """Its spec in another version."""
    stored = codec.convert(value, GroupVersion(GROUP, version), media_type="json")
    found: dict[str, Any] = json.loads(stored)["spec"]
    return found


def test_defaulting(codec: ObjectCodec) -> None:
    """v1alpha1 gives a Bird two wings, v1beta1 leaves it as it is."""
    assert converted(codec, bird("v1alpha1"), "v1beta1") == {"wings": 2}
    assert converted(codec, bird("v1alpha1", wings=0), "v1beta1") == {"wings": 0}
    assert converted(codec, bird("v1beta1"), "v1beta1") == {}


def test_conversion(codec: ObjectCodec) -> None:
    """A renamed field follows from the tables alone, habitats from a rule; there and back it is the same."""
    old = {"species": "robin", "wingspan": 22, "wings": 2, "habitat": "garden,wood"}
    new = converted(codec, bird("v1alpha1", **old), "v1beta1")
    assert new == {"species": "robin", "wingspanCentimetres": 22, "wings": 2, "habitats": ["garden", "wood"]}
    assert converted(codec, bird("v1beta1", **new), "v1alpha1") == old


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta1"])
def test_canonical_form(codec: ObjectCodec, version: str) -> None:
    """What has no order is sorted before it is stored, whatever the version."""
    assert converted(codec, bird("v1beta1", habitats=["wood", "garden", "wood"]), version) == (
        {"habitats": ["garden", "wood"]} if version == "v1beta1" else {"habitat": "garden,wood"}
    )


def test_validation(codec: ObjectCodec) -> None:
    """What the strategy's Validate refuses is said with its path; a built-in kind has no such rules."""
    decoded = codec.decode(bird("v1alpha1", wings=3, wingspan=-1))
    assert codec.scheme.validate(decoded.gvk, decoded.object) == [
        "spec.wings: must be 0, 1 or 2",
        "spec.wingspanCentimetres: must not be negative",
    ]
    assert decoded.object["spec"] == {"wings": 3, "wingspan": -1}
    pod = codec.decode(b'{"kind":"Pod","apiVersion":"v1"}')
    assert codec.scheme.validate(pod.gvk, pod.object) == []


def test_check_asks_the_validation(codec: ObjectCodec) -> None:
    """`kstore check` names the Bird that its server would refuse, and the one that a finalizer holds."""
    source = MemorySource()
    source.put("/registry/namespaces/default", b'{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"default"}}')
    held = {"deletionTimestamp": "2024-01-01T00:00:00Z", "finalizers": ["birds.demo.example.com/nest"]}
    for name, metadata, wings in (("odd", {}, 3), ("held", held, 2)):
        metadata = {**metadata, "name": name, "namespace": "default"}
        stored = {**json.loads(bird("v1alpha1", wings=wings)), "metadata": metadata}
        source.put(f"/registry/{GROUP}/birds/default/{name}", stored)
    scheme = codec.scheme
    store = Store(source, scheme)
    found = {one.rule.id: one for one in run_checks(Survey(store, scheme.release))}
    assert set(found) == {"invalid", "object-stuck"}
    assert "/odd" in str(found["invalid"])
    assert "spec.wings" in str(found["invalid"])
    assert "/held" in str(found["object-stuck"])


def test_in_the_demo_store(installed: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Installed, the plugin names the resource and converts what is there."""
    installed("bird")
    assert run(["--store", "demo", "ls", "birds", "-o", "name"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"bird.{GROUP}/dodo", f"bird.{GROUP}/robin"]
    assert run(["--store", "demo", "get", "birds/default/robin", "--as", f"{GROUP}/v1beta1", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["spec"] == {"wings": 2}
