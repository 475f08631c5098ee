"""
Which fields the objects of a resource may have: a built-in type by the catalog, a custom one by its CRD's schemas.

An object may be stored in any version of its kind, so a resource has the fields of all of them. Lists count for
nothing on the way (`spec.containers.image`); below a map every key may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kstore.catalog.json_layout import layout
from kstore.catalog.loader import Catalog
from kstore.catalog.mapper import NamedResource
from kstore.catalog.types import TypeRef
from kstore.decode.json.raw_json import plain
from kstore.naming import GroupVersionKind
from kstore.scheme.scheme import Scheme

_META = TypeRef("struct", name="meta.v1.ObjectMeta")
_TEXT = TypeRef("plain", name="string")
_OPEN_TYPES = frozenset({"RawExtension", "JSON", "any", "FieldsV1"})


@dataclass(frozen=True, slots=True)
class _Open:
    """What may hold anything."""

    def member(self, name: str) -> Shape | None:
        """Any member is possible."""
        return self


@dataclass(frozen=True, slots=True)
class _Typed:
    """A type of the catalog."""

    catalog: Catalog
    ref: TypeRef

    def member(self, name: str) -> Shape | None:
        """The type of a member; None where a struct has none of that name, or the type has no members."""
        ref = self.ref
        while ref.form in ("list", "items") and ref.element is not None:
            ref = ref.element
        if ref.form == "map" and ref.element is not None:
            return _Typed(self.catalog, ref.element)
        if ref.form == "union" or ref.name in _OPEN_TYPES:
            return _OPEN
        if ref.form != "struct":
            return None
        found = layout(self.catalog, ref.name).members.get(name)
        return None if found is None else _Typed(self.catalog, found.type)


@dataclass(frozen=True, slots=True)
class _Schema:
    """A level of an OpenAPI v3 schema; at the root of a resource, kind, apiVersion and metadata are given."""

    catalog: Catalog
    schema: Mapping[str, Any]
    root: bool = False

    def member(self, name: str) -> Shape | None:
        """The schema of a member; None where the server would prune it."""
        schema = self.schema
        while isinstance(items := schema.get("items"), Mapping):
            schema = items
        if self.root or schema.get("x-kubernetes-embedded-resource"):
            if name == "metadata":
                return _Typed(self.catalog, _META)
            if name in ("apiVersion", "kind"):
                return _Typed(self.catalog, _TEXT)
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and name in properties:
            return _schema(self.catalog, properties[name])
        additional = schema.get("additionalProperties")
        if isinstance(additional, Mapping):
            return _schema(self.catalog, additional)
        if additional is True or schema.get("x-kubernetes-preserve-unknown-fields"):
            return _OPEN
        return None


Shape = _Open | _Typed | _Schema
_OPEN = _Open()


def _schema(catalog: Catalog, schema: Any, *, root: bool = False) -> Shape:
    return _Schema(catalog, schema, root) if isinstance(schema, Mapping) else _OPEN


class ResourceFields:
    """
    The fields that the objects of a resource may have.

    Args:
        resource: a built-in one, a custom one, or one that only keys tell of.
        scheme: the types of the release.
    """

    def __init__(self, resource: NamedResource, scheme: Scheme) -> None:
        self.resource = resource
        self._shapes = tuple(_shapes(resource, scheme))

    @property
    def known(self) -> bool:
        """Whether anything tells which fields there are."""
        return bool(self._shapes)

    def has(self, path: Sequence[str], *, declared: bool = False) -> bool:
        """
        Whether an object in one of the resource's versions may have a field at that path.

        Args:
            path: the members' names.
            declared: only where a type or schema says so, not where anything may be.
        """
        found: Iterable[Shape] = self._shapes
        for name in path:
            found = [inner for shape in found if (inner := shape.member(name)) is not None]
        return any(not (declared and isinstance(shape, _Open)) for shape in found)

    def missing(self, path: Sequence[str]) -> str:
        """The beginning of the path, up to the first name that there is not."""
        depth = next(depth for depth in range(1, len(path) + 1) if not self.has(path[:depth]))
        return ".".join(path[:depth])


def _shapes(resource: NamedResource, scheme: Scheme) -> Iterator[Shape]:
    """A shape for each version; none where nothing is known of them."""
    catalog = scheme.catalog
    names = {
        found
        for version in resource.versions
        if catalog.has_kind(name := GroupVersionKind(resource.group, version, resource.kind))
        for found in (name, *scheme.targets(name))
    }
    for name in sorted(names, key=str):
        yield _Typed(catalog, TypeRef("struct", name=catalog.kind(name).type))
    definition = resource.definition
    if not names and definition is not None:
        for schema in _schemas(plain(definition)):
            yield _schema(catalog, schema, root=True)


def _schemas(definition: Mapping[str, Any]) -> Iterator[Any]:
    """The schema of each version of a CRD (of v1 or v1beta1); None for a version that has none, or keeps everything."""
    spec = definition.get("spec") or {}
    keeps_all = bool(spec.get("preserveUnknownFields"))
    for version in spec.get("versions") or [{}]:
        validation = version.get("schema") or spec.get("validation") or {}
        yield None if keeps_all else validation.get("openAPIV3Schema")
