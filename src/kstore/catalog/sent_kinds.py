"""
The kinds that are sent and never stored: Status, DeleteOptions, AdmissionReview, WatchEvent and others.

They are in a table of their own, read only by who may be given such a value, as `kstore decode`: in a store none of
them is expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kstore.catalog.tables import read_table
from kstore.naming import GroupVersionKind

WATCH_EVENT = GroupVersionKind("", "v1", "WatchEvent")
"""The one kind without a type of its own in its bytes: its envelope and its JSON name neither version nor kind."""


@dataclass(frozen=True)
class SentKinds:
    """The kinds as rows of the tables, and the types that no other table has."""

    kinds: tuple[dict[str, Any], ...]
    types: Mapping[str, Mapping[str, Any]]
    """Package (`sent.meta.v1`) -> struct (`Status`) -> its row."""


def sent_kinds(group_versions: Iterable[tuple[str, str]]) -> SentKinds:
    """
    The kinds that are sent, those among them that every version of every group has (DeleteOptions) spread out.

    Args:
        group_versions: the groups and their versions (`apimachinery/pkg/apis/meta/v1/register.go`, AddToGroupVersion).
    """
    table = _table()
    everywhere = [
        {"group": group, "version": version, "kind": kind, "type": name}
        for group, version in group_versions
        for kind, name in table["everywhere"].items()
    ]
    types: dict[str, dict[str, Any]] = {}
    for name, row in table["types"].items():
        package, _, struct = name.rpartition(".")
        types.setdefault(package, {})[struct] = row
    return SentKinds((*table["kinds"], *everywhere), types)


def is_watch_event(obj: Mapping[str, Any]) -> bool:
    """Whether parsed JSON is a WatchEvent, which says so by its two members alone (`meta/v1/watch.go`)."""
    return obj.keys() == {"type", "object"} and isinstance(obj["type"], str) and bool(obj["type"])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    found: dict[str, Any] = read_table("sent.json")
    return found
