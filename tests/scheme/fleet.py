"""
A plugin to break: a fleet of ships, in v1alpha1 and v1, of which v1 serves as the hub.
"""

from __future__ import annotations

import copy
from typing import Any

from kstore.plugin import Auto, Obj, Plugin, Rules, Scope, Tables

GROUP = "fleet.example.com"
_META = [
    {"go": "TypeMeta", "type": "meta.v1.TypeMeta", "flags": "inline"},
    {"go": "ObjectMeta", "json": "metadata", "type": "meta.v1.ObjectMeta", "flags": "omitempty"},
]


def _field(go: str, json: str, type_: str) -> dict[str, str]:
    return {"go": go, "json": json, "type": type_, "flags": "omitempty"}


TABLES: dict[str, Any] = {
    "kinds": [
        {"group": GROUP, "version": version, "kind": "Ship", "type": f"fleet.{version}.Ship", "hub": "fleet.v1.Ship"}
        for version in ("v1alpha1", "v1")
    ],
    "resources": [
        {"group": GROUP, "resource": "ships", "kind": "Ship", "namespaced": True, "versions": ["v1", "v1alpha1"],
         "storage": f"{GROUP}/v1alpha1"},
    ],
    "types": {
        "fleet.v1alpha1": {
            "Ship": {"fields": [*_META, _field("Spec", "spec", "fleet.v1alpha1.ShipSpec")]},
            "ShipSpec": {"fields": [
                _field("Tons", "tons", "int32"), _field("Captain", "captain", "string"),
                _field("Mast", "mast", "*fleet.v1alpha1.Mast"),
            ]},
            "Mast": {"fields": [_field("Height", "height", "int32")]},
        },
        "fleet.v1": {
            "Ship": {"fields": [*_META, _field("Spec", "spec", "fleet.v1.ShipSpec")]},
            "ShipSpec": {"fields": [
                _field("Tons", "tons", "int32"), _field("Crew", "crew", "[]string"),
                _field("Mast", "mast", "*fleet.v1.Mast"),
            ]},
            "Mast": {"fields": [_field("Height", "metres", "int32")]},
        },
    },
}  # fmt: skip


def tables(*path: Any, to: Any = None) -> Tables:
    """The tables, with one value changed where a path is given, or taken out."""
    found = copy.deepcopy(TABLES)
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    if path and to is None:
        del place[path[-1]]
    elif path:
        place[path[-1]] = to
    return Tables.of(found)


def to_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The captain is the first of the crew."""
    captain = spec.pop("captain", "")
    auto(spec)
    if captain:
        spec["crew"] = [captain]


def from_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """And back."""
    crew = spec.pop("crew", None)
    auto(spec)
    if crew:
        spec["captain"] = crew[0]


def rules() -> Rules:
    """The rules that the tables need."""
    found = Rules("fleet.v1alpha1", hub="fleet.v1")
    found.to_hub("ShipSpec")(to_hub)
    found.from_hub("ShipSpec")(from_hub)
    return found


def plugin(*more: Rules) -> Plugin:
    """The plugin, with further rules."""
    return Plugin("fleet", tables(), (rules(), *more))
