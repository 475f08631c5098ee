"""
The trees of a bbolt database: its buckets, their branches and leaves, and what is wrong with them.

Knows how pages make up trees (`go.etcd.io/bbolt`, `bucket.go`, `node.go`); how one is laid out knows `pages.py`.
Knows nothing of etcd. Reading only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from kstore.source.bbolt.database_file import Damage, DatabaseFile
from kstore.source.bbolt.format import (
    BRANCH,
    BRANCH_ELEMENT,
    BUCKET_ELEMENT,
    BUCKET_HEADER,
    LEAF,
    NO_FREELIST,
    PAGE_HEADER,
    read_meta,
)
from kstore.source.bbolt.pages import Element, Leaf, TreePages

_MAX_DEPTH = 32
"""A tree of two keys a page would hold four thousand million elements at this depth."""


class Database(DatabaseFile):
    """The buckets of a bbolt file."""

    def buckets(self) -> Iterator[tuple[bytes, Bucket]]:
        """The buckets of the root bucket, by name."""
        return self.root_bucket().children()

    def bucket(self, name: bytes) -> Bucket | None:
        """The bucket of that name in the root bucket."""
        for found, bucket in self.buckets():
            if found == name:
                return bucket
        return None

    def root_bucket(self) -> Bucket:
        """The bucket that holds the others."""
        return Bucket(self, "the root bucket", self.meta.root)

    def transaction(self) -> int:
        """The transaction that the file is at now; another than `meta.transaction` when somebody wrote to it."""
        return read_meta(self.file).transaction

    def pages_in_use(self) -> int:
        """How many pages the meta pages, the freelist, the root bucket and its buckets take (etcd nests no deeper)."""
        trees = [self.root_bucket(), *(bucket for _, bucket in self.buckets())]
        count = 2 + sum(self._run(number) for tree in trees for number in tree.pages())
        return count if self.meta.freelist == NO_FREELIST else count + self._run(self.meta.freelist)

    def _run(self, number: int) -> int:
        """How many pages a page takes, itself and its overflow."""
        buffer, base = self.file.view(number * self.page_size, PAGE_HEADER.size)
        return 1 + int(PAGE_HEADER.unpack_from(buffer, base)[3])


class Bucket(TreePages):
    """
    One bucket: a tree of pages, or a single page inline in the bucket that holds it.

    Args:
        database: where it is.
        name: what errors call it.
        root: its root page; 0 for an inline bucket.
        inline: where an inline bucket's page begins and ends in the file.
    """

    def __init__(
        self, database: DatabaseFile, name: str, root: int, *, sequence: int = 0, inline: tuple[int, int] = (0, 0)
    ) -> None:
        super().__init__(database, name, root)
        self.sequence = sequence
        self.inline = inline

    def children(self) -> Iterator[tuple[bytes, Bucket]]:
        """The buckets in this bucket, by name."""
        for buffer, shift, elements in self.leaves():
            for flags, name, start, end in elements:
                if flags & BUCKET_ELEMENT:
                    child = self._child(name, buffer[start:end], start + shift)
                    if child is not None:
                        yield name, child

    def _child(self, name: bytes, value: bytes, offset: int) -> Bucket | None:
        label = f"bucket {name.decode(errors='replace')!r}"
        header = BUCKET_HEADER.size
        if len(value) < header:
            self.database.fault(f"a bucket's header has {header} bytes, here are {len(value)}", offset, label)
            return None
        root, sequence = BUCKET_HEADER.unpack_from(value)
        inline = (offset + header, offset + len(value)) if root == 0 else (0, 0)
        return Bucket(self.database, label, root, sequence=sequence, inline=inline)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values in key order; nested buckets are left out."""
        for buffer, _, elements in self.leaves():
            for flags, key, start, end in elements:
                if not flags & BUCKET_ELEMENT:
                    yield key, buffer[start:end]

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        for buffer, _, elements in self.leaves(start=key, stop=key):
            for flags, found, begin, end in elements:
                if found == key and not flags & BUCKET_ELEMENT:
                    return buffer[begin:end]
        return None

    def leaves(self, *, start: bytes = b"", stop: bytes | None = None, containing: bytes = b"") -> Iterator[Leaf]:
        """
        The leaves in key order, each with its elements checked.

        Args:
            start: leave out leaves that end before this key.
            stop: end before the leaves that begin after this key.
            containing: leave out leaves in which these bytes are not, without looking at their elements.

        Raises:
            DamagedStore: a page is not what it must be, and the database does not salvage.
        """
        if self.root == 0:
            yield from self._inline_leaf()
            return
        if containing and self.database.guarded and not self.database.salvage:
            pages = self._pages_with(containing, start, stop)
        else:
            pages = self._leaf_pages(start, stop)
        for number, low, high in pages:  # whose bounds follow on one another
            leaf = self._leaf(number, low, high, containing)
            if leaf is not None:
                yield leaf

    def node(self, number: int) -> list[tuple[bytes, int]] | Leaf:
        """
        One page of the tree, whatever its place: a branch's children with their keys, or a leaf.

        Raises:
            DamagedStore: it is neither, or does not hold.
        """
        header = self._header(number, b"", None)
        if header is not None:
            flags, count, overflow = header
            if flags == BRANCH:
                return [(key, child) for child, key, _ in self._branch(number, count, overflow, b"", None)]
            leaf = self._leaf(number, b"", None)
            if leaf is not None:
                return leaf
        raise self.database.file.damaged(f"page {number} cannot be read", number * self.database.page_size)

    def right_edge(self) -> tuple[list[list[tuple[bytes, int]]], Leaf | None]:
        """The nodes that end the tree: the last branch of each level, from the root down, and the last leaf."""
        if self.root == 0:
            return [], next(self._inline_leaf(), None)
        branches: list[list[tuple[bytes, int]]] = []
        number = self.root
        while len(branches) <= _MAX_DEPTH:
            node = self.node(number)
            if isinstance(node, Leaf):
                return branches, node
            branches.append(node)
            number = node[-1][1]
        raise self.database.file.damaged("the tree's branches run in a circle", number * self.database.page_size)

    def last_leaf(self) -> Leaf | None:
        """The last leaf: a bucket's newest elements, where keys only ever grow."""
        if self.root == 0:
            return next(self._inline_leaf(), None)
        found: Leaf | None = None
        for number, low, high in self._leaf_pages(b"", None, last=True):
            found = self._leaf(number, low, high) or found
        return found

    def pages(self) -> Iterator[int]:
        """The numbers of the pages of this bucket's own tree, branches and leaves, without their overflow."""
        seen: set[int] = set()
        if self.root:
            for number, _, _ in self._leaf_pages(b"", None, branches=seen):
                yield number
            yield from seen

    def has_root(self) -> bool:
        """Whether the root page can be read; without it nothing of the tree can."""
        return self.root == 0 or self._header(self.root, b"", None) is not None

    def first_keys(self) -> Iterator[tuple[int, bytes, bytes]]:
        """The leaves that a branch names: number, the key that it is named by, and the one that it begins with."""
        for number, low, high in self._leaf_pages(b"", None) if self.root else ():
            leaf = self._leaf(number, low, high) if low else None
            if leaf and leaf.elements:
                yield number, low, leaf.elements[0].key

    def _inline_leaf(self) -> Iterator[Leaf]:
        begin, end = self.inline
        buffer = self.database.file.read(begin, end - begin)
        if len(buffer) < PAGE_HEADER.size:
            self.database.fault("an inline bucket without a page", begin, self.name)
            return
        _, flags, count, _ = PAGE_HEADER.unpack_from(buffer)
        if flags != LEAF:
            self.database.fault(f"an inline bucket's page has flags {flags:#x}, a leaf has {LEAF:#x}", begin, self.name)
            return
        elements = self._elements(buffer, 0, len(buffer), count, begin)
        yield Leaf(buffer, begin, elements)

    def _pages_with(self, sought: bytes, start: bytes, stop: bytes | None) -> Iterator[tuple[int, bytes, bytes | None]]:
        """
        As `_leaf_pages`, but only those in which these bytes are: the file is searched as a whole, and what was found
        is looked up among the leaves by their numbers. The other leaves are not read, so a checksum must guard them.
        """
        numbers, parents = self._numbers()
        wanted: set[int] = set()
        for offset in self.database.file.places(sought):
            # a page with more pages after it owns all bytes up to the next
            index = bisect_right(numbers, offset // self.database.page_size)
            wanted.update(numbers[index - 1 : index])
        above = list(wanted)
        while above:
            branch = parents.get(above.pop(), self.root)
            if branch not in wanted:
                wanted.add(branch)
                above.append(branch)
        yield from self._leaf_pages(start, stop, only=wanted)

    def _numbers(self) -> tuple[list[int], dict[int, int]]:
        """The numbers of all leaves, ascending, and of each page's branch; all leaves are equally deep."""
        file, page_size = self.database.file, self.database.page_size
        level, parents = [self.root], {}
        for _ in self.right_edge()[0]:
            below: list[int] = []
            for number in level:
                header = self._header(number, b"", None)
                if header is not None:
                    buffer, base = file.view(number * page_size, (header[2] + 1) * page_size)
                    table = buffer[base + PAGE_HEADER.size : base + PAGE_HEADER.size + header[1] * BRANCH_ELEMENT.size]
                    children = [child for _, _, child in BRANCH_ELEMENT.iter_unpack(table)]
                    parents.update(dict.fromkeys(children, number))
                    below += children
            level = list(dict.fromkeys(below))
        return sorted(level), parents

    def _leaf_pages(
        self,
        start: bytes,
        stop: bytes | None,
        *,
        last: bool = False,
        branches: set[int] | None = None,
        only: set[int] | None = None,
    ) -> Iterator[tuple[int, bytes, bytes | None]]:
        """
        The leaf pages in key order, with the bounds that their parents give: the least key and the one after all.

        A page's kind is only known when it is read, so leaves pass through here once and are read again (from the
        window) by `_leaf`. Of branches and leaves, `only` these are followed if it is given.
        """
        seen: set[int] = branches if branches is not None else set()
        stack: list[tuple[int, bytes, bytes | None, int]] = [(self.root, b"", None, 0)]
        while stack:
            number, low, high, depth = stack.pop()
            header = self._header(number, low, high)
            if header is None:
                continue
            flags, count, overflow = header
            if flags == LEAF:
                yield number, low, high
                continue
            if number in seen or depth > _MAX_DEPTH:
                self._fault("the tree's branches run in a circle", number, low, high)
                continue
            seen.add(number)
            children = self._branch(number, count, overflow, low, high)
            if last:
                children = children[-1:]
            stack += [
                (child, begin, end, depth + 1)
                for child, begin, end in reversed(children)
                if (end is None or end > start) and (stop is None or begin <= stop) and (only is None or child in only)
            ]


__all__ = ["Bucket", "Damage", "Database", "Element", "Leaf"]
