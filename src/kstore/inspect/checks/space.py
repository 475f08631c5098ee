"""Checks of etcd itself: alarms, its quota, leases."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.inspect.checks.interface import Found, kstore
from kstore.inspect.survey import Seen, Survey

_FULL = 0.8
"""A database that takes more of its quota than this is nearly full."""


def no_lease(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Keys on leases that do not exist."""
    lease = seen.read.record.lease
    if lease and survey.leases is not None and lease not in survey.leases:
        yield Found(seen.home.label, seen.key, f"lease {lease:x}", (kstore("delete", seen.key),))


def little_space(survey: Survey) -> Iterator[Found]:
    """Alarms that etcd has raised, and a database near its quota."""
    status = survey.store.source.status()
    for alarm in status.alarms:
        advice = kstore("analyze"), ("etcdctl", "alarm", "disarm")
        yield Found(f"alarm {alarm}", status.location, advice=advice)
    if status.quota and status.size > _FULL * status.quota:
        subject = f"{status.size / status.quota:.0%} of the quota"
        yield Found(subject, status.location, advice=(kstore("analyze"),))
