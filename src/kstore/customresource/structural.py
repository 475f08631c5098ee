"""
Structural schemas of custom resources: what the apiserver prunes, defaults and repairs by them.

Ported from apiextensions-apiserver, `pkg/apiserver/schema/{convert,pruning,defaulting,objectmeta}`. Works on plain JSON
values in place; where the schemas come from and which version an object is in, `converter.py` knows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

_META_FIELDS = ("apiVersion", "kind", "metadata")

Repair = Callable[[Any, str], Any]
"""An object's `metadata`, and its path -> as ObjectMeta has it; raises where it is none."""


@dataclass(frozen=True, slots=True)
class Structural:
    """
    One level of a structural schema, as far as it decides what is kept, what is filled in, and who owns what.

    Other validation (`allOf` and the like, patterns, CEL) changes no value and is left out (schema/convert.go).
    """

    properties: Mapping[str, Structural] = field(default_factory=dict)
    additional: Structural | None = None
    """The schema of members that `properties` does not name."""
    additional_allowed: bool = False
    """Whether such members are allowed; with `additional` unset (`additionalProperties: true`) they end up empty."""
    items: Structural | None = None
    preserve: bool = False
    """`x-kubernetes-preserve-unknown-fields`."""
    embedded: bool = False
    """`x-kubernetes-embedded-resource`: the value is an object with kind, apiVersion and metadata of its own."""
    nullable: bool = False
    whole: bool = False
    """Whether managedFields own it as a whole: an atomic map, or a list that is not of the type `map` or `set`."""
    default: Any = None
    type: str = ""
    """`object`, `array`, `string`, …; empty for what may be of any."""
    format: str = ""
    keys: tuple[str, ...] = ()
    """What tells the elements of a list apart (`x-kubernetes-list-map-keys`)."""

    @staticmethod
    def of(schema: Mapping[str, Any]) -> Structural:
        """The structural form of a CRD's OpenAPI v3 schema, its defaults pruned, as the apiserver prunes them."""
        additional = schema.get("additionalProperties")
        items = schema.get("items")
        built = Structural(
            properties={name: Structural.of(one) for name, one in (schema.get("properties") or {}).items()},
            additional=Structural.of(additional) if isinstance(additional, dict) else None,
            additional_allowed=isinstance(additional, dict) or additional is True,
            items=Structural.of(items) if isinstance(items, dict) else None,
            preserve=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
            embedded=bool(schema.get("x-kubernetes-embedded-resource")),
            nullable=bool(schema.get("nullable")),
            whole=_is_whole(schema),
            default=copy.deepcopy(schema.get("default")),
            type=str(schema.get("type") or ""),
            format=str(schema.get("format") or ""),
            keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        )
        prune(built.default, built)
        return built

    def member(self, name: str) -> Structural | None:
        """The schema of a member, or None where none describes it."""
        return self.properties.get(name, self.additional)


def _is_whole(schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "array":
        return schema.get("x-kubernetes-list-type") not in ("map", "set")
    return schema.get("x-kubernetes-map-type") == "atomic"


def prune(value: Any, schema: Structural | None, *, root: bool = False) -> list[str]:
    """
    Drop what the schema does not describe, in place (`pruning/algorithm.go`).

    Args:
        root: the value is a whole object: its kind, apiVersion and metadata stay.

    Returns:
        The paths of what was dropped, sorted.
    """
    dropped: list[str] = []
    if root:
        schema = _as_resource(schema)
    _prune(value, schema, "", dropped)
    return sorted(dropped)


def _as_resource(schema: Structural | None) -> Structural:
    return replace(schema or Structural(), embedded=True)


def _prune(value: Any, schema: Structural | None, path: str, dropped: list[str]) -> None:
    if isinstance(value, list):
        keep = schema is not None and schema.preserve
        for index, item in enumerate(value):
            below = schema.items if schema else None
            if not keep or below is not None:
                _prune(item, _preserving(below) if keep and below else below, f"{path}[{index}]", dropped)
    elif isinstance(value, dict):
        for name in list(value):
            where = f"{path}.{name}" if path else name
            if schema is not None and schema.embedded and name in _META_FIELDS:
                continue
            if schema is not None and (name in schema.properties or schema.additional_allowed):
                _prune(value[name], schema.member(name), where, dropped)
            elif schema is None or not schema.preserve:
                dropped.append(where)
                del value[name]


def _preserving(schema: Structural) -> Structural:
    """Items of a preserved list are themselves preserved (skipPrune calls itself there, not prune)."""
    return schema if schema.preserve else replace(schema, preserve=True)


def drop_nulls(value: Any, schema: Structural | None) -> None:
    """Drop nulls that the schema neither allows nor replaces by a default (`defaulting/prunenulls.go`)."""
    if isinstance(value, dict):
        for name in list(value):
            below = schema.member(name) if schema else None
            if value[name] is None and below is not None and not below.nullable and below.default is None:
                del value[name]
            else:
                drop_nulls(value[name], below)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item, schema.items if schema else None)


def default(value: Any, schema: Structural | None) -> None:
    """Fill in the schema's defaults, in place; forbidden nulls count as unset (`defaulting/algorithm.go`)."""
    if schema is None:
        return
    if isinstance(value, dict):
        for name, below in schema.properties.items():
            if below.default is not None and (name not in value or (value[name] is None and not below.nullable)):
                value[name] = copy.deepcopy(below.default)
        for name in list(value):
            member = schema.member(name)
            if member is None:
                continue
            if name not in schema.properties and value[name] is None and not member.nullable:
                value[name] = copy.deepcopy(member.default)
            default(value[name], member)
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            if item is None and not schema.items.nullable:
                value[index] = copy.deepcopy(schema.items.default)
            default(value[index], schema.items)


def without_member(schema: Structural, name: str) -> Structural:
    """The schema of an object that says nothing of one of its members."""
    return replace(schema, properties={one: below for one, below in schema.properties.items() if one != name})


def has_default(schema: Structural | None) -> bool:
    """Whether there is a default somewhere in a schema."""
    if schema is None:
        return False
    below = (*schema.properties.values(), schema.additional, schema.items)
    return schema.default is not None or any(map(has_default, below))


def has_embedded(schema: Structural | None) -> bool:
    """Whether a resource can be embedded somewhere below a schema."""
    if schema is None:
        return False
    below = (*schema.properties.values(), schema.additional, schema.items)
    return schema.embedded or any(map(has_embedded, below))


def repair_embedded(value: Any, schema: Structural | None, repair: Repair, *, lenient: bool, path: str = "") -> None:
    """
    Bring the metadata of embedded resources into ObjectMeta's form, in place (`objectmeta/coerce.go`).

    Args:
        repair: what does that to one `metadata`.
        lenient: drop a kind or apiVersion that is no string (stored objects) instead of refusing it.
        path: where the value stands, for errors.

    Raises:
        ValueError: what `repair` raises, and a kind that is no string when not lenient.
    """
    if schema is None:
        return
    if isinstance(value, dict):
        for name in list(value):
            below = f"{path}.{name}" if path else name
            if schema.embedded:
                _repair_member(value, name, repair, lenient, below)
            if name in value:
                repair_embedded(value[name], schema.member(name), repair, lenient=lenient, path=below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            repair_embedded(item, schema.items, repair, lenient=lenient, path=f"{path}[{index}]")


def repair_defaults(schema: Structural | None, repair: Repair) -> None:
    """Bring the embedded resources within a schema's own defaults into form, in place (`defaulting/prune.go`)."""
    if schema is None:
        return
    repair_embedded(schema.default, schema, repair, lenient=True)
    for below in (*schema.properties.values(), schema.additional, schema.items):
        repair_defaults(below, repair)


def _repair_member(value: dict[str, Any], name: str, repair: Repair, lenient: bool, path: str) -> None:
    if name == "metadata":
        if lenient and not isinstance(value[name], dict | None):
            return  # passed through: whoever reads the object next decides
        value[name] = repair(value[name], path)
        if value[name].get("creationTimestamp") is None:
            value[name].pop("creationTimestamp", None)
    elif name in ("apiVersion", "kind") and not isinstance(value[name], str):
        if not lenient:
            raise ValueError(f"{path} must be a string")
        del value[name]
