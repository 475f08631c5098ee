"""
Whether a database file is torn: copied page by page while an etcd wrote to it.

bbolt never writes to a page that its last two transactions reach, but those that come after do. A slow copy therefore
mixes pages of many transactions under the meta page of the first. What such a file shows depends on which pages were
written to again; its trees may well hold together. These things are so in every file that holds one transaction:

- a page begins with the very key that its branch names it by (bbolt's `node.spill` puts that key there);
- revisions follow one another without a gap from the one that was compacted, since each change has the next one and
  only a compaction removes any (`server/storage/mvcc/kvstore_txn.go`, `kvstore_compaction.go`);
- no page holds a newer revision than the trees, but those of the one transaction that a crash kept from its meta page;
- what such a page holds of older revisions is in the trees, since nothing that was compacted comes back;
- a value that was put in the revision that was compacted is in the trees: that compaction keeps the newest of each key.

A copy may be torn and show none of this, if the pages that would are not in it: only a snapshot has a checksum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kstore.source.bbolt.database import Bucket, Database, Element
from kstore.source.bbolt.format import LEAF, LEAF_ELEMENT, PAGE_HEADER
from kstore.source.mvcc.key_value import REVISION_KEY, parse_revision_key
from kstore.source.mvcc.page_scan import ScannedPage, read_leaf, scan

_PROGRESS = (b"consistent_index", b"finishedCompactRev")
"""Keys of the bucket `meta` (`server/storage/schema/bucket.go`)."""


@dataclass(frozen=True, slots=True)
class Tear:
    """What shows that a file is torn."""

    offset: int
    """The byte of the page that shows it."""
    problem: str


def find_tear(database: Database, buckets: dict[bytes, Bucket], compacted: int, newest: int) -> Tear | None:
    """
    What shows that the file is no single transaction's; None when nothing does.

    Args:
        database: the file.
        buckets: its buckets.
        compacted: the revision that was compacted last.
        newest: the newest revision that the trees reach.

    Raises:
        DamagedStore: the trees do not hold together, and the database does not salvage.
    """
    reached = _reached(database, buckets)
    key_bucket = buckets.get(b"key")
    if key_bucket is None:
        return None
    tear = _misnamed(database, buckets) or _gap(database, key_bucket, compacted)
    if tear is not None:
        return tear
    newer, around = [], []  # one look at the pages that no tree reaches; of most of them nothing is kept
    for page in scan(database, reached=reached):
        if _main(page.last) > newest:
            newer.append(page)
        if _main(page.first) <= compacted <= _main(page.last):
            around.append(page)
    return _newer(database, key_bucket, reached, sorted(newer), newest) or _compacted_put(
        database, key_bucket, around, compacted
    )


def _reached(database: Database, buckets: dict[bytes, Bucket]) -> bytearray:
    """By page number, whether a tree reaches it."""
    reached = bytearray(database.meta.high_water)
    for bucket in (database.root_bucket(), *buckets.values()):
        for number in bucket.pages():
            buffer, base = database.file.view(number * database.page_size, PAGE_HEADER.size)
            run = 1 + PAGE_HEADER.unpack_from(buffer, base)[3]
            reached[number : number + run] = b"\1" * run
    return reached


def _misnamed(database: Database, buckets: dict[bytes, Bucket]) -> Tear | None:
    """A page that begins with another key than its branch says."""
    for name, bucket in buckets.items():
        for number, named, first in bucket.first_keys():
            if named != first:
                problem = f"page {number} of bucket {name.decode(errors='replace')!r} is not the one its branch names"
                return Tear(number * database.page_size, problem)
    return None


def _gap(database: Database, key_bucket: Bucket, compacted: int) -> Tear | None:
    """Revisions that are missing. etcd begins with revision 1, and the first change has 2."""
    last = max(compacted, 1)
    for leaf in key_bucket.leaves():
        if leaf.elements and int.from_bytes(leaf.elements[-1].key[:8], "big") <= last:
            continue
        for element in leaf.elements:
            main = int.from_bytes(element.key[:8], "big")
            if main > last:
                # damage that has been noted is the reason for a gap
                if main != last + 1 and not database.damage:
                    problem = f"revision {main} follows on {last}: what changed between is missing"
                    return Tear(element.value_start + leaf.shift, problem)
                last = main
    return None


def _newer(
    database: Database, key_bucket: Bucket, reached: bytearray, found: list[ScannedPage], newest: int
) -> Tear | None:
    """Pages with newer revisions than the trees reach, if they are not those of the very next transaction."""
    if not found:
        return None
    if _is_next_transaction(database, found, newest) and not _is_later_still(database, reached):
        return _lost(database, key_bucket, found, newest)
    page = max(found, key=lambda page: page.last)
    problem = f"page {page.number} holds revision {_main(page.last)}, the newest that can be reached is {newest}"
    return Tear(page.number * database.page_size, problem)


def _is_next_transaction(database: Database, pages: list[ScannedPage], newest: int) -> bool:
    """
    Whether these pages continue the tree, each revision once and none left out.

    A process that is killed after it wrote a transaction's pages and before it wrote the meta page leaves them behind;
    the pages of the transaction before are then untouched.
    """
    last = (newest, -1)
    for page in pages:
        for element in _elements(database, page):
            revision = parse_revision_key(element.key)
            if revision is None or revision[0] <= newest:
                continue
            follows = revision[0] == last[0] and revision[1] > last[1]
            if not follows and revision[0] != last[0] + 1:
                return False
            last = revision
    return True


def _is_later_still(database: Database, reached: bytearray) -> bool:
    """
    Whether more than one transaction came after that of the meta page.

    Each writes the page that names the buckets anew, with the index of the last entry of the log that it has applied
    (`server/etcdserver/cindex`). A restored store begins to count these anew, and free pages may hold higher ones from
    before; what was compacted only ever grows.
    """
    meta = database.bucket(b"meta")
    own = _Progress(*(((meta and meta.get(name)) or b"")[:8] for name in _PROGRESS))
    later = 0
    for number in range(2, database.file.size // database.page_size):
        found = _progress(database, number) if reached[number : number + 1] != b"\1" else None
        if found and found.applied > own.applied and found.compacted >= own.compacted:
            later += 1
    return later > 1


class _Progress(NamedTuple):
    """How far a transaction's store had come, both big-endian."""

    applied: bytes
    compacted: bytes


def _progress(database: Database, number: int) -> _Progress | None:
    """What a page that names etcd's buckets tells; None for any other page."""
    data = database.file.read(number * database.page_size, database.page_size)
    own, flags, count, _ = PAGE_HEADER.unpack_from(data)
    if own != number or flags != LEAF or count == 0 or not LEAF_ELEMENT.unpack_from(data, PAGE_HEADER.size)[0]:
        return None
    # small as it is, the bucket with these keys lies in the page itself; a value follows its key
    places = [data.find(name) + len(name) for name in _PROGRESS]
    values = (data[at : at + 8] if at >= len(name) else b"" for name, at in zip(_PROGRESS, places, strict=True))
    return _Progress(*values)


def _lost(database: Database, key_bucket: Bucket, newer: list[ScannedPage], newest: int) -> Tear | None:
    """A revision that a page of the next transaction holds, so that it was not compacted, and the trees do not."""
    for page in newer:
        for element in _elements(database, page):
            if _main(element.key) <= newest and key_bucket.get(element.key) is None:
                problem = f"page {page.number} holds revision {_main(element.key)}, which cannot be reached"
                return Tear(page.number * database.page_size, problem)
    return None


def _compacted_put(database: Database, key_bucket: Bucket, around: list[ScannedPage], compacted: int) -> Tear | None:
    """A value of the very revision that was compacted, in a page that the trees do not reach, and not in them."""
    for page in around:
        for element in _elements(database, page):
            is_put = len(element.key) == REVISION_KEY.size
            if _main(element.key) == compacted and is_put and key_bucket.get(element.key) is None:
                problem = f"page {page.number} holds a value of revision {compacted}, which cannot be reached"
                return Tear(page.number * database.page_size, problem)
    return None


def _elements(database: Database, page: ScannedPage) -> list[Element]:
    leaf = read_leaf(database, page.number)
    return leaf.elements if leaf else []


def _main(key: bytes) -> int:
    return int.from_bytes(key[:8], "big")


__all__ = ["Tear", "find_tear"]
