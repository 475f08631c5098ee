"""
`metadata.managedFields` as a server writes them at an update that changes nothing.

Ported from `apimachinery/pkg/util/managedfields/internal` (managedfields.go, fieldmanager.go) and
`structured-merge-diff/merge/update.go`: entries are decoded into a map by manager and encoded again in one order; where
one of them cannot be decoded all are dropped, and so are those of versions that the server does not have.

What a set of fields becomes is `field_ownership.py`'s business. Not ported: that the oldest of more than ten updating
managers are merged (docs/reference/as-served.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kstore.decode.json.raw_json import RawJSON

Entry = dict[str, Any]

_IDENTITY = ("manager", "operation", "apiVersion", "subresource")
_OPERATIONS = ("Apply", "Update")


def settled_entries(
    entries: list[Entry],
    serves: Callable[[str], bool],
    reconciled: Callable[[str, Any], Any] = lambda _, fields: fields,
) -> list[Entry]:
    """
    The entries that a server writes back for those that it has read.

    Args:
        entries: as they are stored.
        serves: whether the server has the object's kind in a version, given as `group/version`.
        reconciled: a set of fields as the server's schema of that version owns it.
    """
    if not can_be_read(entries):
        return []
    by_manager: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        by_manager[_identity(entry)] = entry
    kept = [entry for entry in by_manager.values() if serves(entry["apiVersion"]) and not _is_empty(entry)]
    return sorted((_reconciled(entry, reconciled) for entry in kept), key=_order)


def _reconciled(entry: Entry, reconciled: Callable[[str, Any], Any]) -> Entry:
    fields = entry.get("fieldsV1")
    settled = reconciled(entry["apiVersion"], fields)
    return entry if settled is fields else {**entry, "fieldsV1": settled}


def can_be_read(entries: list[Entry]) -> bool:
    """Whether a server can read them (DecodeManagedFields); where it cannot read one it drops all."""
    return all(
        entry.get("operation") in _OPERATIONS
        and entry.get("apiVersion")
        and entry.get("fieldsType") == "FieldsV1"
        and isinstance(_fields(entry), dict)
        for entry in entries
    )


def _fields(entry: Entry) -> Any:
    """The set of fields as parsed JSON; None where it is none."""
    stored = entry.get("fieldsV1")
    if stored is None:
        return {}
    if not isinstance(stored, RawJSON):
        return stored
    if stored.data.startswith(b'{"'):  # what servers write: parsed only where it says nothing
        return {"": None}
    try:
        return json.loads(stored.data)
    except ValueError:
        return None


def _is_empty(entry: Entry) -> bool:
    return not _fields(entry)


def _identity(entry: Entry) -> tuple[Any, ...]:
    """What an entry is told apart by; an applying manager has one entry, whichever version it speaks of."""
    applies = entry.get("operation") == "Apply"
    return tuple("" if applies and name == "apiVersion" else entry.get(name) or "" for name in _IDENTITY)


def _order(entry: Entry) -> tuple[Any, ...]:
    """Operation, time, manager, version, subresource (sortEncodedManagedFields)."""
    names = ("manager", "apiVersion", "subresource")
    return entry["operation"], _seconds(entry.get("time")), *((entry.get(name) or "").encode() for name in names)


def _seconds(time: Any) -> float:
    if not time:
        return 0
    return datetime.fromisoformat(str(time)).timestamp()
