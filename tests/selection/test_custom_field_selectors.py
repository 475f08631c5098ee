"""
Field selectors of custom resources: as `selectableFields` of their CRD say, and nothing else.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import newest
from kstore.errors import UsageError
from kstore.scheme.scheme import Scheme
from kstore.selection import Criteria, Selection
from kstore.store import Store
from kstore.testing import MemorySource

OPEN = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}


def crd(plural: str, kind: str, *, scope: str = "Namespaced", at_the_top: bool = False, **fields: list[str]) -> Any:
    """A CRD whose versions have these selectable fields; as v1beta1 has it, those of the first stand at the top."""
    declared = {version: [{"jsonPath": path} for path in paths] for version, paths in fields.items()}
    spec: dict[str, Any] = {
        "group": "lab.example.com",
        "scope": scope,
        "names": {"plural": plural, "kind": kind},
        "versions": [
            {"name": version, "served": True, "storage": not number, "schema": OPEN, "selectableFields": found}
            for number, (version, found) in enumerate(declared.items())
        ],
    }
    if at_the_top:
        spec["selectableFields"] = spec["versions"][0].pop("selectableFields")
    api_version = f"apiextensions.k8s.io/{'v1beta1' if at_the_top else 'v1'}"
    name = f"{plural}.lab.example.com"
    return {"apiVersion": api_version, "kind": "CustomResourceDefinition", "metadata": {"name": name}, "spec": spec}


def lamp(name: str, version: str = "v1", **spec: Any) -> dict[str, Any]:
    """A lamp."""
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": f"lab.example.com/{version}", "kind": "Lamp", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def store() -> Store:
    """Three CRDs, in both forms, and some lamps."""
    crds = "/registry/apiextensions.k8s.io/customresourcedefinitions"
    lamps = "/registry/lab.example.com/lamps/shop"
    values = {
        f"{crds}/lamps.lab.example.com": crd("lamps", "Lamp", v1=[".spec.color", ".spec.on"], v1beta1=[".spec.watt"]),
        f"{crds}/rooms.lab.example.com": crd("rooms", "Room", scope="Cluster", at_the_top=True, v1=[".spec.floor"]),
        f"{crds}/doors.lab.example.com": crd("doors", "Door", v1=[]),
        f"{lamps}/a": lamp("a", color="red", on=True, watt=5),
        f"{lamps}/b": lamp("b", color="blue"),
        f"{lamps}/c": lamp("c", "v1beta1", watt=5),
        "/registry/configmaps/shop/a": {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"},
        },
        "/registry/left.example.com/things/shop/a": {
            "apiVersion": "left.example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"x": 1},
        },
    }  # fmt: skip
    return Store(MemorySource(values), Scheme(newest()))


def names(store: Store, what: str, selector: str) -> list[str]:
    """What is selected."""
    selection = Selection.listed(store, Criteria((what,), field_selector=selector))
    return [read.record.key.decode().rpartition("/")[2] for read in selection.reads()]


@pytest.mark.parametrize(
    ("what", "selector", "selected"),
    [
        ("lamps", "spec.color=red", ["a"]),
        ("lamps", "spec.color!=red", ["b", "c"]),
        ("lamps", "spec.color=", ["c"]),
        ("lamps", "spec.on=true,metadata.namespace=shop", ["a"]),
        ("lamps", "spec.watt=5", ["a", "c"]),
        ("lamps.lab.example.com", "metadata.name=b", ["b"]),
        ("/registry/lab.example.com/lamps/shop", "spec.color=blue", ["b"]),
        ("rooms", "spec.floor=1", []),
        ("rooms", "metadata.name=x", []),
        ("things", "spec.x=1", ["a"]),  # nothing is known of it
        ("/", "metadata.name=a", ["a", "a", "a"]),
    ],
)
def test_declared(store: Store, what: str, selector: str, selected: list[str]) -> None:
    """What the CRD declares, in whichever version, and what every object has."""
    assert names(store, what, selector) == selected


@pytest.mark.parametrize(
    ("what", "selector"),
    [
        ("lamps", "spec.size=1"),
        ("lamps", ".spec.color=red"),
        ("lamps", "metadata.uid=1"),
        ("doors", "spec.color=red"),
        ("rooms", "metadata.namespace=shop"),
        ("rooms", "spec.color=red"),
        ("/registry/lab.example.com/doors", "spec.any=1"),
        ("/", "spec.nobodyDeclares=1"),
    ],
)
def test_others_are_refused(store: Store, what: str, selector: str) -> None:
    """As the server refuses them, although a schema that keeps everything would let the field be."""
    with pytest.raises(UsageError, match="field label not supported") as caught:
        names(store, what, selector)
    if what == "lamps":
        assert "metadata.name, metadata.namespace, spec.color, spec.on, spec.watt" in caught.value.hint
