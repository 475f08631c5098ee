"""
Releases of two kinds, as `tools/catalog/release.py` tells of them: what the tests of the merge are made of.
"""

from __future__ import annotations

from typing import Any

from tools.catalog.release import resources

API = "k8s.io/api/zoo"
KUBE = "k8s.io/kubernetes/pkg/apis/zoo"
EXTENSIONS = "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"


def field(go: str, kind: str, number: int = 0, **more: Any) -> dict[str, Any]:
    """A field, whose JSON name follows from its Go name."""
    json_name = {"json": go[:1].lower() + go[1:], "proto": number} if number else {}
    return {"go": go, "type": kind, **json_name, **more}


def kind(group: str, version: str, name: str, package: str, hub: str, **more: Any) -> dict[str, Any]:
    """A kind of a version's package, and its hub."""
    return {"Group": group, "Version": version, "Kind": name, "Type": f"{package}/{version}.{name}", "Hub": hub, **more}


def release(
    name: str, *, versions: tuple[str, ...] = ("v1",), extensions: str = EXTENSIONS, hub: str = ""
) -> dict[str, Any]:
    """
    The dump of a release with a kind Cage and the definitions of others.

    Args:
        name: such as `1.40`.
        versions: those of Cage, the preferred one first.
        extensions: the package above the versions of CustomResourceDefinition.
        hub: the type that all versions of Cage convert through; its internal type unless said.
    """
    cage_hub = hub or f"{KUBE}.Cage"
    crd_hub = f"{EXTENSIONS}.CustomResourceDefinition"
    definition = {"kind": "struct", "fields": [field("Default", f"*{extensions}/v1.JSON", 1)]}
    types: dict[str, Any] = {
        f"{KUBE}.Cage": {"kind": "struct", "fields": [field("Bars", f"[]{KUBE}.Bar")]},
        f"{KUBE}.Bar": {"kind": "struct", "fields": [field("Length", "int32")]},
        f"{extensions}/v1.CustomResourceDefinition": definition,
        f"{extensions}/v1.JSON": {"kind": "struct", "customJSON": True, "fields": [field("Raw", "[]uint8", 1)]},
        crd_hub: {"kind": "struct", "fields": []},
    }
    for version in versions:
        types[f"{API}/{version}.Cage"] = {"kind": "struct", "fields": [field("Bars", f"[]{API}/{version}.Bar", 1)]}
        types[f"{API}/{version}.Bar"] = {"kind": "struct", "fields": [field("Length", "int32", 1)]}
    dump: dict[str, Any] = {
        "release": name,
        "patch": f"{name}.0",
        "kinds": [
            *(kind("zoo.k8s.io", version, "Cage", API, cage_hub) for version in sorted(versions)),
            kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", extensions, crd_hub),
        ],
        "types": types,
        "priority": {"zoo.k8s.io": list(versions), "apiextensions.k8s.io": ["v1"]},
        "groups": {
            KUBE: "zoo.k8s.io",
            **{f"{API}/{version}": "zoo.k8s.io" for version in versions},
            EXTENSIONS: "apiextensions.k8s.io",
            f"{extensions}/v1": "apiextensions.k8s.io",
        },
        "installs": {
            f"{KUBE}/install": [f"{API}/{version}" for version in versions],
            f"{EXTENSIONS}/install": [f"{extensions}/v1"],
        },
        "clients": {
            **{f"{API}/{version}.Cage": ["genclient"] for version in versions},
            f"{extensions}/v1.CustomResourceDefinition": ["genclient", "genclient:nonNamespaced"],
        },
        "resources": [
            {"package": KUBE, "resource": "cages", "shortNames": ["cg"]},
            {"package": EXTENSIONS, "resource": "customresourcedefinitions"},
        ],
        "storage": {"prefixes": [], "versions": [], "cohabited": [], "servers": [f"{extensions}/v1"]},
        "factory": [
            {"group": "zoo.k8s.io", "resource": "cages", "keyPrefix": "cages", "version": f"zoo.k8s.io/{versions[0]}"}
        ],
        "gates": {"consulted": {"Locks": [f"{KUBE}/v1/defaults.go"]}, "defaults": {"Locks": True}},
    }
    dump["resources"] = resources(dump)
    return dump
