"""
`metadata.managedFields` as a server writes them at an update that changes nothing.

Ported from `apimachinery/pkg/util/managedfields/internal` (managedfields.go, fieldmanager.go) and
`structured-merge-diff/merge/update.go`: entries are decoded into a map by manager and encoded again in one order; where
one of them cannot be decoded all are dropped, and so are those of versions that the server does not have.

Where more than ten managers have updated an object, the oldest are merged. What a set of fields becomes is
`field_ownership.py`'s business, and how it is written `field_sets.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from kstore.decode.json import go_json
from kstore.decode.json.raw_json import RawJSON
from kstore.scheme.field_sets import FieldSet, parsed, settled, union, written

Entry = dict[str, Any]

_IDENTITY = ("manager", "operation", "apiVersion", "subresource")
_MOST_UPDATERS = 10
"""Entries of updates that an object keeps (`managedfields/internal/fieldmanager.go`, DefaultMaxUpdateManagers)."""
_ANCIENT = "ancient-changes"
"""The manager that the oldest are merged into."""
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
    return sorted(_capped([_reconciled(entry, reconciled) for entry in kept]), key=_order)


def _reconciled(entry: Entry, reconciled: Callable[[str, Any], Any]) -> Entry:
    fields = entry.get("fieldsV1")
    found = reconciled(entry["apiVersion"], settled(fields))
    return entry if found is fields else {**entry, "fieldsV1": found}


def _capped(entries: list[Entry]) -> list[Entry]:
    """
    The entries, the oldest of more than ten that updates have made merged into one for each version.

    `managedfields/internal/capmanagers.go`, capUpdateManagers: the first of a version stays by itself until a second is
    merged with it; the time is that of the last.
    """
    updates = sorted((entry for entry in entries if entry["operation"] == "Update"), key=_age)
    kept = {_identity(entry): entry for entry in entries}
    oldest: dict[str, Entry] = {}
    for entry in updates:
        if sum(one["operation"] == "Update" for one in kept.values()) <= _MOST_UPDATERS:
            break
        first = oldest.setdefault(entry["apiVersion"], entry)
        if first is entry:
            continue
        bucket = {"manager": _ANCIENT, "operation": "Update", "apiVersion": entry["apiVersion"]}
        name = _identity(bucket)
        if name not in kept:
            kept[name] = kept.pop(_identity(first))
        fields = union(_set_of(kept[name]), _set_of(entry))
        kept[name] = {**bucket, "time": entry.get("time"), "fieldsType": "FieldsV1", "fieldsV1": written(fields)}
        del kept[_identity(entry)]  # even if it is the bucket itself, as upstream
    return list(kept.values())


def _age(entry: Entry) -> tuple[float, str]:
    """Oldest first; of one second, by the text that upstream tells managers apart by (BuildManagerIdentifier)."""
    named = {name: entry[name] for name in _IDENTITY if entry.get(name)}
    return _seconds(entry.get("time")), go_json.dumps(named).decode("utf-8", "surrogatepass")


def _set_of(entry: Entry) -> FieldSet:
    fields = entry.get("fieldsV1")
    return (parsed(fields) if isinstance(fields, RawJSON) else fields) or {}


def can_be_read(entries: list[Entry]) -> bool:
    """Whether a server can read them (DecodeManagedFields); where it cannot read one it drops all."""
    return all(
        entry.get("operation") in _OPERATIONS
        and entry.get("apiVersion")
        and entry.get("fieldsType") == "FieldsV1"
        and (entry.get("fieldsV1") is None or settled(entry["fieldsV1"]) is not None)
        for entry in entries
    )


def _is_empty(entry: Entry) -> bool:
    found = settled(entry.get("fieldsV1"))
    return not found or (isinstance(found, RawJSON) and found.data == b"{}")


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
