"""Full and delta snapshots of Gardener's etcd-backup-restore, opened as the etcd was at the end of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease
from tests.source.gardener.backups import delta, name_of, put_delta, put_full
from tools.cluster import Etcd

from kstore.errors import DamagedStore, FutureRevision, StoreNotFound, UsageError
from kstore.records import Delete, Put, Record, Revision
from kstore.source.etcd.live import LiveSource
from kstore.source.gardener.names import chain_of, parse_name
from kstore.source.interface import Source
from kstore.source.location.address import open_source
from kstore.source.options import SourceOptions

BIG = bytes(range(256)) * 100


@dataclass
class Backed:
    """An etcd whose changes were saved, and what it held."""

    folder: Path
    now: list[Record]
    history: list[Revision]
    revision: int
    states: dict[int, list[Record]] = field(default_factory=dict)
    """What was live at some revisions."""


@pytest.fixture(scope="module")
def backed(etcd_binary: Path, newest_etcd: EtcdRelease, tmp_path_factory: pytest.TempPathFactory) -> Backed:
    """A full snapshot and three deltas of a real etcd: puts, deletions, several keys a transaction, a lease."""
    base = tmp_path_factory.mktemp("gardener")
    with Etcd(newest_etcd.etcd, base / "etcd") as server, LiveSource([server.endpoint], SourceOptions()) as live:
        for number in range(20):
            live.commit([Put(f"/registry/configmaps/a/{number:02}".encode(), b"one", 0)])
        snapshot = newest_etcd.save(server.endpoint, base / "full.db").read_bytes()
        full = live.status().revision
        states = {full: list(live.scan())}
        lease = live.grant_lease(77, 3600)
        live.commit([Put(b"/registry/configmaps/b/%02d" % n, BIG, 0) for n in range(30)])
        record = live.get(b"/registry/configmaps/a/00")
        assert record is not None
        live.commit([Put(record.key, b"two", record.mod_revision, lease=lease)])
        states[live.status().revision] = list(live.scan())
        gone = live.get(b"/registry/configmaps/a/01")
        again = live.get(b"/registry/configmaps/b/07")
        assert gone is not None
        assert again is not None
        live.commit([Delete(gone.key, gone.mod_revision), Delete(again.key, again.mod_revision)])
        live.commit([Put(again.key, b"new", 0)])
        live.commit([Put(b"/registry/configmaps/c/x", b"", 0)])
        history = list(live.history_scan())
        now, revision = list(live.scan()), live.status().revision
    later = [event for event in history if event.record.mod_revision > full]
    folder = base / "etcd-main" / "v2"
    put_full(folder, snapshot, full, 1700000000, ".gz")
    first = full + 1
    put_delta(folder, [event for event in later if event.record.mod_revision <= first], 1700000100, ".gz")
    put_delta(folder, [event for event in later if event.record.mod_revision == first + 1], 1700000200, ".zlib")
    put_delta(folder, [event for event in later if event.record.mod_revision > first + 1], 1700000300)
    return Backed(folder, now, history, revision, states)


@pytest.fixture(scope="module")
def newest_etcd() -> EtcdRelease:
    """The newest etcd that is installed with its tools."""
    from tests.source.etcd_releases import installed

    if not installed():
        pytest.skip("no etcd with its tools is installed here")
    return installed()[max(installed())]


def opened(folder: Path, **options: object) -> Source:
    """The backup in a folder."""
    return open_source(str(folder), SourceOptions(**options))  # type: ignore[arg-type]


def test_the_end_of_the_deltas(backed: Backed) -> None:
    """Keys, values, revisions, versions, leases and history are the server's own; what was read is said."""
    with opened(backed.folder.parent) as source:
        assert list(source.scan()) == backed.now
        assert list(source.history_scan()) == backed.history
        assert source.status().revision == backed.revision
        for revision, state in backed.states.items():
            assert list(source.scan(revision=revision)) == state
        assert "3 deltas" in source.notes[0]
        with pytest.raises(FutureRevision):
            list(source.scan(revision=backed.revision + 1))


def test_up_to_a_revision(backed: Backed) -> None:
    """Deltas after the revision that is asked for are not even opened."""
    full, second = sorted(backed.states)
    for revision in (full, second):
        with opened(backed.folder, revision=revision) as source:
            assert source.status().revision == revision
            assert list(source.scan(revision=revision)) == backed.states[revision]


def test_restored_by_etcd(
    backed: Backed, newest_etcd: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource],
    tmp_path: Path,
) -> None:  # fmt: skip
    """What the parts are made into is a snapshot that etcd's own tool restores and an etcd serves."""
    with opened(backed.folder) as source:
        database = source.database_path  # type: ignore[attr-defined]
        assert newest_etcd.status(database)["revision"] == backed.revision
        folder = newest_etcd.restore(database, tmp_path / "restored")
    live = connect(serve(newest_etcd, folder).endpoint)
    assert [(one.key, one.value, one.mod_revision) for one in live.scan()] == [
        (one.key, one.value, one.mod_revision) for one in backed.now
    ]


def copied(backed: Backed, folder: Path) -> Path:
    """A copy of the backup, to be spoiled."""
    for path in backed.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_delta_is_missing(backed: Backed, tmp_path: Path) -> None:
    """A gap is named, with what can still be had."""
    folder = copied(backed, tmp_path)
    sorted(folder.glob("Incr-*"))[1].unlink()
    full = min(backed.states)
    with pytest.raises(DamagedStore, match=f"revisions {full + 2} to {full + 2} are in no snapshot") as raised:
        opened(folder)
    assert f"as of revision {full + 1}" in raised.value.hint
    with opened(folder, revision=full + 1) as source:
        assert source.status().revision == full + 1


def test_a_delta_is_damaged(backed: Backed, tmp_path: Path) -> None:
    """One bit: the checksum tells; `--salvage` goes as far as the delta before."""
    folder = copied(backed, tmp_path)
    path = sorted(folder.glob("Incr-*"))[-1]
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DamagedStore, match="its SHA-256 is") as raised:
        opened(folder)
    assert path.name in raised.value.where
    with opened(folder, salvage=True) as source:
        assert list(source.scan()) == backed.states[max(backed.states)]
        assert path.name in source.damage[0].message  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "at its end"),
        (b"[]" + hashlib.sha256(b"[]").digest(), "it ends with revision"),
        (b"{}" + hashlib.sha256(b"{}").digest(), "it ends with revision"),
        (b"nothing" + hashlib.sha256(b"nothing").digest(), "no list of events"),
        (b"[1]" + hashlib.sha256(b"[1]").digest(), "no list of events"),
        (b'[{"etcdEvent":{"kv":{"key":"!"}}}]', "at its end"),
        (b"\x1f\x8b\x08\x00broken", "cannot be unpacked"),
    ],
)
def test_no_delta(content: bytes, message: str, backed: Backed, tmp_path: Path) -> None:
    """Whatever else is in the file."""
    folder = copied(backed, tmp_path)
    sorted(folder.glob("Incr-*"))[-1].write_bytes(content)
    with pytest.raises(DamagedStore, match=message):
        opened(folder)


def test_revisions_that_do_not_go_on(backed: Backed, tmp_path: Path) -> None:
    """Within a delta, too, no revision is left out."""
    folder = copied(backed, tmp_path)
    path = sorted(folder.glob("Incr-*"))[-1]
    mains = (backed.revision - 2, backed.revision)
    path.write_bytes(delta([event for event in backed.history if event.record.mod_revision in mains]))
    with pytest.raises(DamagedStore, match=f"revision {backed.revision} comes after {backed.revision - 2}"):
        opened(folder)


def test_a_full_snapshot_that_is_ahead_of_its_name(backed: Backed, tmp_path: Path) -> None:
    """The revision in the name is asked for before the snapshot is taken: the first delta begins before its end."""
    folder = copied(backed, tmp_path)
    (full,) = folder.glob("Full-*")
    earlier = min(backed.states) - 3
    full.rename(folder / name_of("Full", 0, earlier, 1700000000, ".gz"))
    first = sorted(folder.glob("Incr-*"))[0]
    first.unlink()
    events = [event for event in backed.history if earlier < event.record.mod_revision <= min(backed.states) + 1]
    put_delta(folder, events, 1700000100, ".gz")
    with opened(folder) as source:
        assert list(source.scan()) == backed.now
        assert list(source.history_scan()) == backed.history


def test_one_file(backed: Backed) -> None:
    """A full snapshot by its name is that alone; a delta alone is nothing."""
    (full,) = backed.folder.glob("Full-*")
    with opened(full) as source:
        assert list(source.scan()) == backed.states[min(backed.states)]
    with pytest.raises(UsageError, match="since a full snapshot"):
        opened(next(iter(backed.folder.glob("Incr-*"))))


def test_compacted_before_the_full_snapshot(backed: Backed) -> None:
    """There is no backup of so early a revision."""
    with pytest.raises(StoreNotFound, match="no full snapshot as early as revision 3"):
        opened(backed.folder, revision=3)


# ---- names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("v2/Full-00000000-00000930-1700000000.gz", (True, 0, 930, "v2")),
        ("v2/Full-00000000-00000930-1700000000.gz.final", (True, 0, 930, "v2")),
        ("v2/Incr-00000931-123456789-1700000300", (False, 931, 123456789, "v2")),
        ("x/v1/Backup-1700000000/Full-00000000-00000930-1700000000", (True, 0, 930, "x/v1")),
        ("v2/Full-00000000-00000930-1700000000.gz/00000000010.0000000001", None),
        ("v2/Chunk-00000000-00000930-1700000000", None),
        ("full.db", None),
    ],
)
def test_names(name: str, expected: tuple[bool, int, int, str] | None) -> None:
    """What `ParseSnapshot` takes; parts of an upload are none."""
    found = parse_name(name)
    assert (found and (found.full, found.first, found.last, found.folder)) == expected


def test_which_are_taken() -> None:
    """The newest full snapshot and what follows; of an earlier revision the one before; of two etcds none."""
    names = [
        name_of("Full", 0, 100, 1), name_of("Incr", 101, 150, 2), name_of("Incr", 151, 160, 3),
        name_of("Full", 0, 160, 4), name_of("Incr", 161, 170, 5), "safe_guard",
    ]  # fmt: skip

    def taken(revision: int) -> tuple[int, list[int]]:
        chain = chain_of([f"v2/{name}" for name in names], "here", revision)
        return chain.full.last, [one.last for one in chain.deltas]

    assert taken(0) == (160, [170])
    assert taken(165) == (160, [170])
    assert taken(160) == (160, [])
    assert taken(159) == (100, [150, 160])
    assert taken(120) == (100, [150])
    assert taken(100) == (100, [])
    with pytest.raises(UsageError, match="2 etcds in it: events/v2, main/v2"):
        chain_of([f"{etcd}/v2/{names[0]}" for etcd in ("main", "events")], "here")
    with pytest.raises(StoreNotFound, match="no full snapshot in it"):
        chain_of([f"v2/{names[1]}"], "here")
