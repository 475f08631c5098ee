"""
The columns of objects, revisions and findings: name, type, meaning, and what of an object each one needs.

Knows values; how they become Arrow is `arrow.py`'s business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kstore.codec import StoredObject, Undecodable
from kstore.decode.json.raw_json import RawJSON
from kstore.decode.projection import Projection
from kstore.errors import EncodeError
from kstore.inspect.clock import newest_time, parse_time
from kstore.records import Record
from kstore.sql.asked_store import AskedStore
from kstore.view.json_text import to_json_line
from kstore.view.mask import shown

Path = tuple[str, ...]
Read = StoredObject | Undecodable
Value = Callable[[Any], Any]

STRING, INTEGER, BOOLEAN, TIME, MAP, STRINGS, JSON, PLACES = (
    "string", "int64", "bool", "timestamp", "map<string, string>", "list<string>", "json",
    "list<struct<key: string, detail: string>>",
)  # fmt: skip
"""The types of columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    meaning: str
    value: Value
    """Of a row of the table."""
    needs: tuple[Path, ...] = ()
    """What of an object must be decoded for it; the empty path is all of it."""

    @property
    def member(self) -> Path | None:
        """Where a column of JSON is in an object, which may be read in part; None for other columns."""
        return self.needs[0] if self.type == JSON and len(self.needs) == 1 else None


class Row:
    """
    One stored value, or one revision of it: what a column is computed of.

    Args:
        asked: the store that it was read from.
        read: the object, or why it cannot be read; None where a revision deleted the key.
        record: key and revisions.
    """

    __slots__ = ("_metadata", "_place", "_shown", "_text", "asked", "read", "record")

    _metadata: dict[str, Any]
    _place: Mapping[str, str]
    _shown: dict[str, Any]
    _text: str

    def __init__(self, asked: AskedStore, read: Read | None, record: Record) -> None:
        self.asked = asked
        self.read = read
        self.record = record

    @property
    def stored(self) -> StoredObject | None:
        """The object, where there is one that could be read."""
        return self.read if isinstance(self.read, StoredObject) else None

    @property
    def place(self) -> Mapping[str, str]:
        """`resource`, `group`, `namespace` and `name`, as far as the key tells them."""
        try:
            return self._place
        except AttributeError:
            place = self.asked.place(self.record.key)
            self._place = (
                {} if place is None else {
                    "resource": place.resource.resource, "group": place.resource.group,
                    "namespace": place.namespace, "name": place.name, "cluster": place.cluster,
                }
            )  # fmt: skip
            return self._place

    @property
    def shown(self) -> dict[str, Any]:
        """The object as it is shown, Secrets masked unless asked for; empty for what cannot be read."""
        try:
            return self._shown
        except AttributeError:
            self._shown = {}
            if (stored := self.stored) is not None:
                self._shown = shown(
                    stored.object,
                    key=stored.record.key,
                    resource_version=stored.record.mod_revision,
                    secrets=self.asked.secrets,
                    managed_fields=True,
                )
            return self._shown

    @property
    def metadata(self) -> dict[str, Any]:
        """The object's metadata; empty where it has none."""
        try:
            return self._metadata
        except AttributeError:
            found = self.shown.get("metadata")
            self._metadata = found if isinstance(found, dict) else {}
            return self._metadata

    @property
    def text(self) -> str:
        """
        The object as JSON on one line.

        Raises:
            EncodeError: it has no such form.
        """
        try:
            return self._text
        except AttributeError:
            self._text = to_json_line(self.shown).rstrip("\n")
            return self._text


def text_of(value: Any) -> str:
    """A value that should be text; empty for what is none."""
    value = value.value if type(value) is RawJSON else value
    return value if isinstance(value, str) else ""


def _of_place(name: str) -> Value:
    def value(row: Row) -> str:
        found = row.place.get(name, "")
        return found or (text_of(row.metadata.get("name")) if name == "name" else "")

    return value


def _of_record(name: str) -> Value:
    return lambda row: getattr(row.record, name)


def _metadata_text(name: str) -> Value:
    return lambda row: text_of(row.metadata.get(name)) if row.stored else None


def _map(name: str) -> Value:
    def value(row: Row) -> list[tuple[str, str]] | None:
        if row.stored is None:
            return None
        found = row.metadata.get(name)
        return [(str(key), text_of(item)) for key, item in found.items()] if isinstance(found, dict) else []

    return value


def _entries(row: Row) -> list[dict[str, Any]]:
    entries = row.metadata.get("managedFields")
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _managers(row: Row) -> list[str] | None:
    if row.stored is None:
        return None
    return list(dict.fromkeys(text_of(one.get("manager")) for one in _entries(row)))


def _last_manager(row: Row) -> str | None:
    newest = max(_entries(row), key=lambda one: text_of(one.get("time")), default=None)
    return text_of(newest.get("manager")) if newest else None


def _error(row: Row) -> str | None:
    read = row.read
    return f"{read.error.code}: {read.error}" if isinstance(read, Undecodable) else None


def json_text(value: Any) -> str | None:
    """A value as JSON on one line; None for None, and for what has no JSON form."""
    try:
        return None if value is None else to_json_line(value).rstrip("\n")
    except EncodeError:
        return None


def _encryption(row: Row) -> str:
    header = row.read.encryption_header if row.read is not None else None
    return "" if header is None else str(header)


def _whole(row: Row) -> str | None:
    try:
        return row.text if row.stored else None
    except EncodeError:
        return None


def member_column(name: str, meaning: str) -> Column:
    """A member of an object, as JSON."""
    return Column(name, JSON, meaning, lambda row: json_text(row.shown.get(name)), ((name,),))


_NAME: Final = ("metadata", "name")
_MANAGED: Final = ("metadata", "managedFields")
_CREATED: Final = ("metadata", "creationTimestamp")

OBJECTS: Final = (
    Column("store", STRING, "The store's address.", lambda row: row.asked.address),
    Column("store_revision", INTEGER, "The revision at which it was read.", lambda row: row.asked.revision),
    Column("key", STRING, "The key in etcd.", lambda row: row.record.key.decode(errors="backslashreplace")),
    Column("resource", STRING, "Such as `deployments`; empty for what no resource keeps.", _of_place("resource")),
    Column("group", STRING, "The API group; empty for the core group.", _of_place("group")),
    Column("namespace", STRING, "Empty for cluster-scoped objects.", _of_place("namespace")),
    Column("name", STRING, "The object's name.", _of_place("name"), (_NAME,)),
    Column("stored_version", STRING, "The apiVersion it is stored in.",
           lambda row: row.read.gvk.api_version if row.stored else None),
    Column("kind", STRING, "Its kind.", lambda row: row.read.gvk.kind if row.stored else None),
    Column("uid", STRING, "metadata.uid.", _metadata_text("uid"), (("metadata", "uid"),)),
    Column("created", STRING, "metadata.creationTimestamp.", _metadata_text("creationTimestamp"), (_CREATED,)),
    Column("labels", MAP, "metadata.labels.", _map("labels"), (("metadata", "labels"),)),
    Column("encoding", STRING, "`protobuf`, `json` or `cbor`; empty for what cannot be read.",
           lambda row: row.read.encoding if row.stored else ""),
    Column("encryption", STRING, "Provider and key that it is encrypted with.", lambda row: _encryption(row)),
    Column("size", INTEGER, "Bytes of the stored value.", lambda row: len(row.record.value)),
    Column("sha256", STRING, "Of the stored value, in hex.",
           lambda row: hashlib.sha256(row.record.value).hexdigest()),
    Column("create_revision", INTEGER, "The revision that created it.", _of_record("create_revision")),
    Column("mod_revision", INTEGER, "The revision that changed it last.", _of_record("mod_revision")),
    Column("version", INTEGER, "How often it was changed.", _of_record("version")),
    Column("lease", INTEGER, "The lease that will delete it; 0 for none.", _of_record("lease")),
    Column("error", STRING, "Why it cannot be read; null for what can.", _error),
    Column("object", JSON, "The object as JSON in its stored version; null for what cannot be read.",
           lambda row: _whole(row), ((),)),
    Column("created_at", TIME, "metadata.creationTimestamp, as a time.",
           lambda row: parse_time(text_of(row.metadata.get("creationTimestamp"))), (_CREATED,)),
    Column("changed_at", TIME, "The newest time in its metadata: about when it was changed last.",
           lambda row: parse_time(newest_time(row.metadata)), (_CREATED, ("metadata", "deletionTimestamp"), _MANAGED)),
    Column("annotations", MAP, "metadata.annotations.", _map("annotations"), (("metadata", "annotations"),)),
    Column("managers", STRINGS, "The managers in metadata.managedFields.", _managers, (_MANAGED,)),
    Column("last_manager", STRING, "The manager that wrote last, as managedFields tell.", _last_manager, (_MANAGED,)),
    Column("cluster", STRING, "The logical cluster of a kcp; empty in other stores.", _of_place("cluster")),
    Column("owner_references", JSON, "metadata.ownerReferences.",
           lambda row: json_text(row.metadata.get("ownerReferences")), (("metadata", "ownerReferences"),)),
)  # fmt: skip
"""The columns of `objects`, in order. A contract: columns are added, never changed."""

MEMBERS: Final = (
    member_column("metadata", "metadata, as JSON."),
    member_column("spec", "spec, as JSON."),
    member_column("status", "status, as JSON."),
)
"""What a table of one resource has beside the columns of `objects`; it also has the other members of its type."""

REVISIONS: Final = (
    Column("change", STRING, "`created`, `changed` or `deleted`.", lambda row: change_of(row)),
    *OBJECTS,
)
"""The columns of `history`."""


def change_of(row: Row) -> str:
    """What a revision did to its key."""
    if row.read is None:
        return "deleted"
    # kine keeps no version, which would be 1
    return "created" if row.record.create_revision == row.record.mod_revision else "changed"


def projection_of(columns: Iterable[Column], narrowed: Mapping[str, Sequence[Path]]) -> Projection:
    """
    What of each object the columns need.

    Args:
        columns: those that are computed.
        narrowed: for a column of JSON by its name in lower case, the only paths in it that are looked at.
    """
    paths: list[Path] = []
    for column in columns:
        below = narrowed.get(column.name.lower())
        if below is None or column.member is None:
            paths += column.needs
        else:
            paths += [(*column.member, *path) for path in below]
    return Projection.of(paths)
