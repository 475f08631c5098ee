"""
managedFields of custom resources by their CRD's schema; `tests/e2e/test_aged_definitions.py` asks the real servers.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import newest
from kstore.customresource.field_ownership import reconciled
from kstore.customresource.structural import Structural
from kstore.decode.json.raw_json import RawJSON
from kstore.scheme.field_ownership import FieldOwnership

NAMED = {"type": "object", "properties": {"name": {"type": "string"}, "length": {"type": "integer"}}}
LISTED = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "type": "array"}
SCHEMA = Structural.of(
    {
        "type": "object",
        "properties": {
            "tails": {"type": "array", "items": NAMED},
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "lines": {**LISTED, "items": NAMED},
            "bars": {**LISTED, "items": {**NAMED, "x-kubernetes-map-type": "atomic"}},
            "frame": {**NAMED, "x-kubernetes-map-type": "atomic"},
            "free": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        },
    }
)
ELEMENT = {'k:{"name":"a"}': {".": {}, "f:length": {}}}


def result(fields: dict[str, Any]) -> Any:
    """The set that becomes of one; None where it is left as it is, to the very object."""
    stored = RawJSON(json.dumps(fields, separators=(",", ":")).encode())
    found = reconciled(stored, SCHEMA, FieldOwnership(Catalog(newest())))
    return None if found is stored else json.loads(found.data)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"f:tails": ELEMENT}, {"f:tails": {}}),
        ({"f:frame": {"f:length": {}}}, {"f:frame": {}}),
        ({"f:bars": {".": {}, **ELEMENT}}, {"f:bars": {".": {}, 'k:{"name":"a"}': {}}}),
        ({"f:free": {"f:x": {".": {}, "i:0": {}}}}, {"f:free": {"f:x": {}}}),
        (
            {"f:metadata": {"f:ownerReferences": {'k:{"uid":"u"}': {".": {}, "f:name": {}}}}},
            {"f:metadata": {"f:ownerReferences": {'k:{"uid":"u"}': {}}}},
        ),
    ],
)
def test_the_whole_is_owned(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    """Whoever owned a part owns the whole; done twice nothing more changes."""
    assert result(fields) == expected
    assert result(expected) is None


@pytest.mark.parametrize(
    "fields",
    [{"f:tags": {".": {}, 'v:"x"': {}}}, {"f:lines": ELEMENT}, {"f:unknown": {"f:x": {}}}, {"f:tails": {}}],
)
def test_parts_stay(fields: dict[str, Any]) -> None:
    """What the schema owns in parts, or does not know, is left."""
    assert result(fields) is None
