"""
The demo store: a small cluster that kstore carries with it, as a snapshot, compressed.

Unpacked once for each version of it into the user's cache, or, where that cannot be written, into a temporary
file.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import tempfile
from importlib.resources import files
from pathlib import Path

from kstore.errors import StoreNotFound
from kstore.source.interface import Source


def open_demo() -> Source:
    """
    The demo store, read only like every snapshot.

    Raises:
        StoreNotFound: this installation was packed without it.
    """
    from kstore.source.snapshot import SnapshotSource

    return SnapshotSource(unpacked())


def unpacked(cache: Path | None = None) -> Path:
    """
    The demo store as a file.

    Args:
        cache: where to keep it; the XDG cache directory if None.

    Raises:
        StoreNotFound: this installation was packed without it.
    """
    try:
        packed = (files("kstore") / "demo" / "demo.db.xz").read_bytes()
    except FileNotFoundError:
        raise StoreNotFound("this installation of kstore has no demo store", where="demo") from None
    digest = hashlib.sha256(packed).hexdigest()[:16]
    for folder in (cache or _cache(), Path(tempfile.gettempdir()) / f"kstore-{os.getuid()}"):
        path = folder / f"demo-{digest}.db"
        if path.exists() and path.stat().st_uid == os.getuid():
            return path
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_whole(path, lzma.decompress(packed))
        except OSError:
            continue
        return path
    raise StoreNotFound("neither the cache nor the temporary directory can be written", where="demo")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kstore"


def _write_whole(path: Path, content: bytes) -> None:
    """Another process sees the file complete or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
