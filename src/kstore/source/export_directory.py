"""
A directory that `kstore export` wrote, as a store: one file of stored bytes an object, and an index.

Knows the layout, below; its reader and writer live together. Knows nothing of what the bytes mean: the readable text
that may be beside them is handed in, and never read back.

    export.json               what was exported: revision, leases, how many objects, the index's SHA-256
    index.jsonl               a line an object, in key order: key, file, revisions, lease, size, SHA-256
    objects/registry/pods/default/web.stored    the bytes as etcd had them
    objects/registry/pods/default/web.yaml      the same for people
    other/compact_rev_key.stored                keys that do not begin with a slash
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote_from_bytes

from kstore.errors import Compacted, DamagedStore, FutureRevision, NotADatabase, SourceError, WriteRefused
from kstore.new_file import NewFolder
from kstore.records import Record
from kstore.regular_file import read_regular
from kstore.source.bbolt.database import Damage
from kstore.source.interface import Source, StoreStatus
from kstore.source.lines_by_key import LineChanged, LinesByKey
from kstore.source.mvcc.view import Place, View

FORMAT, VERSION = "kstore-export", 1
HEADER, INDEX = "export.json", "index.jsonl"
STORED, TEXT = ".stored", ".yaml"
_OBJECTS, _OTHER = "objects", "other"
_TOP = (HEADER, INDEX, _OBJECTS, _OTHER)
"""All that lies directly in an export."""
_LONGEST_NAME = 200
"""File systems take 255 bytes; what is longer is cut, and told apart by its hash."""
LARGEST_HEADER, LARGEST_ROW, LARGEST_VALUE = 64 << 20, 1 << 20, 64 << 20
"""
Bytes of the description (with the leases of a large cluster's events), of a line of the index, and of a stored value:
etcd takes 1.5 MiB a request unless it is told otherwise.
"""
_NUMBERS = ("create_revision", "mod_revision", "version", "lease")
_MEMBERS = {"key": str, "key_b64": str, "file": str, "sha256": str, "size": int, **dict.fromkeys(_NUMBERS, int)}
"""What a line of the index says, `key_b64` only of a key that is not UTF-8."""
_HIGHEST = (1 << 63) - 1
"""Of a revision, a version and a lease: etcd has them as int64."""


def is_export(path: Path) -> bool:
    """Whether a directory says that it is an export."""
    return (path / HEADER).is_file()


# ---- writing


class DirectoryWriter:
    """
    Writes an export, as a context manager; the directory appears whole, when all went well, or not at all.

    Readable by its owner only: a store holds secrets.

    Args:
        path: the directory; it must not be there, or be empty.
        status: what the store says of itself, with the revision that is exported.
        leases: the store's leases and their granted seconds.

    Raises:
        WriteRefused: the directory has something in it.
        SourceError: it cannot be written.
    """

    def __init__(self, path: Path, status: StoreStatus, leases: Mapping[int, int]) -> None:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise WriteRefused("this directory already exists", where=str(path), hint="name a new directory")
        self.path = path
        self._status = status
        self._leases = leases
        self.count = 0
        self._digest = hashlib.sha256()
        self._folders: set[str] = set()
        try:
            self._folder = NewFolder(path, _TOP)
        except BlockingIOError as taken:
            raise WriteRefused(str(taken.strerror), where=str(path), hint="name another directory") from None
        except OSError as error:
            raise SourceError(f"cannot be written: {error.strerror}", where=str(path)) from error
        try:
            self._index = self._create(INDEX)
        except OSError as error:
            self._folder.close()
            raise SourceError(f"cannot be written: {error.strerror}", where=str(path)) from error

    def add(self, record: Record, *, text: str = "", about: Mapping[str, Any] | None = None) -> None:
        """
        Write one record; they come in key order.

        Args:
            record: with its value as stored.
            text: the object for people, in YAML; none if empty.
            about: what else the index shall say of it.
        """
        try:
            name = self._add_file(file_name(record.key), STORED, record.value)
            row = {
                **_key_fields(record.key),
                "file": name,
                "create_revision": record.create_revision,
                "mod_revision": record.mod_revision,
                "version": record.version,
                "lease": record.lease,
                "size": len(record.value),
                "sha256": hashlib.sha256(record.value).hexdigest(),
                **(about or {}),
            }
            if text:
                row["yaml"] = self._add_file(name.removesuffix(STORED), TEXT, text.encode())
            line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
            self._digest.update(line)
            self._index.write(line)
        except OSError as error:
            raise SourceError(f"cannot be written: {error.strerror}", where=str(self.path)) from error
        self.count += 1

    def _add_file(self, stem: str, ending: str, content: bytes) -> str:
        """Write a file of that name, or of one like it where a file system cannot tell two apart."""
        folder = stem.rpartition("/")[0]
        if folder not in self._folders:
            (self._folder.unfinished / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folders.add(folder)
        name, number = stem + ending, 1
        while True:
            try:
                with self._create(name) as file:
                    file.write(content)
            except FileExistsError:
                number += 1
                name = f"{stem}~{number}{ending}"
                continue
            return name

    def _create(self, name: str) -> BinaryIO:
        descriptor = os.open(self._folder.unfinished / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(descriptor, "wb")

    def _finish(self) -> None:
        self._index.close()
        status = self._status
        header = {
            "format": FORMAT,
            "format_version": VERSION,
            "source": status.location,
            "source_kind": status.kind,
            "server_version": status.server_version,
            "revision": status.revision,
            "objects": self.count,
            "index_sha256": self._digest.hexdigest(),
            "leases": {str(lease): seconds for lease, seconds in self._leases.items()},
        }
        with self._create(HEADER) as file:
            file.write(json.dumps(header, indent=2, ensure_ascii=False).encode() + b"\n")
        self._folder.publish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except OSError as failure:
            raise SourceError(f"cannot be written: {failure.strerror}", where=str(self.path)) from failure
        finally:
            with suppress(OSError):  # there may be no room for what it still holds
                self._index.close()
            self._folder.close()


def _key_fields(key: bytes) -> dict[str, str]:
    """The key as text, and its bytes too where it is none."""
    try:
        return {"key": key.decode()}
    except UnicodeDecodeError:
        return {"key": key.decode(errors="backslashreplace"), "key_b64": base64.b64encode(key).decode()}


def file_name(key: bytes) -> str:
    """The file for a key, without ending: the key itself, but for what a path cannot hold."""
    top, rest = (_OBJECTS, key[1:]) if key.startswith(b"/") else (_OTHER, key)
    *folders, last = [_segment(segment) for segment in rest.split(b"/")]
    # a folder must not be called as a file is
    folders = [f"{name}~" if name.endswith((STORED, TEXT)) else name for name in folders]
    return "/".join([top, *folders, last])


def _segment(segment: bytes) -> str:
    name = quote_from_bytes(segment, safe=":@=+,") or "%"
    if set(name) == {"."}:
        name = name.replace(".", "%2E")
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 20]}~{hashlib.sha256(segment).hexdigest()[:16]}"
    return name


# ---- reading


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the index."""

    record: Record
    """Without its value."""
    file: str
    size: int
    sha256: str


class DirectorySource(Source):
    """
    An export, read as it is and never written; only the revision that was exported is there.

    Args:
        path: the directory.
        salvage: go round files that are not as they were exported and note it in `damage`, instead of raising.

    Raises:
        NotADatabase: the directory is no export.
        DamagedStore: it is, but its index is not as it was written.
    """

    def __init__(self, path: Path, *, salvage: bool = False) -> None:
        self.path = path
        self._salvage = salvage
        self._damage: dict[str, Damage] = {}
        self._header = _read_header(path)
        self._size = 0
        try:
            self._index = LinesByKey(path / INDEX, LARGEST_ROW)
            self._places = self._read_index()
        except OSError as error:
            raise DamagedStore(f"the index cannot be read: {error.strerror}", where=str(path / INDEX)) from error

    def _read_index(self) -> View:
        """Hold the index to what is known of it; where the row of each key is."""
        rows = 0
        digest = hashlib.sha256()
        for number, (at, line) in enumerate(self._index.lines(), 1):
            digest.update(line)
            try:
                row = _row(line)
            except ValueError as error:
                self._fault(f"line {number} of the index cannot be read: {error}", INDEX)
            else:
                rows += 1
                self._size += row.size
                self._index.note(row.record.key, at, line)
            if len(line) == LARGEST_ROW:  # what is behind is no index
                break
        if digest.hexdigest() != self._header.get("index_sha256"):
            self._fault("the index is not as it was written: its SHA-256 is another", INDEX)
        if rows != self._header.get("objects", rows):
            self._fault(f"the index names {rows} objects, {self._header['objects']} were exported", INDEX)
        return self._index.in_order()

    def _fault(self, message: str, name: str) -> None:
        if not self._salvage:
            raise DamagedStore(message, where=str(self.path / name), hint="salvage reads what is left")
        self._damage[f"{name}: {message}"] = Damage(0, f"{name}: {message}", name)

    @property
    def damage(self) -> list[Damage]:
        """What could not be read so far, when salvaging."""
        return list(self._damage.values())

    @property
    def revision(self) -> int:
        """The revision that was exported."""
        return int(self._header.get("revision", 0))

    def status(self) -> StoreStatus:
        """What the export says of the store it was made of."""
        header = self._header
        return StoreStatus(
            location=str(self.path),
            kind="directory",
            revision=self.revision,
            compact_revision=self.revision,
            server_version=str(header.get("server_version", "")),
            size=self._size,
            details={"exported from": f"{header.get('source', '')} ({header.get('source_kind', '')})"},
        )

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """Yield the records whose key begins with `prefix`, in key order (see `Source`)."""
        for place in self._places.places(self._span(prefix, revision, start)):
            record = self._record(place)
            if record is not None:
                yield record

    def keys(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[bytes]:
        """Yield the keys that begin with `prefix`, in order; no value is read."""
        return chain.from_iterable(self._places.keys(self._span(prefix, revision, start)))

    def _span(self, prefix: bytes, revision: int, start: bytes) -> range:
        self._check_revision(revision)
        return self._places.span(prefix, start)

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """The record of exactly this key."""
        self._check_revision(revision)
        place = self._places.find(key)
        return place and self._record(place)

    def count(self, prefix: bytes = b"", *, revision: int = 0) -> int:
        """The number of keys that begin with `prefix`."""
        return len(self._span(prefix, revision, b""))

    def leases(self) -> dict[int, int]:
        """The leases and their granted time to live, in seconds."""
        try:
            return {int(lease): int(seconds) for lease, seconds in dict(self._header.get("leases") or {}).items()}
        except (ValueError, TypeError):
            self._fault("its leases cannot be read", HEADER)
            return {}

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _check_revision(self, revision: int) -> None:
        if revision in (0, self.revision):
            return
        if revision < self.revision:
            raise Compacted(
                f"an export holds one revision, {self.revision}", compact_revision=self.revision, where=str(self.path)
            )
        raise FutureRevision(f"the export is of revision {self.revision}", where=str(self.path))

    def _record(self, place: Place) -> Record | None:
        """The record with its value, which must be what was exported; None when that has been noted."""
        try:
            row = _row(self._index.at(place))
        except LineChanged:
            self._fault("the index has changed since it was read", INDEX)
            return None
        except OSError as error:
            self._fault(f"the index cannot be read: {error.strerror}", INDEX)
            return None
        try:
            value = read_regular(self.path / row.file, LARGEST_VALUE)
        except OSError as error:
            self._fault(f"cannot be read: {error.strerror}", row.file)
            return None
        if hashlib.sha256(value).hexdigest() != row.sha256:
            self._fault("the stored bytes are not those that were exported: their SHA-256 is another", row.file)
            return None
        return row.record._replace(value=value)


def _read_header(path: Path) -> dict[str, Any]:
    where = str(path / HEADER)
    try:
        header = json.loads(read_regular(path / HEADER, LARGEST_HEADER))
    except FileNotFoundError:
        raise NotADatabase(
            "this directory is neither an export of kstore nor an etcd data directory",
            where=str(path),
            hint=f"an export has {HEADER}, a data directory has member/snap/db",
        ) from None
    except OSError as error:
        raise DamagedStore(f"the export's description cannot be read: {error.strerror}", where=where) from None
    except (ValueError, RecursionError) as error:
        raise DamagedStore(f"the export's description is not JSON: {error}", where=where) from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise NotADatabase(f"this file does not say that the directory is a {FORMAT}", where=where)
    if header.get("format_version") != VERSION:
        raise NotADatabase(f"an export of format {header.get('format_version')}; known is {VERSION}", where=where)
    if not _is_number(header.get("revision")):
        raise DamagedStore("the export's description names no revision", where=where)
    return header


def _row(line: bytes) -> _Row:
    """
    A line of the index.

    Raises:
        ValueError: it is none; the text says why, and quotes nothing of it but names.
    """
    if len(line) == LARGEST_ROW:
        raise ValueError(f"it is longer than {LARGEST_ROW} bytes")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    for name, kind in _MEMBERS.items():
        if name in found and not isinstance(found[name], kind):
            raise ValueError(f"its `{name}` is {type(found[name]).__name__}, expected is {kind.__name__}")
        if name not in found and name != "key_b64":
            raise ValueError(f"it has no `{name}`")
    for name in (*_NUMBERS, "size"):
        if not _is_number(abs(found[name]) if name == "lease" else found[name]):
            raise ValueError(f"its `{name}` is no number that etcd has")
    path = PurePosixPath(found["file"])
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("its `file` is outside the export")
    if "\0" in found["file"]:
        raise ValueError("its `file` holds a NUL, which no file's name does")
    key = base64.b64decode(found["key_b64"], validate=True) if "key_b64" in found else found["key"].encode()
    if not key:
        raise ValueError("its `key` is empty")
    numbers = [found[name] for name in _NUMBERS]
    return _Row(Record(key, b"", *numbers), str(path), found["size"], found["sha256"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _HIGHEST


__all__ = [
    "LARGEST_HEADER",
    "LARGEST_ROW",
    "LARGEST_VALUE",
    "DirectorySource",
    "DirectoryWriter",
    "file_name",
    "is_export",
]
