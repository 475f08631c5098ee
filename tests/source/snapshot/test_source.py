"""Files of etcd as stores: the answers are those of the etcd that wrote them, whatever was done to the keys."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.source.etcd_releases import EtcdRelease, installed
from tools.cluster import Etcd

from kstore.errors import Compacted, DamagedStore, FutureRevision, NotADatabase, StoreNotFound
from kstore.records import Delete, Put, Record
from kstore.source.etcd.live import LiveSource
from kstore.source.location.demo import open_demo
from kstore.source.options import SourceOptions
from kstore.source.snapshot.member import find_database
from kstore.source.snapshot.source import SnapshotSource

Serve = Callable[..., Etcd]
Connect = Callable[..., LiveSource]


def assert_agree(live: LiveSource, offline: SnapshotSource, prefixes: tuple[bytes, ...] = (b"",)) -> None:
    """Both stores give the same answers, now and as of each of ten revisions before."""
    status, other = live.status(), offline.status()
    assert (other.revision, other.compact_revision) == (status.revision, status.compact_revision)
    oldest = max(status.compact_revision, 1)
    step = max((status.revision - oldest) // 10, 1)
    for revision in [0, *range(oldest, status.revision, step)]:
        for prefix in prefixes:
            expected = list(live.scan(prefix, revision=revision))
            assert list(offline.scan(prefix, revision=revision)) == expected, revision
            assert offline.count(prefix, revision=revision) == len(expected)
    assert list(offline.history_scan()) == list(live.history_scan())
    assert offline.leases() == live.leases()


# ---- against real etcds

SNAPSHOTS = ("cluster-1.29", "cluster-1.37", "json-encrypted-1.37", "old-versions", "wardle")


@pytest.mark.large
@pytest.mark.etcd
@pytest.mark.shared
@pytest.mark.parametrize("name", SNAPSHOTS)
def test_offline_and_live_agree(
    name: str,
    shared: Path,
    unpack: Callable[[Path], bytes],
    newest_release: EtcdRelease,
    serve: Serve,
    connect: Connect,
    tmp_path: Path,
) -> None:
    """A cluster's snapshot, and an etcd that it is restored into, agree on everything; so does etcdctl."""
    path = tmp_path / "snapshot.db"
    path.write_bytes(unpack(shared / "snapshots" / f"{name}.db.zst"))
    server = serve(newest_release, newest_release.restore(path, tmp_path / "restored"))
    with SnapshotSource(path) as offline:
        assert_agree(connect(server.endpoint), offline)
        printed = newest_release.printed(server.endpoint, "get", "", "--prefix", "--keys-only")
        assert [key for key in printed.split(b"\n") if key] == [record.key for record in offline.scan()]
        records = list(offline.scan())
        for record in random.Random(name).sample(records, min(20, len(records))):
            with SnapshotSource(path) as fresh:
                assert fresh.get(record.key) == record


def act(live: LiveSource, release: EtcdRelease, endpoint: str) -> None:
    """Puts, changes, deletions, a key that comes again, large values, leases, a compaction, a deletion after it."""
    for number in range(60):
        assert live.commit(
            [Put(b"/registry/pods/ns/%03d" % each, b"a" * (each * 40), 0) for each in (number, 100 + number)]
        )
    for number in range(0, 60, 2):
        record = live.get(b"/registry/pods/ns/%03d" % number)
        assert record
        live.commit([Put(record.key, record.value + b"!", record.mod_revision)])
    for number in range(0, 60, 3):
        record = live.get(b"/registry/pods/ns/%03d" % number)
        assert record
        live.commit([Delete(record.key, record.mod_revision)])
    for number in range(0, 60, 6):
        live.commit([Put(b"/registry/pods/ns/%03d" % number, b"again", 0)])
    live.commit([Put(b"/registry/large", bytes(range(256)) * 4000, 0)])
    lease = int(release.ctl(endpoint, "lease", "grant", "7200").split()[1], 16)
    live.commit([Put(b"/registry/events/ns/e", b"event", 0, lease)])
    release.ctl(endpoint, "compact", str(live.status().revision - 30))
    record = live.get(b"/registry/pods/ns/001")
    assert record
    live.commit([Delete(record.key, record.mod_revision)])
    live.commit([Put(b"/registry/" + b"k" * 300, b"long key", 0)])


@pytest.mark.large
@pytest.mark.etcd
def test_files_of_each_release(etcd_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """A snapshot of each release, its database once it has ended, and its data directory are read alike."""
    server = serve(etcd_release)
    live = connect(server.endpoint)
    act(live, etcd_release, server.endpoint)
    path = etcd_release.save(server.endpoint, tmp_path / "saved.db")
    with SnapshotSource(path) as offline:
        assert offline.status().kind == "snapshot"
        assert_agree(live, offline, (b"", b"/registry/pods/ns/01", b"/registry/large", b"/none"))
        assert offline.status().server_version.startswith(etcd_release.release)
        expected = list(offline.scan()), list(offline.history_scan()), offline.leases()
    server.stop()
    for place in (server.data, server.data / "member" / "snap" / "db"):
        with SnapshotSource(place) as offline:
            assert offline.status().kind == "database"
            assert (list(offline.scan()), list(offline.history_scan()), offline.leases()) == expected


@pytest.mark.large
@pytest.mark.etcd
def test_the_file_of_a_running_etcd(
    newest_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """While it is written to all the time, the file is read as it was at one revision: exactly as the server has it."""
    server = serve(newest_release, backend_batch_interval="5ms")
    live = connect(server.endpoint)
    for number in range(3000):
        assert live.commit([Put(b"/a/%04d" % number, b"x" * 300, 0)])
    stop = threading.Event()

    def write() -> None:
        writer = LiveSource([server.endpoint], SourceOptions())
        for number in range(1_000_000):
            if stop.is_set():
                break
            writer.commit([Put(b"/b/%06d" % number, b"y" * 500, 0)])
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            with SnapshotSource(server.data) as offline:
                revision = offline.status().revision
                found = list(offline.scan())
            assert found == list(live.scan(revision=revision))
    finally:
        stop.set()
        thread.join()


@pytest.mark.large
@pytest.mark.etcd
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("ppppdrlLcD"), st.integers(0, 7), st.integers(0, 9000)), min_size=5, max_size=60
    )
)
def test_whatever_was_done(steps: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Random puts, deletions, leases, compactions and defragmentations: the snapshot agrees with the server."""
    if not installed():
        pytest.skip("no etcd with its tools is installed here")
    release = installed()[max(installed())]
    folder = tmp_path_factory.mktemp("random")
    with Etcd(release.etcd, folder) as server, LiveSource([server.endpoint], SourceOptions()) as live:
        leases = [0]
        for action, place, size in steps:
            key = b"/registry/k%d" % place
            record = live.get(key)
            if action == "p":
                live.commit([Put(key, b"v" * size, record.mod_revision if record else 0, leases[size % len(leases)])])
            elif action == "d" and record:
                live.commit([Delete(key, record.mod_revision)])
            elif action == "r":
                release.ctl(server.endpoint, "del", "/registry/k3", "/registry/k6")
            elif action == "l":
                leases.append(int(release.ctl(server.endpoint, "lease", "grant", "3600").split()[1], 16))
            elif action == "L" and len(leases) > 1:
                release.ctl(server.endpoint, "lease", "revoke", f"{leases.pop():x}")
            elif action == "c":
                status = live.status()
                if (wanted := status.revision - size % 2) > max(status.compact_revision, 1):
                    release.ctl(server.endpoint, "compact", str(wanted))
            elif action == "D":
                release.ctl(server.endpoint, "defrag")
        with SnapshotSource(release.save(server.endpoint, folder / "saved.db")) as offline:
            assert_agree(live, offline)
    shutil.rmtree(folder)


# ---- the file itself


@pytest.fixture
def demo() -> Path:
    """The demo store's file."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        return source.database_path


def test_reading_never_writes(demo: Path, tmp_path: Path) -> None:
    """A file that cannot be written, in a folder that cannot, is read; nothing about it changes."""
    path = tmp_path / "folder" / "saved.db"
    path.parent.mkdir()
    shutil.copy(demo, path)
    path.chmod(0o400)
    before = path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())
    path.parent.chmod(0o500)
    with SnapshotSource(path) as source:
        list(source.scan())
        list(source.history_scan())
        source.status()
    path.parent.chmod(0o700)
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before


def test_revisions_that_are_not_there(demo: Path) -> None:
    """What is compacted, and what is yet to come, are errors of their own that say what there is."""
    with SnapshotSource(demo) as source:
        status = source.status()
        with pytest.raises(Compacted) as caught:
            list(source.scan(revision=status.compact_revision - 1))
        assert caught.value.compact_revision == status.compact_revision
        with pytest.raises(FutureRevision, match=str(status.revision)):
            list(source.scan(revision=status.revision + 1))
        assert list(source.scan(revision=status.revision)) == list(source.scan())


def test_ways_to_name_a_database(demo: Path, tmp_path: Path) -> None:
    """The data directory, the member's, its snap folder, or the file; a folder above says what was probably meant."""
    database = tmp_path / "default.etcd" / "member" / "snap" / "db"
    database.parent.mkdir(parents=True)
    shutil.copy(demo, database)
    for folder in (database, database.parent, database.parents[1], database.parents[2]):
        assert find_database(folder).path == database
    with pytest.raises(StoreNotFound) as caught:
        find_database(tmp_path)
    assert "default.etcd" in caught.value.hint
    with pytest.raises(StoreNotFound):
        find_database(tmp_path / "none")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NotADatabase),
        (b"hello", NotADatabase),
        (b"\0" * 65536, NotADatabase),
        (b"\x1f\x8b" + b"\7" * 70000, NotADatabase),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    """Files that are no database are named so, not read as empty ones."""
    (tmp_path / "file").write_bytes(content)
    for salvage in (False, True):
        with pytest.raises(error):
            SnapshotSource(tmp_path / "file", salvage=salvage)


def everything(source: SnapshotSource) -> tuple[list[Record], list[object]]:
    """All that can be read."""
    return list(source.scan()), list(source.history_scan())


def test_the_checksum_is_verified(demo: Path, tmp_path: Path) -> None:
    """One changed bit anywhere is an error, whatever is read; salvage reads on and says that nothing is certain."""
    data = bytearray(demo.read_bytes())
    data[-100] ^= 1
    path = tmp_path / "changed.db"
    path.write_bytes(data)
    key = b"/registry/pods/default/webserver"
    for read in (lambda source: list(source.scan()), lambda source: source.get(key), lambda source: source.count()):
        with SnapshotSource(path) as source, pytest.raises(DamagedStore, match="SHA-256"):
            read(source)
    with SnapshotSource(path, salvage=True) as source, SnapshotSource(demo) as intact:
        assert len(list(source.scan())) == len(list(intact.scan()))
        assert ["SHA-256" in damage.message for damage in source.damage] == [True]


def test_a_file_that_was_cut_short(demo: Path, tmp_path: Path) -> None:
    """A file without its end is an error; salvage gives what pages still hold, older states too, and says so."""
    data = demo.read_bytes()
    path = tmp_path / "cut.db"
    with SnapshotSource(demo) as intact:
        complete = {record.key: record for record in intact.scan()}
        page_size = intact.database.page_size
    for size in (len(data) - 32 - page_size, len(data) // 2, len(data) // 2 + 77, 5 * page_size):
        path.write_bytes(data[:size])
        with pytest.raises(DamagedStore), SnapshotSource(path) as source:
            everything(source)
        try:
            with SnapshotSource(path, salvage=True) as source:
                for record in source.scan():
                    newest = complete.get(record.key)
                    assert newest is None or record == newest or record.mod_revision < newest.mod_revision
                assert source.damage
        except DamagedStore:
            continue


@given(data=st.data())
def test_damage_is_never_unnoticed(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Whatever is done to a snapshot's bytes: an error of ours, or the right answers; never a crash, never a wrong value.

    What has lost its checksum is no snapshot any more, and nothing but its structure guards it.
    """
    original = _demo_bytes()
    path = tmp_path_factory.mktemp("damage") / "db"
    path.write_bytes(_damaged(data, original))
    try:
        with SnapshotSource(path) as source:
            found = everything(source)
            kind = source.kind
    except (DamagedStore, NotADatabase):
        return
    finally:
        shutil.rmtree(path.parent)
    with open_demo() as intact:
        assert isinstance(intact, SnapshotSource)
        assert kind == "database" or found == everything(intact)


@pytest.mark.large
@given(data=st.data())
def test_salvage_never_crashes(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Salvaging a damaged database gives what is readable, and names what is not: a key is only missing with damage noted.
    """
    original = _demo_bytes()[:-32]
    path = tmp_path_factory.mktemp("damage") / "db"
    path.write_bytes(_damaged(data, original))
    try:
        with SnapshotSource(path, salvage=True) as source:
            records, _ = everything(source)
            source.status()
            source.get(b"/registry/pods/default/webserver")
            damage = source.damage
    except (DamagedStore, NotADatabase):  # no meta page is left
        return
    finally:
        shutil.rmtree(path.parent)
    with open_demo() as intact:
        names = {record.key for record in intact.scan()}
    found = {record.key for record in records}
    # letters of a key that were changed make it another key, which nothing but a checksum could tell
    assert damage or found - names or not names - found


def _damaged(data: st.DataObject, original: bytes) -> bytes:
    """The bytes with some of them changed, cut, zeroed, swapped or repeated; more often near structures than values."""
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 4))):
        if not changed:
            break
        page = data.draw(st.integers(0, len(changed) // 4096))
        place = min(page * 4096 + data.draw(st.integers(0, 80) | st.integers(0, 4095)), len(changed) - 1)
        kind = data.draw(st.sampled_from(["byte", "number", "zero", "cut", "copy", "insert"]))
        if kind == "byte":
            changed[place] = data.draw(st.integers(0, 255))
        elif kind == "number":
            changed[place : place + 4] = data.draw(
                st.sampled_from([0, 1, 2, 0xFFFF, 0xFFFFFFFF, len(changed)])
            ).to_bytes(4, "little")
        elif kind == "zero":
            size = data.draw(st.integers(1, 10000))
            changed[place : place + size] = bytes(len(changed[place : place + size]))
        elif kind == "cut":
            del changed[place:]
        elif kind == "insert":
            changed[place:place] = data.draw(st.binary(max_size=5000))
        else:
            other = data.draw(st.integers(0, len(changed) // 4096)) * 4096
            changed[page * 4096 : page * 4096 + 4096] = changed[other : other + 4096]
    return bytes(changed)


_DEMO: list[bytes] = []


def _demo_bytes() -> bytes:
    if not _DEMO:
        with open_demo() as source:
            assert isinstance(source, SnapshotSource)
            _DEMO.append(source.database_path.read_bytes())
    return _DEMO[0]
