"""
Leaving room in the store: etcd at its quota refuses every write, also those of the apiserver.

Deletions are not held up here: a store that is full is when they are needed. etcd takes a transaction of nothing but
deletions even while its NOSPACE alarm is raised (`server/etcdserver/apply/apply.go`, `applierV3Capped`;
`server/storage/quota.go`, `costTxn`); an etcd before 3.6 refuses it all the same once its file is over the quota.
"""

from __future__ import annotations

import threading
import time

from kstore.errors import NoSpace
from kstore.source.interface import WritableSource
from kstore.write.retry import Retry

_FULL = 0.95
"""The part of the quota beyond which no more is written: an apiserver needs room, too."""
_LOOK_EVERY = 5.0
"""Seconds between two looks at the server's alarms and sizes, at most."""
_COMMIT_LAG = 0.25
"""Seconds by which etcd's sizes come late: it commits its backend every 100 ms (`defaultBatchInterval`)."""
_GROWTH = 2
"""How many bytes of the database one byte that is written may take: pages are half full at worst."""
_HINT = "compact and defragment it, or raise --quota-backend-bytes; then disarm the alarm and run it again"


class Room:
    """
    Watches how much room a server has left while it is written to.

    Args:
        source: the store; one that does not tell its quota (kine, an etcd before 3.6) is watched for its alarm only.
        retry: how it is asked.
    """

    def __init__(self, source: WritableSource, retry: Retry) -> None:
        self._source = source
        self._retry = retry
        self._lock = threading.Lock()
        self._looked: float | None = None
        self._left = 0.0
        """Bytes that may be written at the last look."""
        self._taken = 0
        """Bytes that the server's sizes of the last look do not have yet."""
        self._on_the_way = 0
        """Bytes of which it was not yet said that they are written."""

    def take(self, size: int) -> None:
        """
        Say that so many bytes are about to be written.

        Args:
            size: bytes of keys and values.

        Raises:
            NoSpace: the server has raised its alarm, or would come too near to its quota.
        """
        with self._lock:
            late = self._looked is None or time.monotonic() - self._looked > _LOOK_EVERY
            if late or _GROWTH * (self._taken + size) > self._left:
                self._look(size)
            self._taken += size
            self._on_the_way += size

    def written(self, size: int) -> None:
        """Say that so many bytes of those that were taken are written by now, or will not be."""
        with self._lock:
            self._on_the_way -= size

    def _look(self, size: int) -> None:
        unseen = self._on_the_way
        if self._taken and self._retry.stop.wait(_COMMIT_LAG):
            return
        status = self._retry.ask(self._source.status)
        self._looked, self._taken = time.monotonic(), unseen
        if any("NOSPACE" in alarm for alarm in status.alarms):
            raise NoSpace("the server has raised its NOSPACE alarm", where=status.location, hint=_HINT)
        if not status.quota:
            self._left = float("inf")
            return
        in_use = status.quota * _FULL - status.size_in_use
        # what etcd holds against its quota is the file, with its free pages, and all of a request beside it
        in_file = status.quota - status.size - self._source.limits().request_bytes
        self._left = min(in_use, in_file)
        if _GROWTH * (unseen + size) > self._left:
            used, what = (status.size_in_use, "are in use") if in_use < in_file else (status.size, "its file has taken")
            raise NoSpace(
                f"of {status.quota / 2**20:.1f} MiB of the server's quota {used / 2**20:.1f} {what}: a part is left to "
                "the apiserver",
                where=status.location,
                hint=_HINT,
            )
