"""
bbolt's file format: the layout of pages and elements, and the two meta pages with which a file begins.

Knows `go.etcd.io/bbolt`, `internal/common/page.go`, `meta.go` and `bucket.go`, as they have been since 2014. The trees
that the pages make up are `bbolt`'s to read and `bbolt_write`'s to add to.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from kstore.errors import NotADatabase
from kstore.source.bbolt.page_file import PageFile

MAGIC = 0xED0CDAED
VERSION = 2
BRANCH, LEAF, META, FREELIST = 0x01, 0x02, 0x04, 0x10
BUCKET_ELEMENT = 0x01
"""The flag of a leaf element whose value is a nested bucket."""
NO_FREELIST = 0xFFFF_FFFF_FFFF_FFFF
"""The freelist's page number where none is stored: etcd runs with `NoFreelistSync`, and so do its snapshots."""

PAGE_HEADER = struct.Struct("<QHHI")
"""Page number, flags, count of elements, further pages that belong to this one."""
META_BODY = struct.Struct("<IIIIQQQQQQ")
"""Magic, version, page size, flags, root page, sequence, freelist page, high-water page, transaction, checksum."""
BRANCH_ELEMENT = struct.Struct("<IIQ")
"""Where the key is (from the element), its size, the child's page."""
LEAF_ELEMENT = struct.Struct("<IIII")
"""Flags, where the key is (from the element), the sizes of key and value, which follows the key."""
BUCKET_HEADER = struct.Struct("<QQ")
"""A bucket's root page (0: the page follows inline) and sequence."""

_PAGE_SIZES = [1 << power for power in range(9, 25)]


@dataclass(frozen=True, slots=True)
class Meta:
    """One of the two meta pages."""

    page_size: int
    root: int
    freelist: int
    high_water: int
    """The number of the first page after all that are in use or free."""
    transaction: int


def checksum(data: bytes) -> int:
    """The 64-bit FNV-1a hash that guards a meta page (`Meta.Sum64`)."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFF_FFFF_FFFF_FFFF
    return value


def read_meta(file: PageFile) -> Meta:
    """
    The newer of the meta pages whose checksum holds, as `DB.mmap` chooses it.

    Raises:
        NotADatabase: neither page has the magic number.
        DamagedStore: no page's checksum holds.
    """
    first, known = _meta_at(file, 0)
    sizes = [first.page_size] if first else _PAGE_SIZES
    found = [first] if first else []
    for size in sizes:
        meta, magic = _meta_at(file, size)
        known = known or magic
        if meta is not None and meta.page_size == size:
            found.append(meta)
            break
    if found:
        return max(found, key=lambda meta: meta.transaction)
    if known:
        raise file.damaged("the checksum of neither meta page holds", 0)
    raise NotADatabase(
        "this is no bbolt database: it does not begin with a meta page",
        where=file.name,
        hint="an etcd snapshot, member/snap/db or a data directory is expected",
    )


def _meta_at(file: PageFile, offset: int) -> tuple[Meta | None, bool]:
    """The meta page at a byte, if it holds; and whether it has the magic number at least."""
    if offset + PAGE_HEADER.size + META_BODY.size > file.size:
        return None, False
    body = file.read(offset + PAGE_HEADER.size, META_BODY.size)
    magic, version, page_size, _, root, _, freelist, high_water, transaction, stored = META_BODY.unpack(body)
    good = (
        magic == MAGIC
        and version == VERSION
        and stored == checksum(body[:-8])
        and page_size in _PAGE_SIZES
        and 2 <= root < high_water < 1 << 48
    )
    return (Meta(page_size, root, freelist, high_water, transaction) if good else None), magic == MAGIC


def meta_page(meta: Meta) -> bytes:
    """A meta page, as `Meta.Write` makes it; it belongs into page 0 or 1, whichever its transaction modulo 2 is."""
    body = META_BODY.pack(
        MAGIC, VERSION, meta.page_size, 0, meta.root, 0, meta.freelist, meta.high_water, meta.transaction, 0
    )
    header = PAGE_HEADER.pack(meta.transaction % 2, META, 0, 0)
    return (header + body[:-8] + checksum(body[:-8]).to_bytes(8, "little")).ljust(meta.page_size, b"\0")
