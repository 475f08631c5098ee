"""
What requests of a log do that concern several keys: deletions of ranges, leases that end, transactions.

The rules are those of etcd's `server/etcdserver/txn` and `server/lease/lessor.go`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.errors import DamagedStore, Unsupported
from kstore.source.mvcc.reader import Mvcc
from kstore.source.wal.replay import replay
from kstore.source.wal.segments import CONF_CHANGE, CONF_CHANGE_V2, ENTRY
from kstore.wire import delimited

from .test_replay_by_hand import INDEX, grant, mvcc, put, replayed
from .test_segments import Segments, entry, number, state

__all__ = ["mvcc"]

_TO_THE_END = b"\0"


def keys(mvcc: Mvcc, prefix: bytes = b"/made/") -> list[bytes]:
    """The keys below a prefix, as the store has them now."""
    view = mvcc.view()
    return [place.key for place in view.places(view.span(prefix))]


def lease(mvcc: Mvcc, key: bytes) -> int:
    """The lease of a key that is there."""
    place = mvcc.view().find(key)
    assert place is not None
    record = mvcc.record(*place)
    assert record is not None
    return record.lease


def deletion(key: bytes, end: bytes = b"") -> bytes:
    """A `DeleteRangeRequest`."""
    return delimited(1, key) + (delimited(2, end) if end else b"")


def transaction(*operations: bytes) -> bytes:
    """An entry with a transaction that has no condition."""
    return delimited(6, b"".join(delimited(2, operation) for operation in operations))


MADE = [delimited(4, put(b"/made/%c" % letter)) for letter in b"abcd"]


@pytest.mark.parametrize(
    ("begin", "end", "left"),
    [
        (b"/made/b", b"", b"acd"), (b"/made/b", b"/made/d", b"ad"), (b"/made/b", b"/made/da", b"a"),
        (b"/made/ab", b"/made/c", b"acd"), (b"/made/d", b"/made/b", b"abcd"), (b"/made/e", b"/made/z", b"abcd"),
    ],
)  # fmt: skip
def test_a_deletion(mvcc: Mvcc, tmp_path: Path, begin: bytes, end: bytes, left: bytes) -> None:
    """Of a key, or of all from it to before another; one that finds nothing makes no revision."""
    before = mvcc.current_revision
    changed = replayed(mvcc, tmp_path, *MADE, delimited(5, deletion(begin, end)))
    assert keys(mvcc) == [b"/made/%c" % letter for letter in left]
    assert changed == 4 + (len(left) < 4)
    assert mvcc.current_revision == before + changed


def test_a_deletion_to_the_end(mvcc: Mvcc, tmp_path: Path) -> None:
    """All from a key on, those of the database and those of the log, at one revision."""
    assert replayed(mvcc, tmp_path, *MADE, delimited(5, deletion(b"/made/b", _TO_THE_END))) == 5
    assert keys(mvcc, b"/") == [b"/made/a"]


def test_a_key_that_is_put_after_its_deletion(mvcc: Mvcc, tmp_path: Path) -> None:
    """It begins anew: its creation is that revision, its version 1."""
    requests = [MADE[0], MADE[0], delimited(5, deletion(b"/made/a")), delimited(4, put(b"/made/a", b"new"))]
    before = mvcc.current_revision
    assert replayed(mvcc, tmp_path, *requests) == 4
    place = mvcc.view().find(b"/made/a")
    assert place is not None
    record = mvcc.record(*place)
    assert record is not None
    assert (record.value, record.create_revision, record.mod_revision, record.version) == (
        b"new", before + 4, before + 4, 1,
    )  # fmt: skip


def test_a_lease_that_is_revoked(mvcc: Mvcc, tmp_path: Path) -> None:
    """It takes the keys that have it by then: not those that got another, or were put again without."""
    grants = [grant(700, 60), grant(701, 60)]
    leased = [delimited(4, put(b"/made/%c" % letter) + number(3, 700)) for letter in b"abcd"]
    other = delimited(4, put(b"/made/b") + number(3, 701))
    without = delimited(4, put(b"/made/c"))
    before = mvcc.current_revision
    assert replayed(mvcc, tmp_path, *grants, *leased, other, without, delimited(9, number(1, 700))) == 9
    assert keys(mvcc) == [b"/made/b", b"/made/c"]
    assert (lease(mvcc, b"/made/b"), lease(mvcc, b"/made/c")) == (701, 0)
    assert mvcc.current_revision == before + 7  # two grants make none, and one deletion of two keys makes one


def test_leases_that_are_revoked_one_after_another(mvcc: Mvcc, tmp_path: Path) -> None:
    """What a later lease takes is known after the first has been gone through."""
    grants = [grant(700, 60), grant(701, 60)]
    first = delimited(4, put(b"/made/a") + number(3, 700))
    moved = [delimited(4, put(b"/made/%c" % letter) + number(3, 701)) for letter in b"bc"]
    taken_back = delimited(4, put(b"/made/b"))
    requests = [*grants, first, delimited(9, number(1, 700)), *moved, taken_back, delimited(9, number(1, 701))]
    assert replayed(mvcc, tmp_path, *requests) == 8
    assert keys(mvcc) == [b"/made/b"]


def test_a_lease_of_keys_that_the_database_has(mvcc: Mvcc, tmp_path: Path) -> None:
    """It takes them, but for what the log put again without it."""
    leased = [delimited(4, put(b"/made/%c" % letter) + number(3, 702)) for letter in b"ab"]
    assert replayed(mvcc, tmp_path / "1", grant(702, 60), *leased) == 3
    mvcc.cluster.meta[b"consistent_index"] = (INDEX + 3).to_bytes(8, "big")
    requests = [delimited(4, put(b"/made/b")), delimited(9, number(1, 702))]
    assert replayed(mvcc, tmp_path / "2", *requests, first=INDEX + 4) == 2
    assert keys(mvcc) == [b"/made/b"]


@pytest.mark.parametrize(
    "refused",
    [
        delimited(2, put(b"/made/z") + number(3, 999)),
        delimited(2, put(b"/made/z") + number(6, 1)),
        delimited(1, delimited(1, b"/made/a") + number(4, 1 << 40)),
    ],
    ids=["a lease that is not there", "a lease of a key that is not there", "a read of a revision to come"],
)
def test_a_transaction_that_cannot_be_done(mvcc: Mvcc, tmp_path: Path, refused: bytes) -> None:
    """Nothing of it is done, not what comes before either; the log goes on."""
    parts = [delimited(2, put(b"/made/first")), refused]
    before = mvcc.current_revision
    assert replayed(mvcc, tmp_path, transaction(*parts), transaction(parts[0])) == 1
    assert keys(mvcc) == [b"/made/first"]
    assert mvcc.current_revision == before + 1


@pytest.mark.parametrize("salvage", [False, True])
def test_an_entry_that_is_no_request(mvcc: Mvcc, tmp_path: Path, salvage: bool) -> None:
    """It is damage; salvaged, what comes before it is done and nothing after it."""
    entries = [entry(INDEX + 1, data=MADE[0]), entry(INDEX + 2, data=b"\xff\xff\xff"), entry(INDEX + 3, data=MADE[1])]
    Segments(tmp_path).add(0, [*entries, state(INDEX + 3)])
    if not salvage:
        with pytest.raises(DamagedStore, match=f"entry {INDEX + 2} is no request"):
            replay(mvcc, tmp_path)
        return
    changed, damage = replay(mvcc, tmp_path, salvage=True)
    assert (changed, keys(mvcc)) == (1, [b"/made/a"])
    assert [one.lost for one in damage] == [f"the changes of the log's entries from {INDEX + 2} on"]


def test_with_authentication(mvcc: Mvcc, tmp_path: Path) -> None:
    """What users may do decides what was applied, so that nothing is."""
    mvcc.buckets.setdefault(b"auth", mvcc.buckets[b"meta"])
    mvcc.bucket_items = lambda name: iter([(b"authEnabled", b"\x01")] if name == b"auth" else [])  # type: ignore[method-assign]
    with pytest.raises(Unsupported, match="authentication"):
        replayed(mvcc, tmp_path, MADE[0])


def membership(kind: int, node: int, *, second: bool = False) -> tuple[int, bytes]:
    """A record of an entry that adds (0) or removes (1) a member."""
    data = number(2, kind) + number(3, node)
    return ENTRY, number(1, CONF_CHANGE_V2 if second else CONF_CHANGE) + number(2, 1) + number(3, INDEX + 1) + (
        delimited(4, data)
    )


@pytest.mark.parametrize(
    ("voters", "change", "committed", "done"),
    [
        ([1], membership(0, 2), 0, False), ([1], membership(0, 2), 1, False), ([1], membership(0, 1), 0, True),
        ([1], membership(3, 2), 0, True), ([1, 2], membership(1, 2), 0, False), ([1, 2], membership(1, 2), 1, True),
        ([1, 2, 3], membership(1, 2), 1, False), ([1], membership(0, 2, second=True), 1, False),
    ],
    ids=[
        "a second may join", "a second has joined", "itself", "a learner", "one of two may leave",
        "one of two has left", "one of three has left", "by the second form",
    ],
)  # fmt: skip
def test_what_counts_when_members_change(
    mvcc: Mvcc, tmp_path: Path, voters: list[int], change: tuple[int, bytes], committed: int, done: bool
) -> None:
    """
    Beyond what is known to be committed only a member that is alone by then knows that its entries are.

    A change of members that is not known to be committed needs those who are members before it.
    """
    mvcc.cluster.meta[b"confState"] = str({"voters": voters}).replace("'", '"').encode()
    Segments(tmp_path).add(0, [change, entry(INDEX + 2, data=MADE[0]), state(INDEX + committed)])
    assert replay(mvcc, tmp_path)[0] == done
