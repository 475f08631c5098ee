"""
A log made by hand on top of a database: which entries count, what a condition holds, what a request says.

What a member makes of a log that it wrote itself is in `test_replay.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kstore.errors import SourceError
from kstore.source.location.demo import open_demo
from kstore.source.mvcc.reader import Mvcc
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.wal.replay import replay
from kstore.wire import delimited

from .test_segments import Segments, entry, number, state

INDEX = 5
"""The last entry that the database has."""
RESULTS = ("=", ">", "<", "!=")
"""`rpc.proto`, Compare.CompareResult."""


@pytest.fixture
def mvcc() -> Iterator[Mvcc]:
    """The demo store as that of a member which is alone."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        source.mvcc.cluster.meta[b"consistent_index"] = INDEX.to_bytes(8, "big")
        source.mvcc.cluster.meta[b"term"] = (1).to_bytes(8, "big")
        source.mvcc.cluster.meta[b"confState"] = b'{"voters":[1]}'
        yield source.mvcc


def put(key: bytes, value: bytes = b"v") -> bytes:
    """A `PutRequest`."""
    return delimited(1, key) + delimited(2, value)


def grant(lease: int, seconds: int) -> bytes:
    """A `LeaseGrantRequest`."""
    return delimited(8, number(1, seconds) + number(2, lease))


def replayed(mvcc: Mvcc, folder: Path, *requests: bytes, first: int = INDEX + 1) -> int:
    """How many of these requests, entries of a log, changed something."""
    entries = [entry(first + at, data=request) for at, request in enumerate(requests)]
    folder.mkdir(exist_ok=True)
    Segments(folder).add(0, [*entries, state(first + len(requests) - 1)])
    return replay(mvcc, folder)[0]


@pytest.mark.parametrize("first", [INDEX - 1, INDEX, INDEX + 1])
def test_what_the_database_has_is_not_done_again(mvcc: Mvcc, tmp_path: Path, first: int) -> None:
    """Of four entries those count that come after its own last one, each at the next revision."""
    before = mvcc.current_revision
    requests = [delimited(4, put(b"/entry/%d" % (first + at))) for at in range(4)]
    wanted = [b"/entry/%d" % index for index in range(INDEX + 1, first + 4)]
    assert replayed(mvcc, tmp_path, *requests, first=first) == len(wanted)
    assert [place.key for place in mvcc.view().places(mvcc.view().span(b"/entry/"))] == wanted
    assert mvcc.current_revision == before + len(wanted)


@pytest.mark.parametrize("committed", [0, 1, 3, 4])
def test_of_several_members_what_is_committed_counts(mvcc: Mvcc, tmp_path: Path, committed: int) -> None:
    """Up to the last entry that the member knows to be committed, and that one, too; the others may be taken back."""
    mvcc.cluster.meta[b"confState"] = b'{"voters":[1,2,3]}'
    entries = [entry(INDEX + 1 + at, data=delimited(4, put(b"/entry/%d" % at))) for at in range(4)]
    Segments(tmp_path).add(0, [*entries, state(INDEX + committed)])
    assert replay(mvcc, tmp_path)[0] == committed
    view = mvcc.view()
    found = [place.key for place in view.places(view.span(b"/entry/"))]
    assert found == [b"/entry/%d" % at for at in range(committed)]


def test_a_log_that_begins_too_late(mvcc: Mvcc, tmp_path: Path) -> None:
    """An entry between the database and the log is missing."""
    with pytest.raises(SourceError, match=f"brought to entry {INDEX}, the log begins with {INDEX + 2}"):
        replayed(mvcc, tmp_path, delimited(4, put(b"/x")), first=INDEX + 2)


def test_a_log_of_another_member(mvcc: Mvcc, tmp_path: Path) -> None:
    """The entry that the database has last is of another term there."""
    mvcc.cluster.meta[b"term"] = (2).to_bytes(8, "big")
    with pytest.raises(SourceError, match="not of the same member"):
        replayed(mvcc, tmp_path, delimited(4, put(b"/x")), first=INDEX)


def test_leases(mvcc: Mvcc, tmp_path: Path) -> None:
    """A lease has its id and its seconds; one that is revoked is known no more."""
    grants = [grant(700, 60), grant(701, 3600)]
    assert replayed(mvcc, tmp_path, *grants, delimited(9, number(1, 700))) == 3
    assert mvcc.cluster.granted.get(701) == 3600
    assert 700 not in mvcc.cluster.granted


def test_a_put_that_keeps_what_is_there(mvcc: Mvcc, tmp_path: Path) -> None:
    """The lease, or the value, of a key that has one; of a key that is not there nothing can be kept."""
    lease = grant(700, 60)
    leased = delimited(4, put(b"/leased", b"old") + number(3, 700))
    new_value = delimited(4, put(b"/leased", b"new") + number(6, 1))
    not_there = delimited(4, put(b"/not-there") + number(6, 1))
    no_lease = delimited(4, delimited(1, b"/leased") + number(5, 1))
    for at, (requests, changes, expected) in enumerate((
        ([lease, leased, new_value, not_there], 3, (b"new", 700)),
        ([no_lease], 1, (b"new", 0)),
    )):  # fmt: skip
        mvcc.cluster.meta[b"consistent_index"] = (INDEX + 4 * at).to_bytes(8, "big")
        assert replayed(mvcc, tmp_path / str(at), *requests, first=INDEX + 4 * at + 1) == changes
        view = mvcc.view()
        place = view.find(b"/leased")
        record = mvcc.record(*place) if place else None
        assert record is not None
        assert (record.value, record.lease) == expected
        assert view.find(b"/not-there") is None


def test_a_compaction_that_cannot_be(mvcc: Mvcc, tmp_path: Path) -> None:
    """Of revisions that are compacted already, or yet to come, none is done: as by the server, which refused it."""
    compacted, newest = mvcc.compact_revision, mvcc.current_revision
    for at, (revision, done) in enumerate(((compacted, False), (newest + 1, False), (newest, True))):
        mvcc.cluster.meta[b"consistent_index"] = (INDEX + at).to_bytes(8, "big")
        compaction = delimited(7, number(1, revision))
        assert replayed(mvcc, tmp_path / str(at), compaction, first=INDEX + at + 1) == done
        assert mvcc.compact_revision == (newest if done else compacted)


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_condition(mvcc: Mvcc, tmp_path: Path, result: str, more: int) -> None:
    """It decides which of the two sides is done."""
    view = mvcc.view()
    at = next(at for at in range(len(view)) if _version(mvcc, at) > 1)
    condition = number(1, RESULTS.index(result)) + delimited(3, view[at].key) + number(4, _version(mvcc, at) + more)
    sides = [delimited(field, delimited(2, put(key))) for field, key in ((2, b"/held"), (3, b"/did-not-hold"))]
    assert replayed(mvcc, tmp_path, delimited(6, delimited(1, condition) + b"".join(sides))) == 1
    holds = {"=": more == 0, ">": more < 0, "<": more > 0, "!=": more != 0}[result]
    view = mvcc.view()
    assert (view.find(b"/held") is not None, view.find(b"/did-not-hold") is not None) == (holds, not holds)


@pytest.mark.parametrize("holding", [0, 1, 2])
def test_several_conditions(mvcc: Mvcc, tmp_path: Path, holding: int) -> None:
    """All of them must hold, as of a batch that depends on the revisions of all its keys."""
    keys = [mvcc.view()[at].key for at in range(2)]
    versions = [_version(mvcc, at) + (at >= holding) for at in range(2)]
    conditions = [
        delimited(1, delimited(3, key) + number(4, version)) for key, version in zip(keys, versions, strict=True)
    ]
    sides = [delimited(field, delimited(2, put(key))) for field, key in ((2, b"/held"), (3, b"/did-not-hold"))]
    assert replayed(mvcc, tmp_path, delimited(6, b"".join([*conditions, *sides]))) == 1
    view = mvcc.view()
    assert (view.find(b"/held") is not None, view.find(b"/did-not-hold") is not None) == (holding == 2, holding < 2)


def _version(mvcc: Mvcc, at: int) -> int:
    record = mvcc.record(*mvcc.view()[at])
    assert record is not None
    return record.version


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize(("target", "held"), [(0, ("=",)), (1, ("=",)), (2, ("=",)), (3, ()), (4, ("=",))])
def test_a_condition_of_a_key_that_is_not_there(
    mvcc: Mvcc, tmp_path: Path, target: int, held: tuple[str, ...], result: str
) -> None:
    """Its numbers are zeroes; but it has no value, not even one that is another than the operand."""
    condition = number(1, RESULTS.index(result)) + number(2, target) + delimited(3, b"/not-there")
    sides = [delimited(field, delimited(2, put(key))) for field, key in ((2, b"/held"), (3, b"/did-not-hold"))]
    assert replayed(mvcc, tmp_path, delimited(6, delimited(1, condition) + b"".join(sides))) == 1
    assert (mvcc.view().find(b"/held") is not None) == (result in held)


@pytest.mark.parametrize(
    ("sides", "done"),
    [
        (delimited(2, delimited(3, delimited(1, b"/there"))), 1),
        (delimited(2, delimited(2, put(b"/new"))), 0),
        (delimited(2, delimited(3, delimited(1, b"/there"))) + delimited(3, delimited(2, put(b"/new"))), 0),
        (delimited(2, delimited(3, delimited(1, b"/there")) + delimited(2, put(b"/new"))), 0),
    ],
)
def test_an_alarm_for_space(mvcc: Mvcc, tmp_path: Path, sides: bytes, done: int) -> None:
    """A transaction that might put something is refused whole, whichever side it would do; deletions are done."""
    alarm = delimited(10, number(1, 1) + number(2, 1) + number(3, 1))
    assert replayed(mvcc, tmp_path, delimited(4, put(b"/there")), alarm, delimited(6, sides)) == 2 + done
    assert (mvcc.view().find(b"/there") is None) == bool(done)
    assert mvcc.view().find(b"/new") is None


def alarm(raised: bool) -> bytes:
    """NOSPACE, raised or taken back."""
    return delimited(10, number(1, 1 if raised else 2) + number(2, 1) + number(3, 1))


def test_a_full_store_grants_nothing(mvcc: Mvcc, tmp_path: Path) -> None:
    """A lease takes room as well: it is refused until the alarm is taken back."""
    requests = [alarm(True), grant(700, 60), alarm(False), grant(701, 60)]
    assert replayed(mvcc, tmp_path, *requests) == 3
    assert {700, 701} & mvcc.cluster.granted.keys() == {701}


@pytest.mark.parametrize(("seconds", "granted"), [(9_000_000_000, True), (9_000_000_001, False)])
def test_the_longest_lease(mvcc: Mvcc, tmp_path: Path, seconds: int, granted: bool) -> None:
    """A server takes a lease of just that time, and none of more."""
    assert replayed(mvcc, tmp_path, grant(700, seconds)) == granted
    assert (700 in mvcc.cluster.granted) is granted


@pytest.mark.parametrize(("behind", "done"), [(-1, False), (0, True), (1, True), (2, False)])
def test_a_transaction_that_reads_the_past(mvcc: Mvcc, tmp_path: Path, behind: int, done: bool) -> None:
    """At the compacted revision, and from there on to the newest, it can be read; else nothing is done."""
    compacted = mvcc.current_revision
    read = delimited(1, delimited(1, b"/there") + number(4, compacted + behind))
    transaction = delimited(6, delimited(2, read) + delimited(2, delimited(2, put(b"/new"))))
    requests = [delimited(7, number(1, compacted)), delimited(4, put(b"/there")), transaction]
    assert replayed(mvcc, tmp_path, *requests) == 2 + done
    assert (mvcc.view().find(b"/new") is not None) is done


def test_the_keys_of_a_lease_that_is_revoked(mvcc: Mvcc, tmp_path: Path) -> None:
    """They go in one transaction, in the order of their keys, as a server deletes them."""
    keys = [b"/leased/c", b"/leased/a", b"/leased/b"]
    puts = [delimited(4, put(key) + number(3, 700)) for key in keys]
    assert replayed(mvcc, tmp_path, grant(700, 60), *puts, delimited(9, number(1, 700))) == 5
    gone = [(one.sub, one.key) for one in mvcc.entries() if one.tombstone and one.main == mvcc.current_revision]
    assert gone == list(enumerate(sorted(keys)))
