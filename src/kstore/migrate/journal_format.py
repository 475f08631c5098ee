"""
The lines of a journal: what each says, as it is written and as it is read.

A line is a JSON object, a tab, and the CRC-32 of the object's text in hex. The first says what the file is and how the
migration was asked for; the others are of the kinds in `LINES`, each named by its first member. What they mean is in
`docs/reference/journal.md`. Knows nothing of files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kstore.migrate.plan import Change
from kstore.naming import GroupVersionKind
from kstore.write.compare_and_swap import KeyChange

FORMAT, VERSION = "kstore-journal", 1
HEADER = {
    "format": str, "version": int, "created": str, "kstore": str, "store": str, "cluster": str, "prefix": str,
    "revision": int, "output": str, "plan": str, "planSHA256": str, "request": dict, "move": dict,
}  # fmt: skip
"""The members of the first line; all but `format` and `version` may be missing."""
LINES: dict[str, dict[str, type]] = {
    "batch": {"objects": list},
    "done": {"revision": int, "revisions": list},
    "undone": {"reason": str},
    "finished": {
        "written": int, "unchanged": int, "skipped": int, "conflicts": int, "lines": int, "sha256": str,
    },
    "rollingBack": {},
    "rolledBack": {"restored": int, "lines": int, "sha256": str},
}  # fmt: skip
"""The other lines: the member that names the kind, and those beside it."""
OPTIONAL = {"revisions", "written", "unchanged", "skipped", "conflicts", "lines", "sha256"}
"""The members that a line may lack: `done` has one revision or many, and older journals have no totals."""
ENDS = ("finished", "rolledBack")
"""The lines that end a journal: they count and hash all lines before them."""
OBJECT: dict[str, type] = {
    "key": bytes, "modRevision": int, "createRevision": int, "version": int, "lease": int, "before": bytes,
    "afterSHA256": str, "kind": str, "from": str, "to": str,
}  # fmt: skip
"""The members of an object in `batch`; bytes are in base64."""

_NAMED_BY_NUMBER = ("batch", "done", "undone")
_NAMES = {str: "a text", int: "a number", list: "a list", dict: "an object", bytes: "base64"}
_BITS = 63
"""etcd's revisions, versions and leases are int64."""


class MalformedLine(ValueError):
    """A line that is not as described; the text says what is wrong, and quotes no value."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a batch."""

    key: bytes
    mod_revision: int
    """What the key's revision was, on which the write depended; 0 where it was not there."""
    create_revision: int
    version: int
    lease: int
    before: bytes = field(repr=False)
    """The bytes as they were stored."""
    after: str
    """The SHA-256 of the bytes that were to be stored, in hex; empty where the key was to be deleted."""
    stored: str
    """What it was stored as: `apps/v1beta1`; empty for nothing, or for what cannot be told."""
    target: str
    """What it was to be stored as; empty likewise."""
    kind: str

    @staticmethod
    def of(change: Change) -> Entry:
        """What the journal keeps of a change."""
        record = change.record
        return Entry(
            record.key, record.mod_revision, record.create_revision, record.version, record.lease, record.value,
            digest(change.value), change.stored.api_version, str(change.target), change.stored.kind,
        )  # fmt: skip

    @staticmethod
    def of_key(change: KeyChange, stored: GroupVersionKind | None, target: GroupVersionKind | None) -> Entry:
        """
        What the journal keeps of the change of one key.

        Args:
            change: a key that is put, changed or deleted.
            stored: what it holds; None for nothing, or for what cannot be told.
            target: what it will hold; None likewise.
        """
        old = change.before
        revisions = (old.mod_revision, old.create_revision, old.version) if old else (0, 0, 0)
        kind = stored or target
        return Entry(
            change.key, *revisions, change.lease, old.value if old else b"",
            "" if change.value is None else digest(change.value), stored.api_version if stored else "",
            target.api_version if target else "", kind.kind if kind else "",
        )  # fmt: skip

    @property
    def deletes(self) -> bool:
        """Whether the key is deleted."""
        return not self.after

    @property
    def creates(self) -> bool:
        """Whether nothing was stored under the key."""
        return not self.mod_revision


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction: its objects, and what is known of its end."""

    number: int
    entries: tuple[Entry, ...]
    revision: int | None = None
    """The revision that wrote it; 0 when it did not happen; None when the journal ends before that was known."""
    revisions: tuple[int, ...] = ()
    """The revision of each object, where they differ (offline each change has one of its own)."""
    reason: str = ""
    """Why it did not happen, if that is known."""

    def revision_of(self, index: int) -> int:
        """The revision that wrote one of the objects."""
        return self.revisions[index] if self.revisions else self.revision or 0


@dataclass(frozen=True, slots=True)
class Note:
    """A line that is about the whole migration."""

    name: str
    """`finished`, `rollingBack`, `rolledBack`."""
    facts: Mapping[str, Any]
    """The line's members; that of its own name is the time."""

    @property
    def is_end(self) -> bool:
        """Whether it counts and hashes the lines before it, so that a missing one is noticed."""
        return self.name in ENDS and "lines" in self.facts and "sha256" in self.facts


def digest(value: bytes) -> str:
    """The SHA-256 of stored bytes, as the journal has it."""
    return hashlib.sha256(value).hexdigest()


# ---- a line's text


def as_line(members: Mapping[str, Any]) -> bytes:
    """The text of a line, with its checksum and line feed."""
    import orjson

    text = orjson.dumps(members)
    return text + b"\t%08x\n" % zlib.crc32(text)


def is_whole(line: bytes) -> bool:
    """Whether a line has its line feed and the right checksum."""
    text, tab, checksum = line.rstrip(b"\n").rpartition(b"\t")
    return line.endswith(b"\n") and bool(tab) and checksum == b"%08x" % zlib.crc32(text)


def parsed(line: bytes) -> dict[str, Any]:
    """
    The members of a line that is whole.

    Raises:
        MalformedLine: it is no JSON object.
    """
    import orjson

    try:
        found = orjson.loads(line.rpartition(b"\t")[0])
    except orjson.JSONDecodeError as error:
        raise MalformedLine(f"it is not JSON: {error.msg}") from None
    if not isinstance(found, dict):
        raise MalformedLine(f"it is {_name_of(found)}, not an object")
    return found


# ---- its members


def check_header(members: Mapping[str, Any]) -> None:
    """
    See that the first line has the members that it needs, each of its kind.

    Raises:
        MalformedLine: it has not.
    """
    check(members, HEADER, HEADER.keys() - {"format", "version"})


def kind_of(members: Mapping[str, Any]) -> str:
    """
    What a line after the first is, its members held to their kinds.

    Raises:
        MalformedLine: it is none that is known, or not as described.
    """
    kind = next(iter(members), "")
    if kind not in LINES:
        raise MalformedLine(f"it is none of {', '.join(LINES)}")
    own = int if kind in _NAMED_BY_NUMBER else str
    check(members, {kind: own, **LINES[kind]}, OPTIONAL)
    return kind


def check(members: Mapping[str, Any], expected: Mapping[str, type], optional: Iterable[str] = ()) -> None:
    """
    Hold the members of a line to their kinds; more of them than expected are no fault.

    Raises:
        MalformedLine: one is missing, or of another kind.
    """
    for name, kind in expected.items():
        if name not in members:
            if name in optional:
                continue
            raise MalformedLine(f"it has no `{name}`")
        value = members[name]
        written = str if kind is bytes else kind
        if not isinstance(value, written) or isinstance(value, bool):
            raise MalformedLine(f"its `{name}` is {_name_of(value)}, expected is {_NAMES[kind]}")
        if isinstance(value, int) and value.bit_length() > _BITS:
            raise MalformedLine(f"its `{name}` is no number that etcd has")


def objects_of(members: Mapping[str, Any]) -> tuple[Entry, ...]:
    """
    The objects of a `batch`.

    Raises:
        MalformedLine: one is not as described.
    """
    entries = []
    for place, found in enumerate(members["objects"]):
        try:
            if not isinstance(found, dict):
                raise MalformedLine(f"it is {_name_of(found)}, not an object")
            entries.append(_unpacked(found))
        except MalformedLine as error:
            raise MalformedLine(f"objects[{place}]: {error}") from None
    return tuple(entries)


def revisions_of(members: Mapping[str, Any], count: int) -> tuple[int, ...]:
    """
    The revisions of a `done` line for so many objects; none where it has one for all.

    Raises:
        MalformedLine: they are no numbers, or not as many.
    """
    found = members.get("revisions", [])
    if not all(type(one) is int and one.bit_length() <= _BITS for one in found):
        raise MalformedLine("its `revisions` are not all numbers")
    if found and len(found) != count:
        raise MalformedLine(f"it has {len(found)} `revisions` for {count} objects")
    return tuple(found)


def packed(entry: Entry) -> dict[str, Any]:
    """An object as a line has it."""
    return {
        "key": base64.b64encode(entry.key).decode(),
        "modRevision": entry.mod_revision,
        "createRevision": entry.create_revision,
        "version": entry.version,
        "lease": entry.lease,
        "before": base64.b64encode(entry.before).decode(),
        "afterSHA256": entry.after,
        "kind": entry.kind,
        "from": entry.stored,
        "to": entry.target,
    }


def _unpacked(members: Mapping[str, Any]) -> Entry:
    check(members, OBJECT)
    return Entry(
        from_base64(members, "key"), members["modRevision"], members["createRevision"], members["version"],
        members["lease"], from_base64(members, "before"), members["afterSHA256"], members["from"], members["to"],
        members["kind"],
    )  # fmt: skip


def from_base64(members: Mapping[str, Any], name: str) -> bytes:
    """
    The bytes of a member.

    Raises:
        MalformedLine: it is no base64.
    """
    try:
        return base64.b64decode(members[name], validate=True)
    except (binascii.Error, ValueError):
        raise MalformedLine(f"its `{name}` is not base64") from None


def _name_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    return _NAMES.get(type(value), "a number with a point")
