"""
The journal: whole, torn, damaged.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kstore.errors import JournalError
from kstore.migrate.journal import Batch, Entry, Journal, JournalWriter

from .conftest import MemoryStore


@pytest.fixture
def changes(planner, shop: MemoryStore):
    return [step for step in planner.plan(shop.scan()) if hasattr(step, "value")]


@pytest.fixture
def written(changes, tmp_path):
    """A journal of a done batch, an undone one and an open one."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {"store": "memory"})
    writer.done(writer.begin(changes[:2]), 9)
    writer.undone(writer.begin(changes[2:3]), "conflict")
    writer.begin(changes[3:5])
    writer.close()
    return path


def test_what_was_written_is_read(written, changes):
    """Batches with their ends, and every object as it was."""
    journal = Journal(written)
    assert journal.header["store"] == "memory"
    assert list(journal.batches()) == [
        Batch(1, tuple(map(Entry.of, changes[:2])), 9),
        Batch(2, tuple(map(Entry.of, changes[2:3])), 0),
        Batch(3, tuple(map(Entry.of, changes[3:5]))),
    ]
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_torn_last_line_never_was(written, changes):
    """Whatever of the last line a crash left, the rest is read, and writing goes on behind it."""
    whole = written.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in (last, last + 1, len(whole) - 1):
        written.write_bytes(whole[:cut])
        assert [batch.number for batch in Journal(written).batches()] == [1, 2]
        writer = JournalWriter(written, None)
        writer.done(writer.begin(changes[5:6]), 12)
        writer.close()
        assert [(batch.number, batch.revision) for batch in Journal(written).batches()] == [(1, 9), (2, 0), (3, 12)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_damage_is_found(written, data):
    """A byte that flips anywhere but in the last line is an error that names the line, never another content."""
    whole = written.read_bytes()
    place = data.draw(st.integers(0, whole.rstrip(b"\n").rfind(b"\n") - 1))
    path = written.with_name("damaged")
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(JournalError):
        list(Journal(path).batches())


def test_what_is_no_journal(tmp_path):
    """No file, another file, a later version, a name that is taken."""
    with pytest.raises(JournalError, match="no such journal"):
        Journal(tmp_path / "none")
    other = tmp_path / "other"
    for text in ("hello\n", "hello\nthere\n"):
        other.write_text(text)
        with pytest.raises(JournalError, match="no journal"):
            Journal(other)
    JournalWriter(tmp_path / "taken", {}).close()
    with pytest.raises(JournalError, match="already"):
        JournalWriter(tmp_path / "taken", {})
    with pytest.raises(JournalError):
        JournalWriter(tmp_path / "none", None)


def test_a_journal_has_one_writer(written):
    """While a migration goes on, nobody else resumes it or rolls it back; afterwards everybody may."""
    first = JournalWriter(written, None)
    with pytest.raises(JournalError, match="another kstore is writing"):
        JournalWriter(written, None)
    first.close()
    JournalWriter(written, None).close()
