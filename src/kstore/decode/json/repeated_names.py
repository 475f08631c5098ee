"""
What Go makes of a JSON object in which a name comes twice, for a type: the second is read into what the first left.

An object that is no type's (`unstructured`) holds the last of equal names; a struct is filled field by field, a list
element by element, a map key by key, and null leaves what has no null. (`encoding/json/decode.go`, of which
`sigs.k8s.io/json` is a copy.) Text that Kubernetes wrote has no name twice: this is for what others have stored.
"""

from __future__ import annotations

from typing import Any

from kstore.catalog.json_layout import layout
from kstore.catalog.loader import Catalog
from kstore.catalog.types import TypeRef
from kstore.decode.json.slow_json import Earlier, Items, Members

_EMPTIED_BY_NULL = ("Time", "MicroTime", "Quantity")
"""Types whose own decoder makes null the zero value."""


def merged_members(catalog: Catalog, type_name: str, value: Members) -> Members:
    """
    An object of a type with each name once; what stands deeper, and comes but once, is not changed.

    Args:
        catalog: whose types.
        type_name: such as `apps.v1.Deployment`.
        value: as it was parsed; it is not changed.
    """
    fields = layout(catalog, type_name).members
    merged = Members()
    merged.text, merged.spans, merged.earlier = value.text, {}, []
    for name, item, span in value.occurrences():
        if name in merged and name in fields:
            item = _into(catalog, fields[name].type, merged[name], item)
        merged[name], merged.spans[name] = item, span
    return merged


def _into(catalog: Catalog, ref: TypeRef, old: Any, new: Any) -> Any:
    """The value of a field that held the old one when the new one was read."""
    if new is None:
        return None if ref.nilable or ref.name in _EMPTIED_BY_NULL else old
    if ref.form == "struct" and isinstance(old, Members) and isinstance(new, Members):
        both = Members(new)
        both.text, both.spans = new.text, dict(new.spans)
        both.earlier = [*(Earlier(*one) for one in old.occurrences()), *new.earlier]
        return merged_members(catalog, ref.name, both)
    if ref.form == "list" and ref.element is not None and isinstance(old, Items) and isinstance(new, Items):
        items = Items(_into(catalog, ref.element, *pair) for pair in zip(old, new, strict=False))
        items += new[len(items) :]
        items.text, items.spans = new.text, new.spans
        return items
    if ref.form == "map" and isinstance(old, Members) and isinstance(new, Members):
        entries = Members({**old, **new})
        entries.text, entries.spans, entries.earlier = new.text, {**old.spans, **new.spans}, []
        return entries
    return new
