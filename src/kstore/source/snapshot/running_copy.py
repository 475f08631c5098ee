"""
A consistent copy of a database that a running process writes to, taken without its lock.

bbolt never writes to a page that its last committed transaction can reach: transaction T+1 only writes pages that are
free in T, and T+2, which may reuse what T+1 freed, begins after T+1's meta page is written. So a page that T reaches
is sure to be as T has it while the newest meta page says T; and a page that T and T+1 both reach is the same in both.
The copy reads in small batches, looks at the meta page after each, and when it has moved by one keeps what both
transactions reach. Only when it has moved further, between two looks, must it begin again.

Knows bbolt's pages; nothing of etcd.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import replace

from kstore.errors import DamagedStore, SourceError
from kstore.operating_system import write_at
from kstore.source.bbolt.format import (
    BRANCH,
    BRANCH_ELEMENT,
    BUCKET_ELEMENT,
    BUCKET_HEADER,
    LEAF,
    LEAF_ELEMENT,
    NO_FREELIST,
    PAGE_HEADER,
    Meta,
    meta_page,
    read_meta,
)
from kstore.source.bbolt.page_file import PageFile

_BATCH = 1 << 20
_ROUNDS = 500
"""How often the tree may change under the copy before it gives up."""


def copy_running(file: PageFile) -> PageFile:
    """
    A consistent copy, in a temporary file that is gone when it is closed.

    Raises:
        SourceError: the database changes faster than it can be read.
        DamagedStore: its pages do not hold.
    """
    copy = _Copy(file)
    for _ in range(_ROUNDS):
        if copy.round():
            return copy.finish()
    copy.target.close()
    raise SourceError(
        "the database changes faster than it can be read",
        where=file.name,
        hint="ask the etcd itself, or take a snapshot of it",
    )


class _Moved(Exception):
    """The newest transaction is another than the one being copied."""


class _Copy:
    def __init__(self, file: PageFile) -> None:
        import tempfile

        self.file = file
        self.target = tempfile.TemporaryFile(prefix="kstore-")  # noqa: SIM115 - lives on in the PageFile
        self.meta = self._newest()
        self.copied: set[int] = set()
        """Leaf pages that the target has as `meta` has them."""

    def _newest(self) -> Meta:
        self.file.size = os.fstat(self.file.descriptor).st_size
        return read_meta(self.file)

    def _still(self) -> None:
        if self._newest() != self.meta:
            raise _Moved

    def round(self) -> bool:
        """Copy what is missing of the newest transaction; False when another has come before that was done."""
        try:
            branches, leaves = self._reachable()
            self.copied &= leaves
            for batch in self._batches(sorted(leaves - self.copied)):
                self._still()
                self.copied.update(batch)
        except (_Moved, DamagedStore, struct.error):
            newest = self._newest()
            if newest == self.meta:
                raise
            if newest.transaction > self.meta.transaction + 1:
                self.copied.clear()
            self.meta = newest
            return False
        for number, data in branches.items():
            write_at(self.target.fileno(), data, number * self.meta.page_size)
        return True

    def _batches(self, numbers: list[int]) -> Iterator[list[int]]:
        """Copy leaves to the target; yield the numbers of each batch, which count once the meta page is unmoved."""
        batch: list[int] = []
        size = 0
        for number in numbers:
            data = self._page(number)
            write_at(self.target.fileno(), data, number * self.meta.page_size)
            batch.append(number)
            size += len(data)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
        yield batch

    def _page(self, number: int) -> bytes:
        """A page with its overflow, as it is in the file now."""
        page_size = self.meta.page_size
        data = self.file.read(number * page_size, page_size)
        own, flags, _, overflow = PAGE_HEADER.unpack_from(data)
        if own != number or flags not in (BRANCH, LEAF) or number + overflow >= self.meta.high_water:
            raise self.file.damaged(f"page {number} calls itself {own} with flags {flags:#x}", number * page_size)
        return data + self.file.read((number + 1) * page_size, overflow * page_size) if overflow else data

    def _reachable(self) -> tuple[dict[int, bytes], set[int]]:
        """The branch pages that the transaction reaches, with their bytes, and the numbers of its leaves."""
        branches: dict[int, bytes] = {}
        leaves: set[int] = set()
        roots = [self.meta.root]
        while roots:
            found = self._tree(roots.pop(), branches)
            if not leaves:  # the root bucket's own leaves name the other buckets
                roots += [root for number in found for root in _bucket_roots(self._page(number))]
            leaves |= found
        self._still()
        return branches, leaves

    def _tree(self, root: int, branches: dict[int, bytes]) -> set[int]:
        """The leaves of one tree. All leaves of a B+tree are equally deep, so one in each level tells them apart."""
        level = {root}
        while True:
            page = self._page(min(level))
            if PAGE_HEADER.unpack_from(page)[1] == LEAF:
                return level
            below: set[int] = set()
            for number in level:
                page = self._page(number)
                _, flags, count, _ = PAGE_HEADER.unpack_from(page)
                if flags != BRANCH or number in branches:
                    raise self.file.damaged(f"page {number} is no branch, or is met twice", number * len(page))
                branches[number] = page
                end = PAGE_HEADER.size + count * BRANCH_ELEMENT.size
                below.update(child for _, _, child in BRANCH_ELEMENT.iter_unpack(page[PAGE_HEADER.size : end]))
            level = below

    def finish(self) -> PageFile:
        """The copy, with its meta page in front."""
        size = self.meta.page_size
        os.ftruncate(self.target.fileno(), self.meta.high_water * size)
        # as in a snapshot, both meta pages are there and the freelist is not
        older = replace(self.meta, transaction=self.meta.transaction - 1)
        for meta in (older, self.meta):
            write_at(self.target.fileno(), meta_page(replace(meta, freelist=NO_FREELIST)), meta.transaction % 2 * size)
        descriptor = os.dup(self.target.fileno())
        self.target.close()
        return PageFile(descriptor, self.meta.high_water * size, self.file.name)


def _bucket_roots(page: bytes) -> Iterator[int]:
    """The root pages of the buckets in a leaf; inline buckets have none."""
    _, _, count, _ = PAGE_HEADER.unpack_from(page)
    place = PAGE_HEADER.size
    for _ in range(count):
        flags, position, key_size, size = LEAF_ELEMENT.unpack_from(page, place)
        if flags & BUCKET_ELEMENT and size >= BUCKET_HEADER.size:
            root, _ = BUCKET_HEADER.unpack_from(page, place + position + key_size)
            if root:
                yield root
        place += LEAF_ELEMENT.size
