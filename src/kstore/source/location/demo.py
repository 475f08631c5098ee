"""
The demo store: a small cluster that kstore carries with it, as a snapshot, compressed.

Unpacked once for each version of it into the user's cache, or, where that cannot be written, into a temporary
file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from kstore.demo import PACKED
from kstore.errors import StoreNotFound
from kstore.operating_system import is_own, user
from kstore.source.interface import Source
from kstore.source.user_cache import cache_folder, write_whole


def open_demo() -> Source:
    """
    The demo store, read only like every snapshot.

    Raises:
        StoreNotFound: this installation was packed without it.
    """
    from kstore.source.snapshot.source import SnapshotSource

    return SnapshotSource(unpacked(), shown="demo")


def unpacked(cache: Path | None = None) -> Path:
    """
    The demo store as a file.

    Args:
        cache: where to keep it; the XDG cache directory if None.

    Raises:
        StoreNotFound: this installation was packed without it.
    """
    try:
        packed = PACKED.read_bytes()
    except FileNotFoundError:
        raise StoreNotFound("this installation of kstore has no demo store", where="demo") from None
    digest = hashlib.sha256(packed).hexdigest()[:16]
    for folder in _folders(cache):
        path = folder / f"demo-{digest}.db"
        if path.exists() and is_own(path.stat()):
            return path
        import lzma

        try:
            write_whole(path, lzma.decompress(packed))
        except OSError:
            continue
        return path
    raise StoreNotFound("neither the cache nor the temporary directory can be written", where="demo")


def _folders(cache: Path | None) -> Iterator[Path]:
    if (folder := cache or cache_folder()) is not None:
        yield folder
    import tempfile

    yield Path(tempfile.gettempdir()) / f"kstore-{user()}"
