"""
What a cluster says of itself: sizes, alarms, and each member with its health.

Asks every member under the addresses it advertises; one that cannot be reached from here is said to be so,
and holds nothing up.
"""

from __future__ import annotations

import queue
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import grpc

from kstore.errors import KstoreError, StoreUnreachable, Unsupported, UsageError
from kstore.source.etcd import messages as rpc
from kstore.source.etcd.client import Client
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.endpoint import parse_endpoint
from kstore.source.etcd.errors import explain
from kstore.source.interface import StoreStatus

_TIMEOUT = 2.0
"""Seconds that the other members have to answer."""
_FREE_WORTH_IT = 0.5
"""The free part of the file from which on defragmenting is worth a mention."""


def describe(connection: Connection, revision: int, compact_revision: int) -> StoreStatus:
    """The status of the store behind a connection, whose revisions the caller has asked for."""
    member = connection.member()
    if member.is_kine:
        return StoreStatus(
            location=connection.location,
            kind="kine",
            revision=revision,
            compact_revision=compact_revision,
            server_version=member.status.version,
            size=member.status.dbSize,
            details={"note": "kine speaks etcd's protocol; the version is the one it claims"},
        )
    status = connection.ask(lambda each: each.client.maintenancestub.Status, rpc.StatusRequest())
    members = _members(connection)
    reports = {entry.ID: _report(connection, entry, status) for entry in members}
    names = {entry.ID: entry.name or f"{entry.ID:x}" for entry in members}
    return StoreStatus(
        location=connection.location,
        kind="etcd",
        revision=revision,
        compact_revision=compact_revision,
        server_version=status.version,
        size=status.dbSize,
        size_in_use=status.dbSizeInUse,
        quota=status.dbSizeQuota,
        alarms=_alarms(connection, names),
        cluster_id=f"{status.header.cluster_id:x}",
        details={
            "leader": names.get(status.leader, "none"),
            "raft term": str(status.raftTerm),
            "raft index": str(status.raftIndex),
            **({"storage version": status.storageVersion} if status.storageVersion else {}),
            **{f"member {names[identity]}": words for identity, words in reports.items()},
            **_defragmentation(status),
        },
    )


def _members(connection: Connection) -> Sequence[Any]:
    """The cluster's members; none where a learner is asked, which does not tell."""
    try:
        answer = connection.ask(lambda each: each.client.clusterstub.MemberList, rpc.MemberListRequest())
    except (StoreUnreachable, Unsupported):
        if connection.options.serializable:
            return ()
        raise
    found: Sequence[Any] = answer.members
    return found


def _alarms(connection: Connection, names: dict[int, str]) -> tuple[str, ...]:
    """Raised alarms as `NOSPACE (member)`; none where the user may not ask, or only one member is to answer."""
    if connection.options.serializable:  # the question goes through the leader
        return ()
    kinds = {rpc.NOSPACE: "NOSPACE", rpc.CORRUPT: "CORRUPT"}
    try:
        answer = connection.ask(lambda member: member.client.maintenancestub.Alarm, rpc.AlarmRequest())
    except KstoreError:
        return ()
    return tuple(
        f"{kinds.get(alarm.alarm, alarm.alarm)} ({names.get(alarm.memberID, f'{alarm.memberID:x}')})"
        for alarm in answer.alarms
    )


def _report(connection: Connection, entry: Any, own: Any) -> str:
    """One line on a member: what it is, or why it cannot be asked."""
    if own.header.member_id == entry.ID:
        return _words(own)
    if not entry.name:
        return "has not joined yet"
    failure = "advertises no address"
    for url in entry.clientURLs:
        try:
            endpoint = parse_endpoint(url, connection.options)
            client = Client(endpoint, connection.options)
        except UsageError as error:
            failure = str(error)
            continue
        try:
            answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
            future = client.maintenancestub.Status.future(
                rpc.StatusRequest(), timeout=_TIMEOUT, metadata=connection.metadata()
            )
            future.add_done_callback(answers.put)
            with suppress(queue.Empty):
                return _words(answers.get(timeout=_TIMEOUT + 1).result())
            failure = f"{url}: no answer"
        except grpc.RpcError as error:
            failure = f"{url}: {explain(error.details() or '')}"
        finally:
            client.close()
    return f"unreachable from here ({failure})"


def _words(status: Any) -> str:
    role = "learner" if status.isLearner else "leader" if status.leader == status.header.member_id else "follower"
    health = "unhealthy: " + "; ".join(status.errors) if status.errors else "healthy"
    return f"{health}, {role}, {status.version}, {status.dbSize} bytes, raft index {status.raftIndex}"


def _defragmentation(status: Any) -> dict[str, str]:
    """A hint when more than half of the file is free pages, which only a defragmentation gives back."""
    free = status.dbSize - status.dbSizeInUse
    if not status.dbSizeInUse or free < _FREE_WORTH_IT * status.dbSize:
        return {}
    return {"hint": f"{free} of {status.dbSize} bytes are free pages; `etcdctl defrag` gives them back"}
