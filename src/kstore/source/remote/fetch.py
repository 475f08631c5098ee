"""
A store that lies elsewhere, as a stream: from a bucket or a web server, or from where an earlier run has kept it.

Knows which store a folder of a bucket means, and where files are kept if the user wants them kept. Knows nothing of
what is in a file.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from kstore.errors import SourceError, StoreNotFound, UsageError
from kstore.source.options import SourceOptions
from kstore.source.remote.address import is_bucket, is_pattern, parse
from kstore.source.remote.stream import BUFFER, Pieces

if TYPE_CHECKING:
    from kstore.source.remote.bucket import StoredFile

MOST = 20_000
"""Objects of a folder that are looked at."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is being read."""

    stream: IO[bytes]
    shown: str
    """What people call it: without what permits to read it."""
    member: str
    """Which part of an archive is meant; empty for all of it."""
    _pieces: Pieces

    def sha256(self) -> str:
        """Of the whole file, in hexadecimal; what has not been read of it is read now."""
        while self.stream.read(BUFFER):
            pass
        return self._pieces.sha256


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that can be read."""

    shown: str
    version: str
    size: int
    pieces: Iterable[bytes]


@contextmanager
def fetched(address: str, options: SourceOptions) -> Iterator[Fetched]:
    """
    The file at an address of a bucket or a web server; `ADDRESS!MEMBER` names a part of an archive.

    Args:
        address: as `remote.address` knows them.
        options: how to reach it.

    Raises:
        StoreNotFound: there is no such bucket or file.
        AccessDenied: the credentials do not permit to read it.
        StoreUnreachable: the server does not answer.
        SourceError: it cannot be read to its end.
        UsageError: a pattern, or a folder in which there are several files.
    """
    whole, mark, member = address.rpartition("!")
    try:
        found, member = _find(address, options), ""
    except StoreNotFound:
        if not mark:
            raise
        found = _find(whole, options)
    pieces, folder = found.pieces, os.environ.get("KSTORE_DOWNLOADS")
    if folder and found.version:
        pieces = _kept(Path(os.path.expanduser(folder)), found)
    with Pieces(pieces, found.size, options.fetching) as raw, io.BufferedReader(raw, BUFFER) as stream:
        yield Fetched(cast(IO[bytes], stream), found.shown, member, raw)


def _find(address: str, options: SourceOptions) -> _Found:
    if not is_bucket(address):
        from kstore.source.remote.web import WebFile

        file = WebFile(address, options)
        return _Found(file.shown, file.version, file.size, file.pieces())
    from kstore.source.remote.bucket import Bucket

    parsed = parse(address)
    bucket = Bucket(parsed, options)
    key = parsed.key
    try:
        found = bucket.find(key)
    except StoreNotFound:
        if is_pattern(key):
            raise UsageError(
                "this is a pattern, and one store is meant", where=address, hint="the commands of the fleet ask many"
            ) from None
        raise
    return _Found(found.address, found.version, found.size, bucket.pieces(found, key))


def files_below(folder: str, options: SourceOptions) -> list[StoredFile]:
    """
    The objects below a folder of a bucket, the newest last.

    Raises:
        StoreNotFound: there is no such bucket, or nothing in the folder.
        SourceError: it cannot be asked.
    """
    from kstore.source.remote.bucket import Bucket

    address = parse(folder)
    files = sorted(islice(Bucket(address, options).walk(address.key), MOST), key=lambda one: one.modified)
    if not files:
        raise StoreNotFound("nothing is stored there", where=folder)
    return files


def only(files: Sequence[StoredFile], folder: str) -> str:
    """
    The address of the one object that there is.

    Raises:
        UsageError: there are several.
    """
    if len(files) > 1:
        names = ", ".join(one.address.removeprefix(folder) for one in files[-_SHOWN:])
        raise UsageError(
            f"there are {len(files)} objects in it, the last ones: {names}",
            where=folder,
            hint=f"name one: {files[-1].address}",
        )
    return files[0].address


def _kept(folder: Path, found: _Found) -> Iterator[bytes]:
    """
    The bytes of a file, which stays in a folder: read from there if an earlier run left this version of it.

    One version of each file stays, for the user alone.
    """
    name = hashlib.sha256(found.shown.encode()).hexdigest()[:24]
    path = folder / f"{name}-{hashlib.sha256(found.version.encode()).hexdigest()[:24]}"
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".unfinished-", delete=False) as file:
                try:
                    for piece in found.pieces:
                        file.write(piece)
                        yield piece
                    file.flush()
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            for older in folder.glob(f"{name}-*"):
                if older != path:
                    older.unlink(missing_ok=True)
        except OSError as error:
            raise SourceError(
                f"what is fetched cannot be kept: {error.strerror}", where=str(folder), hint="$KSTORE_DOWNLOADS"
            ) from error
        return
    with path.open("rb") as kept:
        while piece := kept.read(BUFFER):
            yield piece


__all__ = ["Fetched", "fetched", "files_below", "only"]
