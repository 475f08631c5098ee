"""
CustomResourceDefinitions, and what a definition says about a custom object: its scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kstore.decode.json.raw_json import plain
from kstore.view.columns.reading import items, part, text
from kstore.view.describe.fields import scalar
from kstore.view.describe.page import Page, Table
from kstore.view.describe.workloads import conditions

Object = Mapping[str, Any]


def definition(obj: Object, now: int) -> Page:
    """A CustomResourceDefinition, of v1 or v1beta1: names, versions, and in which versions objects may be stored."""
    spec = part(obj, "spec")
    names = part(spec, "names")
    page: Page = [
        ("Group", text(spec, "group")),
        ("Names", ", ".join(filter(None, (text(names, "kind"), text(names, "plural"), text(names, "singular"))))),
        ("Short Names", ", ".join(items(names, "shortNames")) or "<none>"),
        ("Categories", ", ".join(items(names, "categories")) or "<none>"),
        ("Scope", text(spec, "scope")),
        ("Versions", Table(("Version", "Served", "Stored", "Deprecated", "Schema", "Subresources"), _versions(spec))),
        ("Stored Versions", ", ".join(items(obj, "status", "storedVersions")) or "<none>"),
        ("Conversion", _conversion(spec)),
    ]
    if spec.get("preserveUnknownFields"):
        page.append(("Unknown Fields", "preserved: nothing is pruned"))
    return page + conditions(obj, now)


def _versions(spec: Object) -> list[tuple[str, ...]]:
    versions = items(spec, "versions") or [{"name": text(spec, "version"), "served": True, "storage": True}]
    return [
        (
            text(version, "name"),
            "yes" if version.get("served") else "no",
            "yes" if version.get("storage") else "no",
            "yes" if version.get("deprecated") else "no",
            _schema(part(version, "schema") or part(spec, "validation")),
            ", ".join(version.get("subresources") or spec.get("subresources") or ()) or "-",
        )
        for version in versions
    ]


def _schema(schema: Object) -> str:
    root = plain(part(schema, "openAPIV3Schema"))
    return f"{_properties(root)} properties" if root else "none"


def _properties(schema: Any) -> int:
    """How many properties a schema has at all levels."""
    if not isinstance(schema, dict):
        return 0
    own = schema.get("properties") or {}
    inner = [*own.values(), schema.get("items"), schema.get("additionalProperties")]
    return len(own) + sum(_properties(one) for one in inner)


def _conversion(spec: Object) -> str:
    conversion = part(spec, "conversion")
    client = part(conversion, "webhook", "clientConfig") or part(conversion, "webhookClientConfig")
    service = part(client, "service")
    where = f"{text(service, 'namespace')}/{text(service, 'name')}" if service else text(client, "url")
    return f"{text(conversion, 'strategy') or 'None'}{f' ({where})' if where else ''}"


def scale(obj: Object, crd: Object | None) -> Page:
    """
    The scale subresource of a custom object, read by the paths that its definition gives.

    (`apiextensions-apiserver/pkg/registry/customresource/etcd.go`, scaleFromCustomResource)
    """
    if crd is None:
        return []
    paths = part(_version(crd, text(obj, "apiVersion").rpartition("/")[2]), "subresources", "scale") or part(
        crd, "spec", "subresources", "scale"
    )
    if not paths:
        return []
    desired, current, labels = (
        _at(obj, text(paths, name)) for name in ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
    )
    page: Page = [("Desired", scalar(0 if desired is None else desired)), ("Current", scalar(current or 0))]
    if labels:
        page.append(("Selector", scalar(labels)))
    return [("Scale", page)]


def _version(crd: Object, name: str) -> Object:
    return next((version for version in items(crd, "spec", "versions") if version.get("name") == name), {})


def _at(obj: Any, path: str) -> Any:
    """What is at a path of plain names, such as `.spec.replicas`."""
    for name in path.strip(".").split("."):
        if not isinstance(obj, Mapping):
            return None
        obj = obj.get(name)
    return obj
