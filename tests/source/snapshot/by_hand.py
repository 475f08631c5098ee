"""
Pages of an etcd's database, made by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kstore.source.bbolt.format import BUCKET_ELEMENT, BUCKET_HEADER, LEAF_ELEMENT, NO_FREELIST, PAGE_HEADER, Meta
from kstore.source.bbolt.format import meta_page as bbolt_meta
from kstore.source.bbolt.writer import leaf_page

PAGE = 4096
KEY_PAGE = 3
"""Where the tree of the bucket `key` is: one leaf."""


def root_page(number: int, meta: Mapping[bytes, int | bytes]) -> bytes:
    """The page that names etcd's buckets; small as it is, `meta` lies in it."""
    known = {name: value if isinstance(value, bytes) else value.to_bytes(8, "big") for name, value in meta.items()}
    inside = [(0, name, value) for name, value in sorted(known.items())]
    size = PAGE_HEADER.size + sum(LEAF_ELEMENT.size + len(name) + len(value) for _, name, value in inside)
    buckets = [
        (BUCKET_ELEMENT, b"key", BUCKET_HEADER.pack(KEY_PAGE, 0)),
        (BUCKET_ELEMENT, b"meta", BUCKET_HEADER.pack(0, 0) + leaf_page(0, inside, PAGE)[:size]),
    ]
    return leaf_page(number, buckets, PAGE)


def database(path: Path, meta: Mapping[bytes, int | bytes], entries: Mapping[bytes, bytes], *unreached: bytes) -> Path:
    """A database whose bucket `key` has these entries, and pages that no tree reaches, from page 4 on."""
    keys = leaf_page(KEY_PAGE, [(0, key, value) for key, value in sorted(entries.items())], PAGE)
    metas = [bbolt_meta(Meta(PAGE, 2, NO_FREELIST, KEY_PAGE + 1, number)) for number in (4, 3)]
    path.write_bytes(b"".join([*metas, root_page(2, meta), keys, *unreached]))
    return path
