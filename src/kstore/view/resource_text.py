"""
What a RESTMapper knows, for people and programs: each resource with its kinds, versions, keys and storage versions.

Takes resources of any origin: the catalog's, a CRD's, or one that only its keys tell of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from kstore.catalog.loader import Catalog
from kstore.catalog.mapper import NamedResource, Place
from kstore.catalog.releases import Release, minor_of
from kstore.catalog.resources import ResourceInfo, all_resources
from kstore.customresource.resource import CustomResource
from kstore.naming import GroupVersion, GroupVersionKind
from kstore.view.describe.page import Page, Table, render
from kstore.view.tab_writer import TabWriter

_COLUMNS: Final = ("NAME", "SHORTNAMES", "STORED AS", "NAMESPACED", "KIND", "KEYS")
_WIDE: Final = ("VERSIONS", "CATEGORIES", "SINCE", "DEPRECATED", "REMOVED", "REPLACEMENT")


def resource_json(resource: NamedResource, catalog: Catalog) -> dict[str, Any]:
    """
    One resource as a document.

    `source` is `built-in`, `plugin`, the name of the CRD, or `keys` where nothing but keys in the store tells of it.
    """
    stored = storage_version(resource, catalog.release)
    return {
        "group": resource.group,
        "resource": resource.resource,
        "kind": resource.kind,
        "singular": resource.singular,
        "shortNames": list(resource.short_names),
        "categories": list(resource.categories),
        "namespaced": resource.namespaced,
        "keyPrefix": resource.key_prefix,
        "storageVersion": str(stored) if stored else "",
        "storageVersions": dict(resource.storage) if isinstance(resource, ResourceInfo) else {},
        "versions": list(_versions(resource, catalog)),
        "source": _source(resource),
    }


def storage_version(resource: NamedResource, release: Release) -> GroupVersion | None:
    """The version in which objects are written; None where the release does not store them."""
    if isinstance(resource, ResourceInfo):
        return resource.storage_version(release)
    if isinstance(resource, CustomResource) and resource.storage_version:
        return GroupVersion(resource.group, resource.storage_version)
    return None


def is_served(resource: NamedResource, catalog: Catalog) -> bool:
    """Whether the release stores a resource and serves it in any version of its own group."""
    if not isinstance(resource, ResourceInfo):
        return True
    stored = resource.storage_version(catalog.release)
    return stored is not None and any(version["served"] for version in _versions(resource, catalog))


def _versions(resource: NamedResource, catalog: Catalog) -> Iterator[dict[str, Any]]:
    if isinstance(resource, CustomResource):
        yield from _custom_versions(resource)
        return
    for version in resource.versions:
        name = GroupVersionKind(resource.group, version, resource.kind)
        row: dict[str, Any] = {"version": version, "served": True, "introduced": "", "deprecated": "", "removed": ""}
        row["replacement"] = ""
        if catalog.has_kind(name):
            kind = catalog.kind(name)
            for member in ("introduced", "deprecated", "removed", "replacement"):
                row[member] = getattr(kind, member)
        now = catalog.release.minor
        row["served"] = not (row["introduced"] and minor_of(row["introduced"]) > now) and not (
            row["removed"] and minor_of(row["removed"]) <= now
        )
        yield row


def _custom_versions(resource: CustomResource) -> Iterator[dict[str, Any]]:
    spec = (resource.definition or {}).get("spec") or {}
    known = {version.get("name"): version for version in spec.get("versions") or []}
    for version in resource.versions:
        about = known.get(version, {"served": True})
        deprecated = "yes" if about.get("deprecated") else ""
        yield {
            "version": version,
            "served": bool(about.get("served")),
            "introduced": "",
            "deprecated": deprecated,
            "removed": "",
            "replacement": "",
        }


def _source(resource: NamedResource) -> str:
    if not isinstance(resource, CustomResource):
        built_in = any((one.group, one.resource) == (resource.group, resource.resource) for one in all_resources())
        return "built-in" if built_in else "plugin"
    return f"{resource.resource}.{resource.group}" if resource.definition else "keys"


# ---- tables


def resource_table(resources: Iterable[NamedResource], catalog: Catalog, *, wide: bool = False) -> Iterator[str]:
    """The table of resources, aligned as kubectl aligns its tables."""
    header = (*_COLUMNS, *_WIDE) if wide else _COLUMNS
    rows = (_row(resource_json(resource, catalog), wide=wide) for resource in resources)
    lines = ["\t".join(header), *("\t".join(row) for row in rows)]
    return (f"{line.rstrip()}\n" for piece in TabWriter().stream(lines, len(lines)) for line in piece.splitlines())


def _row(found: dict[str, Any], *, wide: bool) -> list[str]:
    row = [
        f"{found['resource']}.{found['group']}" if found["group"] else found["resource"],
        ",".join(found["shortNames"]),
        found["storageVersion"] or "-",
        "true" if found["namespaced"] else "false",
        found["kind"] or "?",
        found["keyPrefix"],
    ]
    if wide:
        versions = found["versions"]
        row += [",".join(version["version"] for version in versions), ",".join(found["categories"])]
        for member in ("introduced", "deprecated", "removed"):
            row.append(",".join(f"{v['version']}:{v[member]}" for v in versions if v[member]))
        row.append(",".join(dict.fromkeys(v["replacement"] for v in versions if v["replacement"])))
    return row


# ---- one resource


def resource_page(resource: NamedResource, catalog: Catalog, prefix: str, place: Place[Any] | None = None) -> str:
    """
    All that is known of one resource, and of one key.

    Args:
        resource: which.
        catalog: the types of the release.
        prefix: of the store's keys.
        place: what a key that was asked for says.
    """
    found = resource_json(resource, catalog)
    page: Page = []
    if place is not None:
        page.append(("Key", key_of(resource, prefix, place.namespace, place.name)))
        page += [(label, text) for label, text in (("Namespace", place.namespace), ("Name", place.name)) if text]
    page += [
        ("Resource", found["resource"]),
        ("Group", found["group"] or "core"),
        ("Kind", found["kind"] or "<unknown>"),
        ("Also Known As", ", ".join(filter(None, (found["singular"], *found["shortNames"]))) or "<none>"),
        ("Categories", ", ".join(found["categories"]) or "<none>"),
        ("Scope", "namespaced" if found["namespaced"] else "cluster"),
        ("Source", _described_source(found["source"])),
        ("Keys", key_of(resource, prefix, "NAMESPACE", "NAME")),
        ("Served At", api_path(resource, found, place)),
        ("Stored As", f"{found['storageVersion'] or 'not at all'} by release {catalog.release}"),
    ]
    page.append(("Versions", _version_table(found)))
    if storage := found["storageVersions"]:
        page.append(
            (
                "Storage Versions",
                Table(
                    ("Releases", "Stored As"), [(releases or "all", version) for releases, version in storage.items()]
                ),
            )
        )
    return render(page)


def _version_table(found: dict[str, Any]) -> Table:
    members = ("version", "introduced", "deprecated", "removed", "replacement")
    rows = [
        (*(version[member] or "-" for member in members), "yes" if version["served"] else "no")
        for version in found["versions"]
    ]
    return Table(("Version", "Since", "Deprecated", "Removed", "Replacement", "Served"), rows)


def _described_source(source: str) -> str:
    if source == "keys":
        return "only its keys tell of it: no type and no CRD"
    known = {"built-in": "built in", "plugin": "a plugin"}
    return known.get(source) or f"CustomResourceDefinition {source}"


def key_of(resource: NamedResource, prefix: str, namespace: str, name: str) -> str:
    """The key of an object, as far as its place is known."""
    parts = [prefix, resource.key_prefix, namespace if resource.namespaced else "", name]
    return "/".join(part for index, part in enumerate(parts) if part or index == 0)


def api_path(resource: NamedResource, found: dict[str, Any], place: Place[Any] | None = None) -> str:
    """The path under which an apiserver serves the resource, in the version that it prefers."""
    served = [version["version"] for version in found["versions"] if version["served"]]
    version = next(iter(served or resource.versions), "VERSION")
    root = f"/apis/{resource.group}/{version}" if resource.group else f"/api/{version}"
    namespace = (place.namespace if place else "") or "NAMESPACE"
    below = f"/namespaces/{namespace}" if resource.namespaced else ""
    name = f"/{place.name}" if place and place.name else ""
    return f"{root}{below}/{resource.resource}{name}"
