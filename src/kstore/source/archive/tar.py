"""
The files of a tar, in one pass over a stream; every archive ends with its end mark, or is refused.

`tarfile` takes a header that is damaged or cut short for the end, as of an archive with fewer files. Knows how such a
header is told from an end. Knows nothing of stores.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Self, cast

from kstore.source.archive.watched import Watched


class _BadHeader(tarfile.TarError):
    """A header that is none; no `HeaderError`, which `tarfile` keeps to itself."""


class _Header(tarfile.TarInfo):
    """A header, of which an error is one."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        """The next header (see `TarInfo`)."""
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # a block of zeroes: the end mark
            raise
        except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError):  # type: ignore[attr-defined]
            raise EOFError from None
        except tarfile.HeaderError as error:
            raise _BadHeader(f"{error} at byte {archive.offset} of the tar") from None


def entries(content: Watched) -> Iterator[tuple[str, Watched]]:
    """
    The names of regular files, as they are in the archive, and what is in each, to be read before the next.

    Raises:
        DamagedStore: a header or the stream is damaged, or it ends before its end mark.
    """
    ends = (EOFError, tarfile.ReadError)  # of all that `tarfile` calls so only the end is left here
    try:
        with tarfile.open(fileobj=cast(IO[bytes], content), mode="r|", tarinfo=_Header) as archive:
            while (entry := archive.next()) is not None:
                stream = archive.extractfile(entry) if entry.isfile() else None
                if stream is not None:
                    yield entry.name, Watched(stream, content.where, content, ends)
                archive.members.clear()  # type: ignore[attr-defined]  # a million of them would take a gigabyte
    except (EOFError, tarfile.TarError) as error:
        raise Watched(cast(IO[bytes], content), content.where, content, ends).damaged(error) from None
    content.drain()


__all__ = ["entries"]
