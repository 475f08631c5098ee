"""
What a change does to its object, field by field, for people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kstore.codec import StorageCodec, StoredObject
from kstore.decode.json.raw_json import plain
from kstore.differences import ADDED, Difference, object_differences
from kstore.errors import KstoreError
from kstore.migrate.plan import Change, Step
from kstore.printable import key_text

_LONGEST = 100
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """One object's change."""

    key: str
    stored: str
    target: str
    reason: str
    bytes_before: int
    bytes_after: int
    differences: tuple[tuple[Difference, bool], ...]
    """Each with whether it is a default that was filled in."""
    pruned: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The change as part of the `-o json` document."""
        return {
            "key": self.key,
            "from": self.stored,
            "to": self.target,
            "reason": self.reason,
            "bytesBefore": self.bytes_before,
            "bytesAfter": self.bytes_after,
            "pruned": list(self.pruned),
            "differences": [
                {"path": one.path, "kind": one.kind, "old": one.old, "new": one.new, "default": default}
                for one, default in self.differences
            ],
        }

    def lines(self) -> Iterator[str]:
        """The change as text: the object, then a line a field."""
        yield f"{self.key}: {self.stored} -> {self.target}, {self.bytes_before} -> {self.bytes_after} bytes\n"
        if self.reason == "assumed-version":
            yield f"  ! {self.stored} has left the CRD: read as the version that was assumed\n"
        for one, default in self.differences:
            match one.kind:
                case "added":
                    yield f"  + {one.path}: {_short(one.new)}{'  (default)' if default else ''}\n"
                case "removed":
                    yield f"  - {one.path}: {_short(one.old)}\n"
                case _:
                    yield f"  ~ {one.path}: {_short(one.old)} -> {_short(one.new)}\n"
        if not self.differences:
            yield f"  the same fields, other bytes ({self.reason})\n"


def difference_of(
    step: Step, codec: StorageCodec, hide: Callable[[dict[str, Any]], dict[str, Any]] = lambda obj: obj
) -> ObjectDiff | None:
    """
    What a step changes; None for a step that changes nothing.

    Args:
        step: of a plan.
        codec: the plan's.
        hide: gives an object without what is not to be shown.
    """
    if not isinstance(step, Change):
        return None
    before = codec.read(step.record)
    after = codec.read(step.record._replace(value=step.value))
    found: list[tuple[Difference, bool]] = []
    if isinstance(before, StoredObject) and isinstance(after, StoredObject):
        old, new = hide(before.object), hide(after.object)
        scheme = codec.scheme
        type_name = scheme.kind(after.gvk).type if scheme.catalog.has_kind(after.gvk) else None
        defaulted = _defaulted(before, codec)
        found = [
            (one, one.kind == ADDED and _holds(defaulted, one))
            for one in object_differences(old, new, type_name, scheme.catalog)
        ]
    return ObjectDiff(
        key=key_text(step.record.key),
        stored=step.stored.api_version,
        target=str(step.target),
        reason=step.reason,
        bytes_before=len(step.record.value),
        bytes_after=len(step.value),
        differences=tuple(found),
        pruned=step.pruned,
    )


def _defaulted(before: StoredObject, codec: StorageCodec) -> dict[str, Difference]:
    """What defaulting alone adds to the object, in the version that it is stored in."""
    try:
        filled = codec.as_version(before, before.gvk.group_version)
    except KstoreError:
        return {}
    type_name = codec.scheme.kind(before.gvk).type
    found = object_differences(before.object, filled, type_name, codec.scheme.catalog)
    return {one.path: one for one in found if one.kind == ADDED}


def _holds(defaulted: dict[str, Difference], one: Difference) -> bool:
    """Whether defaulting added the field, by itself or with what it stands in."""
    path = one.path
    while path:
        found = defaulted.get(path)
        if found is not None:
            return path != one.path or found.new == one.new
        path = path.rpartition(".")[0]
    return False


def _short(value: Any) -> str:
    text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
