"""
The pages of one tree of a bbolt database: branches, leaves and their elements, each checked before it is used.

Knows how bbolt lays a page out (`go.etcd.io/bbolt`, `internal/common/page.go`, `inode.go`); does not know how a tree is
walked, which is `bbolt.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from kstore.source.bbolt.database_file import DatabaseFile
from kstore.source.bbolt.format import (
    BRANCH,
    BRANCH_ELEMENT,
    BUCKET_ELEMENT,
    LEAF,
    LEAF_ELEMENT,
    PAGE_HEADER,
)


class Element(NamedTuple):
    """One element of a leaf, as places in the buffer that came with it."""

    flags: int
    key: bytes
    value_start: int
    value_end: int


class Leaf(NamedTuple):
    """A leaf page's elements, over a buffer that is only good until the next leaf is asked for."""

    buffer: bytes
    shift: int
    """What must be added to a place in the buffer to have its offset in the file."""
    elements: list[Element]


class TreePages:
    """
    The pages of a tree, by their numbers.

    Args:
        database: where it is; takes up what is wrong.
        name: what errors call it.
        root: its root page; 0 where it has none of its own.
    """

    def __init__(self, database: DatabaseFile, name: str, root: int) -> None:
        self.database = database
        self.name = name
        self.root = root

    def _header(self, number: int, low: bytes, high: bytes | None) -> tuple[int, int, int] | None:
        """Flags, count and overflow of a page that must be a branch or a leaf and be within the file."""
        database = self.database
        if not 2 <= number < database.meta.high_water:
            offset = min(number * database.page_size, database.file.size)
            problem = f"page {number} is none of the {database.meta.high_water} pages"
            database.fault(problem, offset, _range(self.name, low, high))
            return None
        offset = number * database.page_size
        if offset + database.page_size > database.file.size:
            self._fault("the page is cut off", number, low, high)
            return None
        buffer, base = database.file.view(offset, database.page_size)
        own, flags, count, overflow = PAGE_HEADER.unpack_from(buffer, base)
        if own != number or flags not in (BRANCH, LEAF):
            self._fault(f"the page calls itself {own} with flags {flags:#x}", number, low, high)
            return None
        if (
            number + overflow >= database.meta.high_water
            or (number + overflow + 1) * database.page_size > database.file.size
        ):
            self._fault(f"the page is said to have {overflow} more, beyond the file's end", number, low, high)
            return None
        if flags == BRANCH and count == 0:
            self._fault("a branch without children", number, low, high)
            return None
        return flags, count, overflow

    def _branch(
        self, number: int, count: int, overflow: int, low: bytes, high: bytes | None
    ) -> list[tuple[int, bytes, bytes | None]]:
        """
        A branch's children with their bounds; their keys are one after another, as in a leaf, from the least that the
        branch above names to less than the next (`tx_check.go`, `verifyKeyOrder`).
        """
        size = (overflow + 1) * self.database.page_size
        buffer, base = self.database.file.view(number * self.database.page_size, size)
        end = base + size
        place = base + PAGE_HEADER.size
        if place + count * BRANCH_ELEMENT.size > end:
            self._fault(f"{count} children do not fit in a branch", number, low, high)
            return []
        found: list[tuple[int, bytes]] = []
        last: bytes | None = None
        expected = place + count * BRANCH_ELEMENT.size
        for position, key_size, child in BRANCH_ELEMENT.iter_unpack(
            buffer[place : place + count * BRANCH_ELEMENT.size]
        ):
            begin = place + position
            key = buffer[begin : begin + key_size]
            if (
                begin != expected
                or begin + key_size > end
                or not key
                or (key < low if last is None else key <= last)
                or (high is not None and key >= high)
            ):
                self._fault(f"child {len(found)} of a branch has no key, or one out of order", number, low, high)
                return []
            found.append((child, key))
            last = key
            expected += key_size
            place += BRANCH_ELEMENT.size
        ends: list[bytes | None] = [key for _, key in found[1:]]
        ends.append(high)
        return [(child, key, end_key) for (child, key), end_key in zip(found, ends, strict=True)]

    def _leaf(self, number: int, low: bytes, high: bytes | None, containing: bytes = b"") -> Leaf | None:
        """One leaf with its elements; None when it does not contain these bytes, or its damage has been noted."""
        file, page_size = self.database.file, self.database.page_size
        offset = number * page_size
        buffer, base = file.view(offset, page_size)
        _, _, count, overflow = PAGE_HEADER.unpack_from(buffer, base)
        size = (overflow + 1) * page_size
        if base + size > len(buffer):
            buffer, base = file.view(offset, size)
        if containing and buffer.find(containing, base, base + size) < 0:
            return None
        shift = offset - base
        elements = self._elements(buffer, base, base + size, count, shift)
        # only the root may be empty, and then bbolt has left zeroes after its header
        if count == 0 and (number != self.root or any(buffer[base + PAGE_HEADER.size : base + size])):
            self._fault("a leaf without elements", number, low, high)
            return None
        if elements and (elements[0].key < low or (high is not None and elements[-1].key >= high)):
            self._fault("its keys are not between those that its branch names", number, low, high)
            return None
        return Leaf(buffer, shift, elements)

    def _elements(self, buffer: bytes, base: int, end: int, count: int, shift: int) -> list[Element]:
        """
        A leaf's elements. `WriteInodeToPage` lays keys and values one after another, in order and without gaps.
        """
        place = base + PAGE_HEADER.size
        table_end = place + count * LEAF_ELEMENT.size
        if table_end > end:
            self.database.fault(f"{count} elements do not fit in a leaf", base + shift, f"a leaf of {self.name}")
            return []
        elements: list[Element] = []
        append, make = elements.append, Element._make
        expected, last = table_end, b""
        for flags, position, key_size, value_size in LEAF_ELEMENT.iter_unpack(buffer[place:table_end]):
            begin = place + position
            middle = begin + key_size
            stop = middle + value_size
            key = buffer[begin:middle]
            if begin != expected or stop > end or key <= last or flags > BUCKET_ELEMENT:
                index = (place - base - PAGE_HEADER.size) // LEAF_ELEMENT.size
                self.database.fault(
                    f"element {index} of a leaf is out of place, out of order or of unknown flags",
                    place + shift,
                    f"{count - index} elements of {self.name} from {last.hex() or 'its beginning'} on",
                )
                break
            append(make((flags, key, middle, stop)))
            expected, last = stop, key
            place += LEAF_ELEMENT.size
        return elements

    def _fault(self, problem: str, number: int, low: bytes, high: bytes | None) -> None:
        offset = number * self.database.page_size
        self.database.fault(f"page {number}: {problem}", offset, _range(self.name, low, high))


def _range(name: str, low: bytes, high: bytes | None) -> str:
    begin = f"from {low.hex()}" if low else "from the beginning"
    return f"keys of {name} {begin} {'to the end' if high is None else f'up to {high.hex()}'}"
