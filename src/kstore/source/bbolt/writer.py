"""
New pages on top of a bbolt database: elements appended to one bucket, in a file that is otherwise a copy.

bbolt itself never changes a page that is in use: it writes new ones, up to the root, and then a meta page that names
the new root. So does this, with all new pages at the file's end; what they replace becomes free when bbolt opens the
file, which has no stored freelist, as no file of etcd's on Linux has. Knows nothing of etcd.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kstore.operating_system import write_at
from kstore.source.bbolt.database import Bucket, Database, Leaf
from kstore.source.bbolt.format import (
    BRANCH,
    BRANCH_ELEMENT,
    BUCKET_ELEMENT,
    BUCKET_HEADER,
    LEAF,
    LEAF_ELEMENT,
    NO_FREELIST,
    PAGE_HEADER,
    meta_page,
)

_FILL = 0.9
"""How full a page is made; what etcd sets for buckets to which keys are only appended (`backend/batch_tx.go`)."""
_COPY_CHUNK = 1 << 20
_KEPT_CHILDREN = 2
"""Every branch but the root must have two children: bbolt asserts it when it takes a page away (`node.rebalance`)."""

LeafItem = tuple[int, bytes, bytes]
"""An element's flags, key and value."""
BranchItem = tuple[bytes, int]
"""A child's first key and page."""


def leaf_page(number: int, items: list[LeafItem], page_size: int) -> bytes:
    """A leaf as `Node.write` lays it out: header, table, then keys and values; whole pages long."""
    table, data = bytearray(), bytearray()
    table_size = len(items) * LEAF_ELEMENT.size
    for index, (flags, key, value) in enumerate(items):
        position = table_size - index * LEAF_ELEMENT.size + len(data)
        table += LEAF_ELEMENT.pack(flags, position, len(key), len(value))
        data += key
        data += value
    return _page(number, LEAF, len(items), table + data, page_size)


def branch_page(number: int, items: list[BranchItem], page_size: int) -> bytes:
    """A branch, laid out as a leaf is."""
    table, data = bytearray(), bytearray()
    table_size = len(items) * BRANCH_ELEMENT.size
    for index, (key, child) in enumerate(items):
        table += BRANCH_ELEMENT.pack(table_size - index * BRANCH_ELEMENT.size + len(data), len(key), child)
        data += key
    return _page(number, BRANCH, len(items), table + data, page_size)


def _page(number: int, flags: int, count: int, body: bytes | bytearray, page_size: int) -> bytes:
    pages = -(-(PAGE_HEADER.size + len(body)) // page_size)
    return (PAGE_HEADER.pack(number, flags, count, pages - 1) + body).ljust(pages * page_size, b"\0")


class DatabaseCopy:
    """
    A copy of a database in another file, to which pages are added.

    Args:
        database: what to copy.
        descriptor: an empty file, open for reading and writing; not closed here.
    """

    def __init__(self, database: Database, descriptor: int) -> None:
        self.database = database
        self.descriptor = descriptor
        self.next_page = database.meta.high_water
        size = self.next_page * database.page_size
        for offset in range(0, size, _COPY_CHUNK):
            write_at(descriptor, database.file.read(offset, min(_COPY_CHUNK, size - offset)), offset)

    def add_leaf(self, items: list[LeafItem]) -> int:
        """Write a leaf to new pages; its number."""
        return self._add(leaf_page(self.next_page, items, self.database.page_size))

    def add_branch(self, items: list[BranchItem]) -> int:
        """Write a branch to new pages; its number."""
        return self._add(branch_page(self.next_page, items, self.database.page_size))

    def _add(self, page: bytes) -> int:
        number = self.next_page
        write_at(self.descriptor, page, number * self.database.page_size)
        self.next_page += len(page) // self.database.page_size
        return number

    def set_bucket_root(self, name: bytes, root: int, sequence: int) -> None:
        """Name a bucket's new root page in the root bucket, and the root bucket's in both meta pages."""
        meta = self.database.meta
        new_root = self._with_root(meta.root, name, (BUCKET_ELEMENT, name, BUCKET_HEADER.pack(root, sequence)))
        newest = replace(
            meta,
            root=new_root,
            freelist=NO_FREELIST,
            high_water=self.next_page,
            transaction=meta.transaction + 1,
        )
        # both pages name the new root, as in a snapshot that bbolt writes (`Tx.WriteTo`)
        for each in (newest, replace(newest, transaction=meta.transaction)):
            write_at(self.descriptor, meta_page(each), each.transaction % 2 * meta.page_size)

    def _with_root(self, page: int, name: bytes, item: LeafItem) -> int:
        """The new page for a page of the root bucket's tree, in which the named bucket's element is replaced."""
        node = self.database.root_bucket().node(page)
        if not isinstance(node, Leaf):
            index = max((i for i, (key, _) in enumerate(node) if key <= name), default=0)
            node[index] = (node[index][0], self._with_root(node[index][1], name, item))
            return self.add_branch(node)
        buffer, _, elements = node
        return self.add_leaf(
            [item if key == name else (flags, key, buffer[start:end]) for flags, key, start, end in elements]
        )


@dataclass(slots=True)
class _Branch:
    """The branch of one level that is being filled."""

    items: list[BranchItem]

    def size(self, count: int) -> int:
        return PAGE_HEADER.size + sum(BRANCH_ELEMENT.size + len(key) for key, _ in self.items[:count])


class BucketAppender:
    """
    Appends elements after the last of a bucket: only the nodes at the tree's right edge are held, and written anew.

    Args:
        copy: the file to write to.
        bucket: the bucket, as the copied database has it.
    """

    def __init__(self, copy: DatabaseCopy, bucket: Bucket) -> None:
        self.copy = copy
        self._limit = int(copy.database.page_size * _FILL)
        branches, leaf = bucket.right_edge()
        self._branches = [_Branch(children[:-1]) for children in reversed(branches)]
        """The open branches, from the leaves' parents upwards."""
        self._leaf: list[LeafItem] = []
        if leaf is not None:
            buffer, _, elements = leaf
            self._leaf = [(flags, key, buffer[start:end]) for flags, key, start, end in elements]
        self._leaf_size = PAGE_HEADER.size + sum(_size(key, value) for _, key, value in self._leaf)

    def append(self, key: bytes, value: bytes) -> None:
        """Add an element; its key must be after all that are there."""
        size = _size(key, value)
        if self._leaf and self._leaf_size + size > self._limit:
            self._flush_leaf()
        self._leaf.append((0, key, value))
        self._leaf_size += size

    def finish(self) -> int:
        """Write what is still open; the number of the tree's root page."""
        first = self._leaf[0][1] if self._leaf else b""
        root = self.copy.add_leaf(self._leaf)
        for level, branch in enumerate(self._branches):
            # a root of one child is no root: the child is
            if branch.items or level + 1 < len(self._branches):
                branch.items.append((first, root))
                first, root = branch.items[0][0], self.copy.add_branch(branch.items)
        return root

    def _flush_leaf(self) -> None:
        self._push(0, self._leaf[0][1], self.copy.add_leaf(self._leaf))
        self._leaf, self._leaf_size = [], PAGE_HEADER.size

    def _push(self, level: int, key: bytes, page: int) -> None:
        """Add a child to the branch of a level; when the branch is full, all but its last children are written."""
        if level == len(self._branches):
            self._branches.append(_Branch([]))
        branch = self._branches[level]
        branch.items.append((key, page))
        done = len(branch.items) - _KEPT_CHILDREN
        if done >= _KEPT_CHILDREN and branch.size(done) + BRANCH_ELEMENT.size + len(key) > self._limit:
            written, branch.items = branch.items[:done], branch.items[done:]
            self._push(level + 1, written[0][0], self.copy.add_branch(written))


def _size(key: bytes, value: bytes) -> int:
    return LEAF_ELEMENT.size + len(key) + len(value)
