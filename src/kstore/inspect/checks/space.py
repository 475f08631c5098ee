"""Checks of etcd itself: alarms, its quota, leases."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.inspect.checks.advice import kstore
from kstore.inspect.checks.interface import Found
from kstore.inspect.survey import Seen, Survey

_FULL = 0.8
"""A database that takes more of its quota than this is nearly full."""
_NOSPACE = "NOSPACE"


def no_lease(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Keys on leases that do not exist."""
    lease = seen.read.record.lease
    if lease and survey.leases is not None and lease not in survey.leases:
        words = "the next write through the API gives it a lease again; if nothing writes it any more, delete it there"
        yield Found(seen.directory.label, seen.key, f"lease {lease:x}", (kstore("get", seen.key),), words)


def little_space(survey: Survey) -> Iterator[Found]:
    """A full database, or one near its quota: compacted and defragmented first, and only then disarmed."""
    status = survey.store.source.status()
    free = ("etcdctl", "compact", str(status.revision)), ("etcdctl", "defrag", "--cluster")
    for alarm in status.alarms:
        if alarm.startswith(_NOSPACE):
            advice = kstore("analyze"), *free, ("etcdctl", "alarm", "disarm")
            yield Found(f"alarm {alarm}", status.location, "", advice)
    if status.quota and status.size > _FULL * status.quota:
        subject = f"{status.size / status.quota:.0%} of the quota"
        words = "if that frees little, raise --quota-backend-bytes before writes are refused"
        yield Found(subject, status.location, advice=(kstore("analyze"), *free), words=words)


def corrupt_member(survey: Survey) -> Iterator[Found]:
    """Members whose data differ from the others': never a question of space (etcd's operations guide)."""
    status = survey.store.source.status()
    for alarm in status.alarms:
        if not alarm.startswith(_NOSPACE):
            advice = ("etcdctl", "endpoint", "status", "--cluster"), ("etcdctl", "endpoint", "hashkv", "--cluster")
            words = (
                "save a snapshot of a member whose hash agrees with the majority's; then replace the one that differs "
                "(member remove, an empty data directory, member add); the alarm stays on until that is done"
            )
            yield Found(f"alarm {alarm}", status.location, "", advice, words)
