"""
kine's table in an SQLite file, read as it is: K3s' `server/db/state.db`.

Knows the table `kine` (`pkg/drivers/generic`, `pkg/drivers/sqlite` of k3s-io/kine): each row is a change, its id the
revision; what a row of `compact_rev_key` says; rows that fill gaps. kine counts no versions of a key, so they are 0.
The file is never written to: with a log beside it, a copy is read.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kstore.errors import Compacted, DamagedStore, FutureRevision, NotADatabase, StoreNotFound
from kstore.records import Record, Revision, RevisionSize, prefix_end
from kstore.source.interface import Source, StoreStatus

_LARGEST = 64 << 20
"""Bytes of a value; SQLite itself takes a thousand million."""
_COLUMNS = {"id", "name", "created", "deleted", "create_revision", "prev_revision", "lease", "value"}
_NAMES = "name NOT IN ('compact_rev_key', 'compact_rev_key_apiserver') AND NOT (name LIKE 'gap-%' AND value IS NULL)"
"""The rows that are changes of keys: kine notes compactions, and fills gaps between ids (`generic.go`, `Fill`)."""
_LATEST = f"""
SELECT {{columns}} FROM kine WHERE id IN (
  SELECT MAX(id) FROM kine WHERE id <= ? AND name >= ? AND (? = '' OR name < ?) AND {_NAMES} GROUP BY name
) AND deleted = 0 ORDER BY name
"""  # noqa: S608 - of this module's own words only
_ROW = "name, value, CASE created WHEN 1 THEN id ELSE create_revision END, id, lease"
_HISTORY = f"SELECT {_ROW}, deleted FROM kine WHERE name >= ? AND (? = '' OR name < ?) AND {_NAMES} ORDER BY id"  # noqa: S608


class SqliteSource(Source):
    """
    K3s' state, or any SQLite file that kine keeps.

    Args:
        path: the file.
        shown: what the user named, if the file was unpacked from it.
        on_close: called when the source is closed: the file was unpacked to where it need not stay.

    Raises:
        NotADatabase: it is SQLite's, but has no table of kine's.
        DamagedStore: it cannot be read.
    """

    def __init__(self, path: Path, *, shown: str = "", on_close: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self._shown = shown or str(path)
        self._on_close = on_close
        self._database = _opened(path, self._shown)
        self._database.text_factory = _any_text
        self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
        try:
            with self._reading():
                found = {row[1] for row in self._database.execute("PRAGMA table_info(kine)")}
                kind = self._database.execute("SELECT type FROM sqlite_master WHERE name = 'kine'").fetchone()
                # a view is a program of whoever made the file
                if not found >= _COLUMNS or kind != ("table",):
                    raise NotADatabase("this SQLite file has no table of kine's", where=self._shown)
                self.revision: int = self._number("SELECT MAX(id) FROM kine")
                self.compact_revision: int = self._number(
                    "SELECT MAX(prev_revision) FROM kine WHERE name = 'compact_rev_key'"
                )
        except BaseException:
            self.close()
            raise

    def _number(self, query: str) -> int:
        found = self._database.execute(query).fetchone()[0] or 0
        if not isinstance(found, int):
            raise DamagedStore("kine's table holds something else where a revision belongs", where=self._shown)
        return found

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as error:
            raise DamagedStore(f"SQLite cannot read it: {error}", where=self._shown) from None
        except MemoryError:  # SQLite believes the length of a record's header, and asks for that much
            raise DamagedStore(
                "SQLite cannot read it: a record claims more bytes than there is memory", where=self._shown
            ) from None
        except UnicodeDecodeError:  # of SQLite's own message, which names what it found
            raise DamagedStore(
                "SQLite cannot read it: its schema holds bytes that are no text", where=self._shown
            ) from None

    def _check_revision(self, revision: int) -> int:
        if revision == 0:
            return self.revision
        if revision < self.compact_revision:
            raise Compacted(
                f"revision {revision} has been compacted: the oldest held is {self.compact_revision}",
                compact_revision=self.compact_revision,
                where=self._shown,
            )
        if revision > self.revision:
            raise FutureRevision(
                f"there is no revision {revision} yet: the newest is {self.revision}", where=self._shown
            )
        return revision

    def status(self) -> StoreStatus:
        """The file's revision and sizes."""
        with self._reading():
            size = self._number("SELECT page_size * page_count FROM pragma_page_size, pragma_page_count")
            free = self._number("SELECT page_size * freelist_count FROM pragma_page_size, pragma_freelist_count")
            rows = self._number("SELECT COUNT(*) FROM kine")
        return StoreStatus(
            location=self._shown,
            kind="sqlite",
            revision=self.revision,
            compact_revision=self.compact_revision,
            server_version="kine",
            size=size,
            size_in_use=size - free,
            details={"rows": str(rows)},
        )

    def _latest(self, columns: str, prefix: bytes, revision: int, start: bytes) -> Iterator[tuple[object, ...]]:
        """The rows of the live keys that begin with a prefix, in key order."""
        revision = self._check_revision(revision)
        end = prefix_end(prefix)
        last = "" if end == b"\0" else _text(end)
        with self._reading():
            yield from self._database.execute(
                _LATEST.format(columns=columns), (revision, _text(max(prefix, start)), last, last)
            )

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """Yield the live records whose key begins with `prefix`, in key order, as of one revision (see `Source`)."""
        return map(_record, self._latest(_ROW, prefix, revision, start))

    def keys(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[bytes]:
        """Yield the live keys that begin with `prefix`, in order; no value is read."""
        return (_bytes(row[0]) for row in self._latest("name", prefix, revision, start))

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """The record of exactly this key."""
        revision = self._check_revision(revision)
        query = f"SELECT {_ROW}, deleted FROM kine WHERE name = ? AND id <= ? AND {_NAMES} ORDER BY id DESC LIMIT 1"  # noqa: S608
        with self._reading():
            row = self._database.execute(query, (_text(key), revision)).fetchone()
        return None if row is None or row[-1] else _record(row)

    def history(self, key: bytes) -> Iterator[Revision]:
        """Yield what is left of the key's history, oldest first, deletions included."""
        return (each for each in self.history_scan(key) if each.record.key == key)

    def history_scan(self, prefix: bytes = b"") -> Iterator[Revision]:
        """Yield every revision of every key that begins with `prefix`, in revision order, deletions included."""
        end = prefix_end(prefix)
        last = "" if end == b"\0" else _text(end)
        live = {bytes(key) for key in self.keys(prefix, revision=self.compact_revision or 0)}
        base: dict[bytes, Revision] = {}
        with self._reading():
            for row in self._database.execute(_HISTORY, (_text(prefix), last, last)):
                record = _record(row)
                if record.mod_revision > self.compact_revision:
                    yield from _in_order(base)
                    base.clear()
                    gone = Record(record.key, b"", 0, record.mod_revision, 0)
                    yield Revision(gone, deleted=True) if row[-1] else Revision(record)
                elif not row[-1] and record.key in live:
                    base[record.key] = Revision(record)
            yield from _in_order(base)

    def history_sizes(self) -> Iterator[RevisionSize]:
        """Yield the sizes of all revisions: the value's and the key's bytes, as kine has no message around them."""
        for revision in self.history_scan():
            record = revision.record
            yield RevisionSize(record.key, record.mod_revision, len(record.key) + len(record.value), revision.deleted)

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._database.close()
        self._on_close()


def _in_order(base: dict[bytes, Revision]) -> list[Revision]:
    return sorted(base.values(), key=lambda each: each.record.mod_revision)


def _opened(path: Path, shown: str) -> sqlite3.Connection:
    """A connection that cannot write; of a copy where a log must be applied, which would write."""
    log = path.with_name(f"{path.name}-wal")
    try:
        if log.is_file() and log.stat().st_size:
            return _copied(path, log)
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreNotFound(f"cannot be opened: {error}", where=shown) from None


def _copied(path: Path, log: Path) -> sqlite3.Connection:
    """A copy with its log applied, in a temporary folder that is gone once it is open."""
    with tempfile.TemporaryDirectory(prefix="kstore-") as folder:
        copy = Path(folder, "state.db")
        shutil.copyfile(path, copy)
        shutil.copyfile(log, Path(folder, "state.db-wal"))
        connection = sqlite3.connect(copy)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA query_only=1")
        return connection


def _any_text(data: bytes) -> str:
    """SQLite promises UTF-8 and checks nothing: names and keys of a file may hold any bytes."""
    return data.decode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    """A key as SQLite compares it: text, byte by byte; what is no UTF-8 compares as the last of all."""
    return data.decode("utf-8", "surrogateescape") if data.isascii() else data.decode("utf-8", "replace")


def _bytes(value: object) -> bytes:
    """What a column holds; of a number its text, as Go hands it to kine (`database/sql/convert.go`)."""
    if isinstance(value, int | float):
        return str(value).encode()
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value or b"")  # type: ignore[call-overload]


def _record(row: tuple[object, ...]) -> Record:
    name, value, created, revision, lease = row[:5]
    return Record(_bytes(name), _bytes(value), _number(created), _number(revision), 0, _number(lease))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
