"""
A write that a guard or the server refused, the journal that it is noted in, and a run that was stopped.
"""

from __future__ import annotations

from kstore.errors.root import KstoreError


class WriteRefused(KstoreError):
    """A guard stopped a write before it happened."""

    code = "refused"
    exit_code = 4


class NotCopyable(WriteRefused):
    """
    A store that is neither written in place nor copied with changes: it holds no database of etcd's.

    Args:
        kind: the kind of the store, such as `directory`.
    """

    def __init__(self, message: str, *, kind: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.kind = kind


class Conflict(WriteRefused):
    """Somebody else changed the key since it was read."""

    code = "conflict"


class LeaseGone(Conflict):
    """The lease that a key shall have does not exist, or not any more."""

    code = "lease-gone"


class LeaseExists(Conflict):
    """A lease of that id was to be granted, and there is one."""

    code = "lease-exists"


class NoSpace(WriteRefused):
    """The server has raised its NOSPACE alarm, or the write would make it."""

    code = "no-space"


class RequestTooLarge(WriteRefused):
    """
    A transaction of more operations or bytes than the server takes.

    Args:
        request_bytes: how many bytes the server takes, if it said so.
    """

    code = "too-large"

    def __init__(self, message: str, *, request_bytes: int = 0, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.request_bytes = request_bytes


class JournalError(KstoreError):
    """A migration journal that is missing, of another version, or damaged."""

    code = "journal"


class JournalExists(JournalError):
    """A new journal shall be made where there is one already: the one in `where`."""


class JournalTaken(JournalError):
    """The name that a new journal shall have is another file's."""


class Interrupted(KstoreError):
    """
    Stopped between two transactions on request; the journal can be resumed.

    Args:
        journal: the journal that the work goes on with, if it has one.
        rolling_back: what was stopped is a rollback.
    """

    code = "interrupted"
    exit_code = 130

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", journal: str = "", rolling_back: bool = False
    ) -> None:
        super().__init__(message, where=where or journal, hint=hint)
        self.journal = journal
        self.rolling_back = rolling_back
