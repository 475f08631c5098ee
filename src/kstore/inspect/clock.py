"""
When a revision was written: etcd does not say, but the objects themselves carry times.

The newest time in an object's metadata is the time of its last change, or a little before it. Objects that were changed
at about the same revision therefore tell the time of the revisions between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def newest_time(metadata: Mapping[str, Any]) -> str:
    """The newest of an object's own times, as it is written there; empty where it has none."""
    times = [metadata.get("creationTimestamp"), metadata.get("deletionTimestamp")]
    entries = metadata.get("managedFields")
    if isinstance(entries, list):
        times += [entry.get("time") for entry in entries if isinstance(entry, dict)]
    return max(map(str, filter(None, times)), default="")


class RevisionClock:
    """Learns times of revisions, and answers for any revision; keeps at most a thousand of them."""

    _MOST = 1024

    def __init__(self) -> None:
        self._times: dict[int, str] = {}
        self._every = 1
        self._latest = ""

    def note(self, revision: int, time: str) -> None:
        """Learn that an object which was last changed at a revision carries a time."""
        if time > self._latest:
            self._latest = time
        bucket = revision // self._every
        if time > self._times.get(bucket, ""):
            self._times[bucket] = time
        while len(self._times) > self._MOST:
            self._every *= 2
            halved: dict[int, str] = {}
            for number, moment in self._times.items():
                halved[number // 2] = max(halved.get(number // 2, ""), moment)
            self._times = halved

    @property
    def latest(self) -> datetime | None:
        """The newest time of all."""
        return parse_time(self._latest)

    def at(self, revision: int) -> datetime | None:
        """
        The time of a revision: the newest time that an object carries which was written by then.

        Where none was, the oldest that one carries which was written after it.
        """
        bucket = revision // self._every
        before = [time for number, time in self._times.items() if number <= bucket]
        after = [time for number, time in self._times.items() if number > bucket]
        return parse_time(max(before) if before else min(after, default=""))


def parse_time(text: str) -> datetime | None:
    """A time as Kubernetes writes it; None for what is none."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
