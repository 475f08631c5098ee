"""K3s' SQLite: kine's table read as kine reads it, history included, and never written to."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from kstore.cli.main import run
from kstore.errors import Compacted, DamagedStore, FutureRevision, NotADatabase, SourceError
from kstore.records import Record
from kstore.source.location.address import open_source
from kstore.source.sqlite.source import SqliteSource

TABLE = """
CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, created INTEGER, deleted INTEGER,
  create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)
"""
A, B, C = "/registry/configmaps/default/a", "/registry/configmaps/default/b", "/registry/pods/default/c"
ROWS = [
    (1, "compact_rev_key", 1, 0, 0, 3, 0, b"", None),
    (2, A, 1, 0, 0, 0, 0, b"a1", None),
    (3, B, 1, 0, 0, 0, 0, b"b1", None),
    (4, A, 0, 0, 2, 2, 0, b"a2", b"a1"),
    (5, "gap-5", 0, 1, 0, 0, 0, None, None),
    (6, B, 0, 1, 3, 3, 0, b"b1", b"b1"),
    (7, C, 1, 0, 0, 0, 60, b"c1", None),
    (8, B, 1, 0, 0, 6, 0, b"b2", None),
    (9, "compact_rev_key_apiserver", 1, 0, 0, 0, 0, b"x", None),
]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A small state.db, as kine leaves it."""
    return write(tmp_path / "state.db")


def write(path: Path) -> Path:
    """A file with the rows."""
    with sqlite3.connect(path) as database:
        database.execute(TABLE)
        database.executemany("INSERT INTO kine VALUES (?,?,?,?,?,?,?,?,?)", ROWS)
    database.close()
    return path


@pytest.fixture
def source(state: Path) -> Iterator[SqliteSource]:
    """It, open."""
    with open_source(str(state)) as opened:
        assert isinstance(opened, SqliteSource)
        yield opened


NOW = [
    Record(A.encode(), b"a2", 2, 4, 0),
    Record(B.encode(), b"b2", 8, 8, 0),
    Record(C.encode(), b"c1", 7, 7, 0, 60),
]


def test_what_is_live(source: SqliteSource) -> None:
    """The newest row of each key that is not deleted, in order; kine's own rows are no keys."""
    assert list(source.scan()) == NOW
    assert list(source.keys(b"/registry/configmaps/")) == [A.encode(), B.encode()]
    assert list(source.scan(b"/registry/", start=C.encode())) == NOW[2:]
    assert source.get(A.encode()) == NOW[0]
    assert source.get(b"/none") is None
    assert source.get(b"compact_rev_key") is None
    assert source.count() == 3
    status = source.status()
    assert (status.kind, status.revision, status.compact_revision) == ("sqlite", 9, 3)


def test_as_of_a_revision(source: SqliteSource) -> None:
    """Any revision that was not compacted."""
    assert list(source.scan(revision=6)) == [NOW[0]]
    assert [record.value for record in source.scan(revision=4)] == [b"a2", b"b1"]
    assert source.get(B.encode(), revision=6) is None
    with pytest.raises(Compacted):
        list(source.scan(revision=2))
    with pytest.raises(FutureRevision):
        list(source.scan(revision=10))


def test_history(source: SqliteSource) -> None:
    """What is left of each key since the compaction, deletions included, in the order of revisions."""
    found = [(each.record.key.decode(), each.record.mod_revision, each.deleted) for each in source.history_scan()]
    assert found == [(A, 2, False), (B, 3, False), (A, 4, False), (B, 6, True), (C, 7, False), (B, 8, False)]
    assert [each.record.value for each in source.history(B.encode())] == [b"b1", b"", b"b2"]
    assert len(list(source.history_sizes())) == 6


@pytest.mark.parametrize(("key", "changes"), [(A, ["created", "changed"]), (B, ["created", "deleted", "created"])])
def test_what_was_created(state: Path, key: str, changes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """kine keeps no versions, whose first says so elsewhere."""
    run(["--store", str(state), "history", key, "-o", "json"])
    assert [one["change"] for one in json.loads(capsys.readouterr().out)["revisions"]] == changes


def test_reading_never_writes(state: Path) -> None:
    """Neither the file nor anything beside it changes."""
    before = state.read_bytes()
    with open_source(str(state)) as opened:
        list(opened.scan())
    assert state.read_bytes() == before
    assert list(state.parent.iterdir()) == [state]


def test_with_a_log_beside_it(tmp_path: Path) -> None:
    """A state.db of a K3s that was killed has its last changes in the log; they are read, and nothing is written."""
    live = tmp_path / "live.db"
    database = sqlite3.connect(live)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA wal_autocheckpoint=0")
    database.execute(TABLE)
    database.executemany("INSERT INTO kine VALUES (?,?,?,?,?,?,?,?,?)", ROWS)
    database.commit()
    folder = tmp_path / "copy"
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{live}{suffix}", folder / f"state.db{suffix}")
    database.close()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with open_source(str(folder / "state.db")) as opened:
        assert list(opened.scan()) == NOW
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_compressed_and_in_a_folder(state: Path, tmp_path: Path) -> None:
    """state.db.gz, and K3s' `server` folder."""
    (tmp_path / "copy.gz").write_bytes(gzip.compress(state.read_bytes()))
    with open_source(str(tmp_path / "copy.gz")) as opened:
        assert list(opened.scan()) == NOW
    folder = tmp_path / "k3s" / "server" / "db"
    folder.mkdir(parents=True)
    shutil.copy(state, folder / "state.db")
    for place in (folder, folder.parent, folder.parents[1]):
        with open_source(str(place)) as opened:
            assert list(opened.scan()) == NOW


def test_other_files(tmp_path: Path) -> None:
    """SQLite's file without kine's table, and one that is damaged."""
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    with pytest.raises(NotADatabase):
        open_source(str(tmp_path / "other.db"))
    path = write(tmp_path / "torn.db")
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000)
    with pytest.raises((DamagedStore, SourceError)):
        open_source(str(path))


def changed(path: Path, statement: str) -> Path:
    """A file with the rows, changed."""
    with sqlite3.connect(write(path)) as database:
        database.execute(statement)
    database.close()
    return path


def test_keys_of_any_bytes(tmp_path: Path) -> None:
    """SQLite does not check that text is UTF-8, and etcd's keys need not be."""
    path = changed(tmp_path / "state.db", "UPDATE kine SET name = CAST(x'2f61ff62' AS TEXT) WHERE id = 7")
    with open_source(str(path)) as source:
        assert next(iter(source.keys())) == b"/a\xffb"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kine SET prev_revision = 'three' WHERE id = 1",
        "UPDATE kine SET prev_revision = x'ff' WHERE id = 1",
    ],
)
def test_revisions_that_are_none(statement: str, tmp_path: Path) -> None:
    """A column's type binds nothing in SQLite."""
    path = changed(tmp_path / "state.db", statement)
    with pytest.raises(DamagedStore, match="where a revision belongs"):
        open_source(str(path))


def test_a_schema_of_any_bytes(tmp_path: Path) -> None:
    """SQLite's message names what it found there, which Python then cannot read."""
    path = write(tmp_path / "state.db")
    content = path.read_bytes().replace(b"tablekinekine", b"tablek\xff\xbfekine")
    path.write_bytes(content.replace(b"CREATE TABLE kine (id", b"CREATE TABLE kin( (id"))
    with pytest.raises(DamagedStore, match="its schema holds bytes that are no text"):
        open_source(str(path))


def test_a_record_that_claims_everything(tmp_path: Path) -> None:
    """SQLite asks for as much memory as a record says that it has bytes, and there is not so much."""
    state = changed(tmp_path / "state.db", f"INSERT INTO kine VALUES (10, '{C}', 0, 0, 7, 7, 0, zeroblob(300), NULL)")
    whole = state.read_bytes()
    cell = whole.index(b"\0" + C.encode() + b"\7\7") - 13  # its size (two bytes), its number, and eleven of types
    assert whole[cell + 2 : cell + 5] == b"\x0a\x0b\0"
    state.write_bytes(whole[:cell] + b"\x82" + b"\xff" * 8 + b"\xa2" + whole[cell + 10 :])
    with pytest.raises(DamagedStore, match="claims more bytes than there is memory"):
        open_source(str(state))


def test_what_was_gone_at_the_compaction_has_no_history(tmp_path: Path) -> None:
    """Rows that kine has not removed yet are no base for it; what lived then has its newest row, and all after it."""
    path = tmp_path / "state.db"
    rows = [
        (1, "compact_rev_key", 1, 0, 0, 6, 0, b"", None),
        (2, A, 1, 0, 0, 0, 0, b"a1", None),
        (3, B, 1, 0, 0, 0, 0, b"b1", None),
        (4, A, 0, 1, 2, 2, 0, b"a1", b"a1"),
        (5, B, 0, 0, 3, 3, 0, b"b2", b"b1"),
        (6, C, 1, 0, 0, 0, 0, b"c1", None),
        (7, A, 1, 0, 0, 4, 0, b"a2", None),
    ]
    with sqlite3.connect(path) as database:
        database.execute(TABLE)
        database.executemany("INSERT INTO kine VALUES (?,?,?,?,?,?,?,?,?)", rows)
    database.close()
    with open_source(str(path)) as source:
        found = [(one.record.key.decode(), one.record.value, one.record.mod_revision) for one in source.history_scan()]
        assert found == [(B, b"b2", 5), (C, b"c1", 6), (A, b"a2", 7)]
        assert [one.record.mod_revision for one in source.history(A.encode())] == [7]


def test_a_key_that_is_called_as_a_gap(state: Path) -> None:
    """A row that fills a gap has no value; a key of such a name is a key like any other."""
    with sqlite3.connect(state) as database:
        database.execute("INSERT INTO kine VALUES (10, 'gap-x', 1, 0, 0, 0, 0, ?, NULL)", (b"v",))
    database.close()
    with SqliteSource(state) as source:
        assert list(source.scan(b"gap-")) == [Record(b"gap-x", b"v", 10, 10, 0)]
        assert source.get(b"gap-x") is not None
        assert source.get(b"gap-5") is None
        assert [one.record.key for one in source.history_scan(b"gap-")] == [b"gap-x"]


def test_what_is_free_is_not_in_use(state: Path) -> None:
    """Pages that deleted rows have left count for the file's size alone."""
    with sqlite3.connect(state) as database:
        database.execute("INSERT INTO kine VALUES (10, 'large', 1, 0, 0, 0, 0, ?, NULL)", (bytes(100_000),))
        database.commit()
        database.execute("DELETE FROM kine WHERE id = 10")
    database.close()
    with SqliteSource(state) as source:
        status = source.status()
    assert status.size == state.stat().st_size > 100_000
    assert status.size_in_use < 50_000


@pytest.mark.parametrize(
    ("stored", "read"), [(5, b"5"), (-7, b"-7"), (1 << 40, b"1099511627776"), (1.5, b"1.5"), (None, b""), ("t", b"t")]
)
def test_a_value_of_another_type(state: Path, stored: object, read: bytes) -> None:
    """SQLite keeps whatever it is given: a number is its text, as kine would serve it, and no such count of zeroes."""
    with sqlite3.connect(state) as database:
        database.execute("UPDATE kine SET value = ? WHERE id = 8", (stored,))
    database.close()
    with open_source(str(state)) as source:
        record = source.get(B.encode())
        assert record is not None
        assert record.value == read
        assert read in [one.record.value for one in source.history_scan(b"/registry/")]
