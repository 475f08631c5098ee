"""
What `--as` changed in an object, said on standard error: first by defaulting, then by conversion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.errors import KstoreError
from kstore.printable import key_text

if TYPE_CHECKING:
    from kstore.codec import StoredObject
    from kstore.differences import Difference
    from kstore.store import Store

_MOST: Final = 30
"""Changes that are listed of each sort."""
_LONGEST: Final = 60
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}


def say_what_changed(store: Store, read: StoredObject, obj: dict[str, Any]) -> None:
    """
    Print a line for each field that defaulting set and conversion changed.

    Args:
        store: to default the object in its own version.
        read: the object as it is stored.
        obj: as it has become.
    """
    try:
        defaulted = store.as_version(read, read.gvk.group_version)
    except KstoreError:
        defaulted = read.object
    changes = (
        ("defaulted", list(_changes(store, read.object, defaulted))),
        ("converted", list(_changes(store, defaulted, obj))),
    )
    key = key_text(read.record.key)
    say = [f"kstore: {key}: {read.gvk.api_version} as {obj.get('apiVersion')}"]
    for word, found in changes:
        say += [f"  {word}: {_worded(change)}" for change in found[:_MOST]]
        if len(found) > _MOST:
            say.append(f"  {word}: and {len(found) - _MOST} more")
    if len(say) == 1:
        say[0] += ": nothing changed"
    click.echo("\n".join(say), err=True)


def _changes(store: Store, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """What differs, Secrets' values hidden."""
    from kstore.differences import object_differences
    from kstore.naming import gvk
    from kstore.view.mask import masked

    name = gvk(str(new.get("apiVersion", "")), str(new.get("kind", "")))
    catalog = store.codec.scheme.catalog
    type_name = catalog.kind(name).type if catalog.has_kind(name) else None
    for change in object_differences(masked(dict(old)), masked(dict(new)), type_name, catalog):
        if change.path not in ("apiVersion", "kind"):
            yield change


def _worded(change: Difference) -> str:
    values = {
        "added": lambda: _short(change.new),
        "removed": lambda: _short(change.old),
        "changed": lambda: f"{_short(change.old)} -> {_short(change.new)}",
    }
    return f"{_SIGNS[change.kind]} {change.path}: {values[change.kind]()}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
