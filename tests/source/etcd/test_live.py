"""A running etcd as a store: reading at one revision, writing by compare-and-swap, history, watching."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest
from tests.patience import SECONDS
from tools.cluster import Etcd

from kstore.errors import (
    Compacted,
    Conflict,
    FutureRevision,
    NoSpace,
    RequestTooLarge,
    StoreUnreachable,
    UsageError,
)
from kstore.records import Delete, Progress, Put, Revision
from kstore.source.etcd.live import LiveSource
from kstore.source.interface import WritableSource

pytestmark = pytest.mark.etcd


def fill(store: WritableSource, keys: list[bytes], value: bytes = b"value") -> int:
    """Create keys, 100 a transaction; the last revision."""
    revision = 0
    for start in range(0, len(keys), 100):
        done = store.commit([Put(key, value, 0) for key in keys[start : start + 100]])
        assert done.succeeded
        revision = done.revision
    return revision


def names(count: int, prefix: bytes = b"/registry/pods/ns/") -> list[bytes]:
    """Keys in order."""
    return [prefix + b"%06d" % number for number in range(count)]


# ---- reading


def test_the_first_record(live: LiveSource) -> None:
    """The first of a prefix from a key on, as a scan has it; None beyond the last."""
    fill(live, [b"/a/1", b"/a/2", b"/b", b"c"])
    for prefix, start in ((b"", b""), (b"/", b"/a/2"), (b"/a/", b"/a/1\0"), (b"/a/", b"/a/3"), (b"/d", b"")):
        assert live.first(prefix, start=start) == next(iter(live.scan(prefix, start=start)), None)


def test_a_scan_is_in_order_and_whole(live: LiveSource) -> None:
    """A scan over several pages yields every key of the prefix once, in key order, and no neighbour of it."""
    keys = names(2500)
    fill(live, [*keys, b"/registry/podsx", b"/registry/pod"])
    assert [record.key for record in live.scan(b"/registry/pods/")] == keys
    assert [record.key for record in live.scan()] == [b"/registry/pod", *keys, b"/registry/podsx"]


def test_a_scan_sees_one_revision(live: LiveSource) -> None:
    """What is written, changed and deleted after the first record came is not seen by that scan."""
    keys = names(1500)
    fill(live, keys, b"old")
    scan = live.scan(b"/registry/")
    first = next(scan)
    changed = live.get(keys[-1])
    live.commit([Put(keys[-1], b"new", changed.mod_revision), Delete(keys[-2], live.get(keys[-2]).mod_revision)])
    live.commit([Put(b"/registry/zzz", b"new", 0)])
    records = [first, *scan]
    assert [record.key for record in records] == keys
    assert {record.value for record in records} == {b"old"}


def test_keys(live: LiveSource) -> None:
    """The keys alone are those of the records, over more than one page, from `start` on."""
    keys = names(6000)
    fill(live, keys)
    assert list(live.keys()) == keys == [record.key for record in live.scan()]
    assert list(live.keys(start=keys[5990])) == keys[5990:]


def test_start_and_empty_values(live: LiveSource) -> None:
    """A scan begins at `start`, inclusive; values may be empty or any bytes."""
    live.commit([Put(b"/a/1", b"", 0), Put(b"/a/2", bytes(range(256)), 0), Put(b"/a/3", b"x", 0)])
    assert [(r.key, r.value) for r in live.scan(b"/a/", start=b"/a/2")] == [
        (b"/a/2", bytes(range(256))),
        (b"/a/3", b"x"),
    ]
    with pytest.raises(UsageError):
        list(live.scan(b"/a/", start=b"/b"))


def test_keys_beyond_ascii(live: LiveSource) -> None:
    """Keys of any bytes, even of the highest, are part of the whole store."""
    keys = [b"\x00\x01", b"\xff", b"\xff\xff"]
    fill(live, keys)
    assert [record.key for record in live.scan()] == keys
    assert [record.key for record in live.scan(b"\xff")] == keys[1:]


def test_earlier_revisions(live: LiveSource) -> None:
    """A scan, a get and a count as of an earlier revision are what the store was then."""
    first = live.commit([Put(b"/a", b"1", 0), Put(b"/b", b"1", 0)]).revision
    live.commit([Put(b"/a", b"2", first), Delete(b"/b", first)])
    assert [(r.key, r.value) for r in live.scan(revision=first)] == [(b"/a", b"1"), (b"/b", b"1")]
    assert live.get(b"/b", revision=first).value == b"1"
    assert live.get(b"/b") is None
    assert (live.count(), live.count(revision=first), live.count(b"/b")) == (1, 2, 0)


def test_revisions_that_are_not_held(live: LiveSource) -> None:
    """A compacted revision and one that has not come yet are told apart."""
    revision = fill(live, names(300))
    live.client.compact(revision)
    with pytest.raises(Compacted):
        list(live.scan(revision=2))
    with pytest.raises(Compacted):
        live.get(b"/a", revision=2)
    with pytest.raises(FutureRevision):
        live.count(revision=revision + 1)
    assert live.compact_revision() == revision


@pytest.fixture
def compacted_under_scan(
    start_etcd: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> Callable[..., tuple[LiveSource, Iterator]]:
    """A scan of 30,000 keys whose first record came, and then the store moved on and was compacted."""

    def begin(*, across: bool = False) -> tuple[LiveSource, Iterator]:
        store = connect(start_etcd().endpoint)
        keys = names(30_000)
        fill(store, keys)
        scan = (store.across_compactions() if across else store).scan(b"/registry/")
        next(scan)
        last = store.get(keys[-1])
        moved = store.commit([Put(keys[-1], b"new", last.mod_revision), Put(b"/registry/zzz", b"new", 0)])
        store.client.compact(moved.revision)
        return store, scan

    return begin


@pytest.mark.large
def test_compaction_during_a_scan(compacted_under_scan: Callable[..., tuple[LiveSource, Iterator]]) -> None:
    """A scan whose revision is compacted away under it ends with an error, not with half a store."""
    _, scan = compacted_under_scan()
    with pytest.raises(Compacted) as caught:
        list(scan)
    assert "read it again" in caught.value.hint


@pytest.mark.large
def test_going_on_after_a_compaction(compacted_under_scan: Callable[..., tuple[LiveSource, Iterator]]) -> None:
    """If asked to, the scan goes on with the newest state of what remains, each key once, as the apiserver offers."""
    _, scan = compacted_under_scan(across=True)
    rest = list(scan)
    assert [record.key for record in rest] == [*names(30_000)[1:], b"/registry/zzz"]
    assert rest[-2].value == b"new"


def test_a_scan_can_be_left(live: LiveSource) -> None:
    """A reader that stops early leaves nothing behind that would disturb the next one."""
    fill(live, names(3000))
    for _ in range(5):
        assert len(list(itertools.islice(live.scan(), 250))) == 250
    assert live.count() == 3000


# ---- writing


def test_compare_and_swap(live: LiveSource) -> None:
    """All mutations happen when all keys are as they were read, none when one is not."""
    created = live.commit([Put(b"/a", b"1", 0), Put(b"/b", b"1", 0)])
    assert created.succeeded
    stale = live.commit([Put(b"/a", b"2", created.revision), Delete(b"/b", created.revision + 7)])
    assert not stale.succeeded
    assert [(r.key, r.value, r.version) for r in live.scan()] == [(b"/a", b"1", 1), (b"/b", b"1", 1)]
    again = live.commit([Put(b"/a", b"2", created.revision), Delete(b"/b", created.revision)])
    assert (again.succeeded, again.revision) == (True, created.revision + 1)
    assert [(r.key, r.value, r.version) for r in live.scan()] == [(b"/a", b"2", 2)]


def test_creation_needs_absence(live: LiveSource) -> None:
    """A key that must not exist is not overwritten; one that was deleted may be created anew."""
    first = live.commit([Put(b"/a", b"1", 0)])
    assert not live.commit([Put(b"/a", b"2", 0)]).succeeded
    live.commit([Delete(b"/a", first.revision)])
    assert live.commit([Put(b"/a", b"3", 0)]).succeeded
    assert live.get(b"/a").version == 1


def test_a_lease_is_kept(live: LiveSource) -> None:
    """A put with the record's lease keeps it, one without takes it away; leases are listed with their time."""
    lease = live.client.lease(600)
    done = live.commit([Put(b"/event", b"1", 0, lease=lease.id)])
    record = live.get(b"/event")
    assert record.lease == lease.id
    assert live.leases() == {lease.id: 600}
    live.commit([Put(b"/event", b"2", done.revision, lease=record.lease)])
    assert live.get(b"/event").lease == lease.id
    live.commit([Put(b"/event", b"3", live.get(b"/event").mod_revision)])
    assert live.get(b"/event").lease == 0


def test_a_lease_that_is_gone(live: LiveSource) -> None:
    """A put with a lease that does not exist is a conflict, and nothing happens."""
    with pytest.raises(Conflict, match="lease"):
        live.commit([Put(b"/event", b"1", 0, lease=12345)])
    assert live.count() == 0


def test_too_many_operations(live: LiveSource) -> None:
    """129 operations are refused by an etcd as it comes, which changes nothing that `limits` says."""
    with pytest.raises(RequestTooLarge, match="operations"):
        live.commit([Put(key, b"", 0) for key in names(129)])
    assert (live.count(), live.limits().operations) == (0, 128)


def test_a_server_that_takes_fewer_operations(
    start_etcd: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """After a refusal `limits` goes down until what it allows is accepted."""
    store = connect(start_etcd(max_txn_ops="10").endpoint)
    while True:
        try:
            assert store.commit([Put(key, b"", 0) for key in names(store.limits().operations)]).succeeded
            break
        except RequestTooLarge:
            assert store.count() == 0
    assert 5 <= store.limits().operations <= 10


@pytest.mark.parametrize("size", [1_600_000, 2 * 1024 * 1024, 5 * 1024 * 1024])
def test_too_many_bytes(live: LiveSource, size: int) -> None:
    """A value beyond etcd's limit is refused as such, whether etcd or its gRPC server finds it."""
    with pytest.raises(RequestTooLarge):
        live.commit([Put(b"/big", b"x" * size, 0)])
    assert live.limits().request_bytes == 1_572_864


def test_the_limit_in_bytes_is_learnt(start_etcd: Callable[..., Etcd], connect: Callable[..., LiveSource]) -> None:
    """When the server's refusal tells its limit, or a request within the known limit is refused, `limits` follows."""
    store = connect(start_etcd(max_request_bytes="100000").endpoint)
    with pytest.raises(RequestTooLarge, match="100000"):
        store.commit([Put(b"/big", b"x" * 1_000_000, 0)])
    assert store.limits().request_bytes == 100_000


def test_no_space(start_etcd: Callable[..., Etcd], connect: Callable[..., LiveSource]) -> None:
    """A full server gives NoSpace with what to do about it, and its alarm is part of the status; reading goes on."""
    store = connect(start_etcd(quota_backend_bytes=str(2 * 1024 * 1024)).endpoint)

    def fill_up() -> None:
        for number in range(100):
            store.commit([Put(b"/%d" % number, b"x" * 500_000, 0)])

    with pytest.raises(NoSpace) as caught:
        fill_up()
    assert "defragment" in caught.value.hint
    assert store.status().alarms == ("NOSPACE (default)",)
    assert store.count() >= 1


def test_an_empty_transaction(live: LiveSource) -> None:
    """Nothing to do is done at once."""
    assert live.commit([]).succeeded


# ---- history and watching


def as_tuples(entries: Iterable[Revision]) -> list[tuple[bytes, int, bytes, bool]]:
    """What a history says, briefly."""
    return [(e.record.key, e.record.mod_revision, e.record.value, e.deleted) for e in entries]


@pytest.fixture(params=["etcd", "old etcd"])
def history_store(
    request: pytest.FixtureRequest,
    start_etcd: Callable[..., Etcd],
    start_etcd_of: Callable[..., Etcd],
    connect: Callable[..., LiveSource],
) -> LiveSource:
    """A store with a key that was changed, deleted and created anew; also on a server without honest progress."""
    old = request.param == "old etcd"
    store = connect((start_etcd_of("etcd-3.4") if old else start_etcd()).endpoint)
    store.commit([Put(b"/a", b"a1", 0), Put(b"/b", b"b1", 0)])  # 2
    store.commit([Put(b"/a", b"a2", 2)])  # 3
    store.commit([Delete(b"/a", 3)])  # 4
    store.commit([Put(b"/a", b"a3", 0)])  # 5
    store.commit([Put(b"/c", b"c1", 0)])  # 6
    return store


def test_history_of_a_key(history_store: LiveSource) -> None:
    """Every change of a key comes, oldest first, with the deletion between its two incarnations."""
    assert as_tuples(history_store.history(b"/a")) == [
        (b"/a", 2, b"a1", False),
        (b"/a", 3, b"a2", False),
        (b"/a", 4, b"", True),
        (b"/a", 5, b"a3", False),
    ]
    assert as_tuples(history_store.history(b"/none")) == []


def test_history_after_a_compaction(history_store: LiveSource) -> None:
    """What is left is the state at the compaction, and every change since."""
    history_store.client.compact(3)
    assert as_tuples(history_store.history(b"/a"))[0] == (b"/a", 3, b"a2", False)
    assert as_tuples(history_store.history_scan(b"/")) == [
        (b"/b", 2, b"b1", False),
        (b"/a", 3, b"a2", False),
        (b"/a", 4, b"", True),
        (b"/a", 5, b"a3", False),
        (b"/c", 6, b"c1", False),
    ]
    history_store.client.compact(6)
    assert as_tuples(history_store.history(b"/a")) == [(b"/a", 5, b"a3", False)]


def test_a_watch_tells_what_happens(live: LiveSource) -> None:
    """A watch yields changes under its prefix that come after it began, deletions too, and nothing else."""
    live.commit([Put(b"/a/1", b"before", 0)])
    watch = live.watch(b"/a/")
    live.commit([Put(b"/a/2", b"x", 0), Put(b"/b", b"x", 0)])
    live.commit([Delete(b"/a/1", 2)])
    changes = [entry for entry in itertools.islice(watch, 2) if isinstance(entry, Revision)]
    watch.close()
    assert as_tuples(changes) == [(b"/a/2", 3, b"x", False), (b"/a/1", 4, b"", True)]


def test_a_watch_from_an_earlier_revision(live: LiveSource) -> None:
    """A watch replays from a revision on, and says so when that is compacted."""
    fill(live, names(300))
    watch = live.watch(start_revision=3)
    assert next(watch).record.mod_revision == 3
    watch.close()
    live.client.compact(4)
    with pytest.raises(Compacted) as caught:
        next(live.watch(start_revision=3))
    assert caught.value.compact_revision == 4


def test_a_watch_outlives_its_server(start_etcd: Callable[..., Etcd], connect: Callable[..., LiveSource]) -> None:
    """After the server went away and came back the watch goes on where it was: nothing is lost, nothing comes twice."""
    server = start_etcd()
    store = connect(server.endpoint, command_timeout=SECONDS)
    store.commit([Put(b"/1", b"", 0)])
    watch = store.watch()
    store.commit([Put(b"/2", b"", 0)])
    assert next(watch).record.key == b"/2"
    store.commit([Put(b"/3", b"", 0)])  # it may have arrived, but has not been read yet
    server.kill()
    restart = threading.Timer(1.0, server.start)
    restart.start()
    try:
        seen = [next(watch).record.key]
        restart.join()
        store.commit([Put(b"/4", b"", 0)])
        seen += [entry.record.key for entry in itertools.islice(watch, 1) if not isinstance(entry, Progress)]
    finally:
        restart.join()
        watch.close()
    assert seen == [b"/3", b"/4"]


def test_a_watch_gives_up(start_etcd: Callable[..., Etcd], connect: Callable[..., LiveSource]) -> None:
    """A watch whose server does not come back ends with an error in the time a command has."""
    server = start_etcd()
    connect(server.endpoint).commit([Put(b"/1", b"", 0)])
    store = connect(server.endpoint, command_timeout=1.0, dial_timeout=0.5)
    changes: list[object] = []
    while not changes:
        watch = store.watch(start_revision=1)
        with suppress(StoreUnreachable):  # even this may take too long on a busy machine
            changes.append(next(watch))
    server.kill()
    with pytest.raises(StoreUnreachable):
        next(watch)


# ---- status


def test_status(live: LiveSource) -> None:
    """The status tells server, revisions, sizes, and its member's health."""
    fill(live, names(300))
    live.client.compact(3)
    status = live.status()
    assert (status.kind, status.revision, status.compact_revision, status.alarms) == ("etcd", 4, 3, ())
    assert status.location.startswith("http://127.0.0.1:")
    assert status.size >= status.size_in_use > 0
    assert status.details["leader"] == "default"
    assert status.details["member default"].startswith("healthy, leader, ")


def test_a_clients_own_etcd3_client(live: LiveSource) -> None:
    """A client that the caller made serves as a connection, and stays open when the store is closed."""
    with LiveSource(client=live.client) as store:
        store.commit([Put(b"/a", b"1", 0)])
        assert store.get(b"/a").value == b"1"
    assert live.get(b"/a").value == b"1"


def test_range_stream(start_etcd_of: Callable[..., Etcd], connect: Callable[..., LiveSource]) -> None:
    """On etcd 3.7 the rest of a scan comes as a stream, at the same revision, and is the same."""
    store = connect(start_etcd_of("etcd-3.7").endpoint)
    keys = names(2500)
    fill(store, keys, b"x" * 2000)
    scan = store.scan(b"/registry/")
    first = next(scan)
    store.commit([Put(b"/registry/zzz", b"", 0), Delete(keys[-1], store.get(keys[-1]).mod_revision)])
    assert [record.key for record in (first, *scan)] == keys
    assert store._streams
