"""
What a migration is about and how it goes, counted: by resource, from and to version.

Knows numbers; how they look is the command line's business.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from kstore.errors import KstoreError
from kstore.migrate.plan import Change, Skipped, Step, Unchanged
from kstore.naming import GroupVersionKind
from kstore.printable import key_text


@dataclass(slots=True)
class Line:
    """One kind, from one stored version to one target."""

    kind: str
    stored: str
    target: str
    changes: int = 0
    unchanged: int = 0
    skipped: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    anew: set[str] = field(default_factory=set)
    """What is written anew though the version stays: `protobuf`, `json` or `cbor`, `defaults`, `encryption`."""


@dataclass(frozen=True, slots=True)
class SkippedObject:
    """An object that was left as it is."""

    key: str
    stored: str
    error: KstoreError

    @staticmethod
    def of(key: bytes, error: KstoreError, stored: str = "") -> SkippedObject:
        """Of an error that has just been met; its traceback, which holds the object, is not kept."""
        return SkippedObject(key_text(key), stored, copy(error))

    @property
    def code(self) -> str:
        """The error's, for programs."""
        return self.error.code

    @property
    def message(self) -> str:
        """Why it was left."""
        return self.error.message

    @property
    def hint(self) -> str:
        """What to try."""
        return self.error.hint


@dataclass
class Summary:
    """The counts of all steps, and every skipped object as far as `keep` allows."""

    keep: int = 10_000
    """How many skipped objects are remembered by name; the others are counted, so that memory stays bounded."""
    lines: dict[tuple[str, str, str], Line] = field(default_factory=dict)
    skipped: list[SkippedObject] = field(default_factory=list)
    skipped_count: int = 0
    assumed: dict[str, int] = field(default_factory=dict)
    """What changes rest on that nothing in the store says -> how many do."""
    conflicts: int = 0
    """How many objects somebody else changed meanwhile, so that they were read and planned again."""

    def add(self, step: Step) -> None:
        """Count one step."""
        match step:
            case Change(record=record, stored=stored, target=target, value=value, reason=reason, assumed=assumed):
                line = self._line(stored, str(target))
                line.changes += 1
                line.bytes_before += len(record.value)
                line.bytes_after += len(value)
                if stored.api_version == str(target):
                    line.anew.add(step.media_type if reason == "encoding" else reason)
                if assumed:
                    self.assumed[assumed] = self.assumed.get(assumed, 0) + 1
            case Unchanged(stored=stored, target=target):
                self._line(stored, str(target)).unchanged += 1
            case Skipped(record=record, error=error, stored=kind):
                self.skipped_count += 1
                if kind is not None:
                    self._line(kind, "").skipped += 1
                if len(self.skipped) < self.keep:
                    self.skipped.append(SkippedObject.of(record.key, error, kind.api_version if kind else ""))

    def _line(self, stored: GroupVersionKind, target: str) -> Line:
        key = (stored.kind, stored.api_version, target)
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = Line(*key)
        return line

    @property
    def changes(self) -> int:
        """How many objects are written."""
        return sum(line.changes for line in self.lines.values())

    @property
    def unchanged(self) -> int:
        """How many objects need not be written."""
        return sum(line.unchanged for line in self.lines.values())

    @property
    def growth(self) -> int:
        """By how many bytes the values grow, all together."""
        return sum(line.bytes_after - line.bytes_before for line in self.lines.values())

    def as_json(self, hint_of: Callable[[KstoreError], str] = attrgetter("hint")) -> dict[str, Any]:
        """
        The counts as a document, the contract of `-o json`.

        Args:
            hint_of: what to try, as whoever reads it shall be told.
        """
        return {
            "changes": self.changes,
            "unchanged": self.unchanged,
            "skipped": self.skipped_count,
            "conflicts": self.conflicts,
            "bytesAdded": self.growth,
            "assumed": self.assumed,
            "resources": [
                {
                    "kind": line.kind,
                    "from": line.stored,
                    "to": line.target,
                    "changes": line.changes,
                    "unchanged": line.unchanged,
                    "skipped": line.skipped,
                    "bytesBefore": line.bytes_before,
                    "bytesAfter": line.bytes_after,
                }
                for line in self.lines.values()
            ],
            "skippedObjects": [
                {
                    "key": one.key,
                    "stored": one.stored,
                    "code": one.code,
                    "message": one.message,
                    "hint": hint_of(one.error),
                }
                for one in self.skipped
            ],
        }

    def as_metrics(self, *, finished: bool) -> str:
        """The counts in Prometheus' text format."""
        names = (("changes", "changed"), ("unchanged", "unchanged"), ("skipped", "skipped"))
        out = [
            "# HELP kstore_migration_objects Objects of the last migration, by what happened to them.",
            "# TYPE kstore_migration_objects gauge",
        ]
        for line in self.lines.values():
            labels = f'kind="{line.kind}",from="{line.stored}",to="{line.target}"'
            for member, result in names:
                out.append(f'kstore_migration_objects{{{labels},result="{result}"}} {getattr(line, member)}')
        out += [
            "# HELP kstore_migration_conflicts Objects that were changed by others meanwhile and planned again.",
            "# TYPE kstore_migration_conflicts gauge",
            f"kstore_migration_conflicts {self.conflicts}",
            "# HELP kstore_migration_finished Whether the last migration came to its end.",
            "# TYPE kstore_migration_finished gauge",
            f"kstore_migration_finished {int(finished)}",
        ]
        return "\n".join(out) + "\n"
