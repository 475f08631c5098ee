"""
Compressed streams, told by their first bytes: gzip, zstd, xz, bzip2.

Knows each format's magic number and which library reads it. Knows nothing of what is compressed, nor of archives.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import IO, cast

LONGEST_MAGIC = 6
_Opener = Callable[[IO[bytes]], IO[bytes]]


def _gzip(stream: IO[bytes]) -> IO[bytes]:
    import gzip

    return cast(IO[bytes], gzip.GzipFile(fileobj=stream))


def _bzip2(stream: IO[bytes]) -> IO[bytes]:
    import bz2

    return cast(IO[bytes], bz2.BZ2File(stream))


def _xz(stream: IO[bytes]) -> IO[bytes]:
    import lzma

    return cast(IO[bytes], lzma.LZMAFile(stream))


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return cast(IO[bytes], zstd.ZstdFile(stream))
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
    return cast(IO[bytes], io.BufferedReader(cast(io.RawIOBase, reader)))


_FORMATS: tuple[tuple[bytes, str, _Opener], ...] = (
    (b"\x1f\x8b", "gzip", _gzip),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    (b"\xfd7zXZ\0", "xz", _xz),
    (b"BZh", "bzip2", _bzip2),
)


def format_of(head: bytes) -> str:
    """The name of the compression that begins so; empty for anything else."""
    return next((name for magic, name, _ in _FORMATS if head.startswith(magic)), "")


def decompressed(stream: IO[bytes], head: bytes) -> IO[bytes]:
    """What is compressed in a stream that begins with `head`, and is at its beginning."""
    return next(opener for magic, _, opener in _FORMATS if head.startswith(magic))(stream)


def unpacking_errors() -> tuple[type[Exception], ...]:
    """What the libraries raise of a stream that is damaged, breaks off, or needs a password."""
    import lzma
    import tarfile
    import zipfile
    import zlib

    found: list[type[Exception]] = [EOFError, OSError, zlib.error, lzma.LZMAError, ValueError]
    found += [tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError]
    if sys.version_info >= (3, 14):
        from compression import zstd

        found.append(zstd.ZstdError)
    elif "zstandard" in sys.modules:
        found.append(sys.modules["zstandard"].ZstdError)
    return tuple(found)


__all__ = ["LONGEST_MAGIC", "decompressed", "format_of", "unpacking_errors"]
