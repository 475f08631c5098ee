"""
From conditions on group, resource, namespace and name to the keys that may meet them, so that others are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kstore.catalog.mapper import NamedResource, Place
from kstore.records import Record, Revision
from kstore.sql.asked_store import AskedStore
from kstore.store import is_housekeeping

COLUMNS: Final = ("group", "resource", "namespace", "name")
"""The columns that a key tells."""


@dataclass(frozen=True)
class Keys:
    """
    The keys that are meant: for each of the columns the values that it may have, or any where it is not named.

    Args:
        allowed: column by column.
    """

    allowed: tuple[tuple[str, frozenset[str]], ...] = ()

    @classmethod
    def of(cls, **columns: Iterable[str]) -> Keys:
        """Columns and their values, by name."""
        return cls(tuple((name, frozenset(values)) for name, values in sorted(columns.items())))

    def both(self, other: Keys) -> Keys:
        """What meets both conditions."""
        found = dict(self.allowed)
        for name, values in other.allowed:
            found[name] = found.get(name, values) & values
        return Keys.of(**found)

    def either(self, other: Keys) -> Keys:
        """What meets one of the conditions, and perhaps more."""
        mine, theirs = dict(self.allowed), dict(other.allowed)
        return Keys.of(**{name: mine[name] | theirs[name] for name in mine if name in theirs})

    def __bool__(self) -> bool:
        """Whether any key is left out."""
        return bool(self.allowed)

    def has(self, name: str, value: str) -> bool:
        """Whether a column may have a value."""
        return all(value in values for column, values in self.allowed if column == name)

    def values(self, name: str) -> list[str] | None:
        """The values that a column may have, in order; None for any."""
        return next((sorted(values) for column, values in self.allowed if column == name), None)

    def __str__(self) -> str:
        return " and ".join(f"{name} in ({', '.join(map(repr, sorted(values)))})" for name, values in self.allowed)


EVERYTHING: Final = Keys()


def prefixes(asked: AskedStore, keys: Keys) -> list[tuple[bytes, bool]] | None:
    """
    What the keys that are meant begin with, in order, and whether it is the whole key; None for the whole store.

    Raises:
        KstoreError: the store cannot be read.
    """
    if keys.has("resource", "") and keys.has("group", ""):
        return None  # what no resource keeps may be anywhere
    meant = [one for one in asked.resources if keys.has("group", one.group) and keys.has("resource", one.resource)]
    found: list[tuple[bytes, bool]] = []
    for prefix, whole in sorted({prefix for one in meant for prefix in _of_resource(asked, one, keys)}):
        if not any(prefix.startswith(other) for other, is_key in found if not is_key):
            found.append((prefix, whole))  # else it is read with the other
    return found


def _of_resource(asked: AskedStore, resource: NamedResource, keys: Keys) -> Iterator[tuple[bytes, bool]]:
    namespaces, names = keys.values("namespace"), keys.values("name")
    for root in asked.store.roots:
        top = f"{root}{resource.key_prefix}/"
        if asked.store.layout.clusters:  # which stand between the resource and its namespaces
            yield top.encode(), False
        elif not resource.namespaced:
            if namespaces is None or "" in namespaces:
                yield from _ends(top, names)
        elif namespaces is None:
            yield top.encode(), False
        else:
            for namespace in filter(None, namespaces):
                yield from _ends(f"{top}{namespace}/", names)


def _ends(prefix: str, names: list[str] | None) -> Iterator[tuple[bytes, bool]]:
    if names is None:
        yield prefix.encode(), False
    else:
        yield from ((f"{prefix}{name}".encode(), True) for name in names if name)


def records(asked: AskedStore, keys: Keys) -> Iterator[Record]:
    """Yield what is stored at the keys that are meant, and nowhere else, in key order; no housekeeping."""
    store = asked.store
    found = prefixes(asked, keys)
    if found is None:
        every = (record for record in store.records() if not is_housekeeping(record))
    else:
        every = (record for prefix, whole in found for record in _below(asked, prefix, whole=whole))
    if not keys or (found is not None and _are_exact(asked, keys, found)):
        yield from every
    else:
        yield from (record for record in every if _meant(asked.place(record.key), keys))


def _are_exact(asked: AskedStore, keys: Keys, found: list[tuple[bytes, bool]]) -> bool:
    """Whether nothing is at the prefixes but what is meant, so that no key need be looked at again."""
    if asked.store.layout.clusters or (keys.values("name") is not None and not all(whole for _, whole in found)):
        return False
    others = [
        one for one in asked.resources if not (keys.has("group", one.group) and keys.has("resource", one.resource))
    ]
    tops = [f"{root}{one.key_prefix}/".encode() for root in asked.store.roots for one in others]
    return not any(top.startswith(prefix) for top in tops for prefix, _ in found)


def _below(asked: AskedStore, prefix: bytes, *, whole: bool) -> Iterator[Record]:
    source, revision = asked.store.source, asked.store.revision
    if not whole:
        yield from source.scan(prefix, revision=revision)
        return
    record = source.get(prefix, revision=revision)
    if record is not None:
        yield record


def revisions(asked: AskedStore, keys: Keys) -> Iterator[Revision]:
    """
    Yield every revision that is held of the keys that are meant.

    Raises:
        Unsupported: this kind of store cannot list its history.
    """
    source = asked.store.source
    found = prefixes(asked, keys)
    tops = found if found is not None else [(root.encode(), False) for root in asked.store.roots]
    for prefix, whole in tops:
        for one in source.history(prefix) if whole else source.history_scan(prefix):
            if not keys or _meant(asked.place(one.record.key), keys):
                yield one


def _meant(place: Place[NamedResource] | None, keys: Keys) -> bool:
    if place is None:  # the object itself may say what its name is
        return keys.has("group", "") and keys.has("resource", "") and keys.has("namespace", "")
    return (
        keys.has("resource", place.resource.resource)
        and keys.has("group", place.resource.group)
        and keys.has("namespace", place.namespace)
        and (not place.name or keys.has("name", place.name))
    )
