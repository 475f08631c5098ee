"""
Sets of fields in the managedFields of custom resources, brought into the form that their CRD's schema asks for.

A list is owned as a whole unless its schema gives it the type `map` or `set`, an object in parts unless it is `atomic`
(kube-openapi, `pkg/schemaconv/openapi.go`; `structured-merge-diff/typed/reconcile_schema.go`). Below what a schema does
not describe nothing changes.
"""

from __future__ import annotations

from typing import Any

from kstore.customresource.structural import Structural
from kstore.decode.json.raw_json import RawJSON
from kstore.scheme.field_ownership import FieldOwnership
from kstore.scheme.field_sets import FieldSet, parsed, written

_OBJECT_META = "meta.v1.ObjectMeta"


def reconciled(fields: Any, schema: Structural, metadata: FieldOwnership) -> Any:
    """
    A set of fields as a server writes it; the very same where nothing is to be changed.

    Args:
        fields: what is stored.
        schema: the schema of the version that the set speaks of.
        metadata: how ObjectMeta is owned.
    """
    stored = fields if isinstance(fields, RawJSON) else None
    found = parsed(stored) if stored is not None else fields
    if not isinstance(found, dict) or not _object(schema, found, metadata, embedded=True):
        return fields
    return written(found) if stored is not None else found


def _object(schema: Structural, found: FieldSet, metadata: FieldOwnership, *, embedded: bool) -> bool:
    """What is below an object; whether something was changed, in place."""
    changed = False
    for key, below in found.items():
        if not key.startswith("f:") or not below:
            continue
        name = key[2:]
        if embedded and name == "metadata":
            changed |= metadata.of_struct(_OBJECT_META, below)
            continue
        member = schema.properties.get(name, schema.additional)
        if member is None:
            continue
        if member.whole:
            found[key] = {}
            changed = True
        else:
            changed |= _below(member, below, metadata)
    return changed


def _below(schema: Structural, found: FieldSet, metadata: FieldOwnership) -> bool:
    if schema.items is None:
        return _object(schema, found, metadata, embedded=schema.embedded)
    changed = False
    for key, below in found.items():
        if key == "." or not below:
            continue
        if schema.items.whole:
            found[key] = {}
            changed = True
        else:
            changed |= _below(schema.items, below, metadata)
    return changed
