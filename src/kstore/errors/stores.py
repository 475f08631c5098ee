"""
A store, or a server: out of reach, damaged, closed to this user, or without what was asked of it.
"""

from __future__ import annotations

from kstore.errors.root import KstoreError


class SourceError(KstoreError):
    """A store cannot be opened, reached or read."""

    code = "store"


class StoreNotFound(SourceError):
    """No file, directory or server at the address."""

    code = "store-not-found"


class StoreUnreachable(SourceError):
    """No endpoint answers, or none in time."""

    code = "store-unreachable"


class StoreTimedOut(StoreUnreachable):
    """A server was reached, or not even that, and did not answer in time."""

    code = "timed-out"


class BucketNotFound(StoreNotFound):
    """
    There is no such bucket (of Azure: container).

    Args:
        bucket: its name.
    """

    code = "bucket-not-found"

    def __init__(self, message: str, *, bucket: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.bucket = bucket


class AccessDenied(SourceError):
    """The server refused the credentials, or they do not permit this."""

    code = "access-denied"


class NotADatabase(SourceError):
    """A file that is not an etcd database or snapshot."""

    code = "not-a-database"


class DamagedStore(SourceError):
    """
    A database file whose pages or checksums do not hold.

    Args:
        offset: the byte in the file where the damage was met, if it is known.
    """

    code = "damaged-store"

    def __init__(self, message: str, *, where: str = "", hint: str = "", offset: int | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.offset = offset


class PartlyRead(SourceError):
    """A damaged store was read as far as it could be; what could not has been named."""

    code = "partly-read"
    exit_code = 3


class Compacted(SourceError):
    """The revision asked for has been compacted away."""

    code = "compacted"

    def __init__(self, message: str, *, compact_revision: int = 0, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.compact_revision = compact_revision


class FutureRevision(SourceError):
    """The revision asked for is later than the store's own."""

    code = "future-revision"


class NotWritable(SourceError):
    """A store that is only read: a file, a directory, the v2 API."""

    code = "not-writable"
    exit_code = 4


class Unsupported(SourceError):
    """The store does not offer what was asked for (history, leases, watch)."""

    code = "unsupported"


class ProgramMissing(Unsupported):
    """
    A program that is run to answer is not on the path.

    Args:
        message: what it would be for.
        package: the Python package that brings it.
        hint: what else helps.
    """

    def __init__(self, message: str, *, package: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.package = package
