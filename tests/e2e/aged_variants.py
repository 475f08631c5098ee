"""
Objects of any age, made of whole ones: fields taken away one by one and by the release they came in, old versions.

The whole ones are those of the demo store, written by real servers. When a field came the tables know.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tests.e2e.aged_objects import Aged, Object

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.catalog.types import TypeRef
from kstore.codec import ObjectCodec, StoredObject
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import KstoreError
from kstore.naming import GroupVersionKind, gvk
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.store import Store

LEFT_OUT = {
    "APIService": "its name says what it is",
    "CustomResourceDefinition": "its name says what it is",
    "IPAddress": "its name says what it is",
    "ServiceCIDR": "its name says what it is",
    "Namespace": "others live in it",
    "Node": "others live on it",
    "FlowSchema": "the server's own controller writes it, and panics where one lacks a part",
    "PriorityLevelConfiguration": "the server's own controller writes it, and panics where one lacks a part",
}
"""Kinds of which no variants are made, and why."""
OLDEST = 17
"""The oldest minor release whose types are known."""
MOST = 40
"""Fields of an object that are taken away one by one."""

Path = tuple[str | int, ...]


class Variants:
    """
    Aged variants for servers of one release.

    Args:
        release: whose servers the objects are migrated for.
    """

    def __init__(self, release: str) -> None:
        self._scheme = Scheme(Release(release))
        self._catalog = self._scheme.catalog
        self._codec = ObjectCodec(self._scheme)
        self._count = 0

    def all(self) -> Iterator[Aged]:
        """Every variant of one object of each kind that the release stores."""
        for read, place in self._whole():
            named = f"/registry/{place}"
            seen: list[Object] = []
            for variant, media_type in self._variants(read):
                if variant in seen:
                    continue
                seen.append(variant)
                yield self._named(variant, named, media_type)

    def _whole(self) -> Iterator[tuple[StoredObject, str]]:
        kinds = set()
        with open_demo() as source:
            store = Store(source, self._scheme)
            for read in store.under("/registry"):
                if not isinstance(read, StoredObject) or not self._catalog.holds(read.gvk):
                    continue
                place = store.place(read.record.key)
                stored = self._scheme.stored_as(read.gvk)
                if place is None or stored is None or read.gvk.kind in kinds | LEFT_OUT.keys():
                    continue
                if place.resource.resource in ("masterleases", "peerserverleases", "rangeallocations", "events"):
                    continue
                kinds.add(read.gvk.kind)
                yield read, f"{place.resource.key_prefix}{'/default' if place.namespace else ''}"

    def _variants(self, read: StoredObject) -> Iterator[tuple[Object, str]]:
        stored = self._scheme.stored_as(read.gvk)
        assert stored is not None
        whole = _plain(self._codec.convert_object(read.plain, stored))
        target = GroupVersionKind(stored.group, stored.version, read.gvk.kind)
        type_name = self._scheme.kind(target).type
        yield whole, "json"
        bare = copy.deepcopy(whole)
        for member in ("managedFields", "generation"):
            bare["metadata"].pop(member, None)
        yield bare, "protobuf"
        for minor in range(OLDEST, self._scheme.release.minor):
            yield self._as_of(bare, type_name, minor), "protobuf"
        for path in list(_paths(bare))[:MOST]:
            yield _without(bare, path), "protobuf"
        for version in self._scheme.targets(target):
            if version != target and self._catalog.holds(version):
                try:
                    value = self._codec.encode(bare)
                    yield _plain(self._codec.convert_object(value, version.group_version)), "protobuf"
                except KstoreError:
                    continue

    def _as_of(self, obj: Object, type_name: str, minor: int) -> Object:
        """The object without the fields that came after a release."""
        found = copy.deepcopy(obj)
        _prune(Catalog(Release(f"1.{minor}")), type_name, found)
        return found

    def _named(self, obj: Object, folder: str, media_type: str) -> Aged:
        self._count += 1
        found = copy.deepcopy(obj)
        name = f"v{self._count}"
        found["metadata"] |= {"name": name, "uid": f"00000000-0000-0000-0000-{self._count:012}"}
        if found["metadata"].get("namespace"):
            found["metadata"]["namespace"] = "default"
        for member in ("resourceVersion", "ownerReferences"):
            found["metadata"].pop(member, None)
        spec = found.get("spec") or {}
        for member in ("clusterIP", "clusterIPs"):  # each needs one of its own, or the server's repair of them fails
            if spec.get(member):
                address = f"10.96.{8 + self._count // 250}.{self._count % 250 + 1}"
                spec[member] = address if member == "clusterIP" else [address]
        return Aged(f"{folder}/{name}", found, media_type, updated_as=self._served(found))

    def _served(self, obj: Object) -> str:
        """The version in which a server of the release serves an object."""
        named = gvk(obj["apiVersion"], obj["kind"])
        stored = self._scheme.stored_as(named)
        versions = sorted(self._scheme.targets(named), key=lambda one: one.group_version != stored)
        return next(one.api_version for one in versions if self._catalog.serves(one))


def _plain(value: Any) -> Any:
    """Without values in types of their own, but for raw JSON."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, RawJSON) else copy.copy(value)


def _prune(catalog: Catalog, struct: str, obj: Object) -> None:
    """Take the members away that the release's type does not have, at every level, in place."""
    fields = {}
    for field in catalog.struct(struct).fields:
        if field.inline:
            fields |= {one.json: one for one in catalog.struct(field.type.name).fields}
        elif field.json:
            fields[field.json] = field
    for name in list(obj):
        if name not in fields:
            del obj[name]
        else:
            _prune_value(catalog, fields[name].type, obj[name])


def _prune_value(catalog: Catalog, ref: TypeRef, value: Any) -> None:
    if ref.form == "struct" and isinstance(value, dict):
        _prune(catalog, ref.name, value)
    elif ref.element is not None and isinstance(value, list):
        for item in value:
            _prune_value(catalog, ref.element, item)
    elif ref.element is not None and isinstance(value, dict):
        for item in value.values():
            _prune_value(catalog, ref.element, item)


def _paths(obj: Object) -> Iterator[Path]:
    """The places below the object, but for its metadata and its type, outer ones first."""
    waiting: list[tuple[Path, Any]] = [
        ((name,), obj[name]) for name in obj if name not in ("kind", "apiVersion", "metadata")
    ]
    while waiting:
        path, value = waiting.pop(0)
        yield path
        if isinstance(value, dict):
            waiting += [((*path, name), item) for name, item in value.items()]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            waiting += [((*path, 0, name), item) for name, item in value[0].items()]


def _without(obj: Object, path: Path) -> Object:
    found: Any = copy.deepcopy(obj)
    holder = found
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    result: Object = found
    return result
