"""
Whether a database file is torn: copied page by page while an etcd wrote to it.

bbolt never writes to a page that its last two transactions reach, but those that come after do. A slow copy therefore
mixes pages of many transactions under the meta page of the first. What such a file shows depends on which pages were
written to again; its trees may well hold together. Three things are so in every file that holds one transaction:

- a page begins with the very key that its branch names it by (bbolt's `node.spill` puts that key there);
- revisions follow one another without a gap from the one that was compacted, since each change has the next one and
  only a compaction removes any (`server/storage/mvcc/kvstore_txn.go`, `kvstore_compaction.go`);
- no page holds a newer revision than the trees, but those of the one transaction that a crash kept from its meta page.
"""

from __future__ import annotations

from dataclasses import dataclass

from kstore.source.bbolt.database import Bucket, Database
from kstore.source.bbolt.format import PAGE_HEADER
from kstore.source.mvcc.key_value import parse_revision_key
from kstore.source.mvcc.page_scan import ScannedPage, read_leaf, scan


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
    return _misnamed(database, buckets) or _gap(database, key_bucket, compacted) or _newer(database, reached, newest)


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


def _newer(database: Database, reached: bytearray, newest: int) -> Tear | None:
    """Pages with newer revisions than the trees reach, if they are not those of the very next transaction."""
    found = [page for page in scan(database, reached=reached) if _main(page.last) > newest]
    if not found or _is_next_transaction(database, sorted(found), newest):
        return None
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
        leaf = read_leaf(database, page.number)
        for element in leaf.elements if leaf else ():
            revision = parse_revision_key(element.key)
            if revision is None or revision[0] <= newest:
                continue
            follows = revision[0] == last[0] and revision[1] > last[1]
            if not follows and revision[0] != last[0] + 1:
                return False
            last = revision
    return True


def _main(key: bytes) -> int:
    return int.from_bytes(key[:8], "big")


__all__ = ["Tear", "find_tear"]
