"""
Watching a range of keys: changes as they happen, and changes that have happened and are not compacted yet.

A watch outlives its connection: it goes on, on whichever member answers, after the last revision that came
whole.
"""

from __future__ import annotations

import queue
import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from typing import Any

import grpc

from kstore.errors import AccessDenied, Compacted, SourceError, StoreUnreachable
from kstore.records import Progress, Record, Revision
from kstore.source.etcd import messages as rpc
from kstore.source.etcd.answers import Answers
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.member import Member
from kstore.source.etcd.paging import RangeReader

_FIRST_CHANGE = 2
"""The revision of the first change of all: an empty store is at 1."""
_QUESTIONS = 15
"""How often a server is asked how far it has come, without an answer, before it counts as one that never says so."""
_TICK = 0.2
"""Seconds between two questions whether a replay has caught up, and between looks at a silent watch."""
_QUIET = 10
"""How many of these nothing has to come, where nothing else tells that all has."""


def to_record(entry: Any) -> Record:
    """A `KeyValue` message as a record."""
    return Record(entry.key, entry.value, entry.create_revision, entry.mod_revision, entry.version, entry.lease)


class WatchStream:
    """
    One watch on one member.

    Args:
        connection: who answers.
        key: the first key.
        end: the first key after the range; empty for exactly `key`.
        start: the first revision whose changes are wanted.
    """

    def __init__(self, connection: Connection, key: bytes, end: bytes, start: int) -> None:
        self._connection = connection
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        create = rpc.WatchCreateRequest(key=key, range_end=end, start_revision=start, progress_notify=True)
        self._requests.put(rpc.WatchRequest(create_request=create))
        self.member: Member
        self._answers: Answers
        self.member, self._answers = connection.open_stream(_watch, iter(self._requests.get, None))

    def ask_progress(self) -> None:
        """Ask the server to say how far the watch has come."""
        progress = rpc.WatchProgressRequest()
        self._requests.put(rpc.WatchRequest(progress_request=progress))

    def next(self, timeout: float) -> Any:
        """
        The next answer with events or progress, or None when the server ended the stream.

        Raises:
            TimeoutError: none in time.
            Compacted: changes that were asked for are no longer held.
            AccessDenied: the user may not read all of the range.
            SourceError: the server cancelled the watch.
            grpc.RpcError: the stream broke.
        """
        deadline = time.monotonic() + timeout
        while True:
            answer = self._answers.next(max(deadline - time.monotonic(), 0.001))
            if answer is None:
                return None
            if answer.compact_revision:
                raise Compacted(
                    "the revisions to watch from have been compacted away",
                    compact_revision=answer.compact_revision,
                    where=self.member.endpoint.url,
                    hint=f"watch from revision {answer.compact_revision} on",
                )
            if answer.canceled:
                kind = AccessDenied if "permission denied" in answer.cancel_reason else SourceError
                raise kind(
                    f"the server ended the watch: {answer.cancel_reason or 'no reason given'}",
                    where=self.member.endpoint.url,
                )
            if not answer.created:
                return answer

    def close(self) -> None:
        """End the watch."""
        self._requests.put(None)
        self._answers.close()


def watch(connection: Connection, key: bytes, end: bytes, start: int) -> Generator[Revision | Progress, None, None]:
    """
    Yield changes from revision `start` on, for ever; between them how far the watch has come, now and then.

    Raises:
        Compacted: changes from `start` on, or from where a broken watch has to go on, are no longer held.
        StoreUnreachable: no endpoint has answered for as long as a command may take.
        SourceError: the server cancelled the watch.
    """
    while True:
        attempts = connection.attempts()
        stream = _reopen(connection, key, end, start, attempts.deadline)
        with closing(stream):
            try:
                while True:
                    with suppress(TimeoutError):
                        answer = stream.next(_TICK)
                        if answer is None:
                            break
                        attempts.begin()
                        for event in answer.events:
                            yield to_revision(event)
                        start = max(start, answer.header.revision + 1 if not answer.events else event_end(answer))
                        if not answer.events:
                            yield Progress(answer.header.revision)
            except grpc.RpcError as error:
                if not attempts.again(stream.member, error):
                    raise connection.error(error, stream.member) from None


def event_end(answer: Any) -> int:
    """The revision after those of an answer; etcd never splits one over two answers unless asked to."""
    return int(answer.events[-1].kv.mod_revision) + 1


def to_revision(event: Any) -> Revision:
    """An `Event` message as an entry of a history."""
    return Revision(to_record(event.kv), deleted=event.type == 1)


def _reopen(connection: Connection, key: bytes, end: bytes, start: int, deadline: float) -> WatchStream:
    """Open the stream, waiting for a server that is gone for a while."""
    while True:
        try:
            return WatchStream(connection, key, end, start)
        except StoreUnreachable:
            if not connection.was_connected or time.monotonic() >= deadline:
                raise
            time.sleep(_TICK)


def replay(connection: Connection, key: bytes, end: bytes, start: int, through: int) -> Iterator[Revision]:
    """
    Yield the changes from revision `start` to revision `through`, both included, and end.

    How a watch knows that it has seen all: the server says so when asked. Where it says so too early
    (`reports_progress_rightly`), or never (`etcd grpc-proxy`), the whole store is watched instead, because something
    changed at every revision but the first. Where the user may not read all of it, what is stored now must tell.

    Raises:
        Compacted: not all of these revisions are held any more.
        StoreUnreachable: the server fell silent.
    """
    if reports_progress_rightly(connection.member()):
        start = yield from _replay_asking(connection, key, end, start, through)
    start = max(start, _FIRST_CHANGE)
    try:
        yield from _replay_watching_all(connection, key, end, start, through)
    except AccessDenied:
        yield from _replay_until_quiet(connection, key, end, start, through)


def _replay_asking(
    connection: Connection, key: bytes, end: bytes, start: int, through: int
) -> Generator[Revision, None, int]:
    """Replay a range, asking how far the server has come; the revision to go on from where it does not say."""
    if start > through:
        return start
    deadline = time.monotonic() + connection.options.command_timeout
    asked = 0
    with closing(WatchStream(connection, key, end, start)) as stream:
        try:
            while asked <= _QUESTIONS and time.monotonic() < deadline:
                try:
                    answer = stream.next(_TICK)
                except TimeoutError:
                    stream.ask_progress()
                    asked += 1
                    continue
                asked = 0
                deadline = time.monotonic() + connection.options.command_timeout
                for event in _events(answer, stream):
                    if event.kv.mod_revision > through:
                        return through + 1
                    yield to_revision(event)
                start = event_end(answer) if answer.events else answer.header.revision + 1
                if start > through:
                    return start
        except grpc.RpcError as error:
            raise connection.error(error, stream.member) from None
    return start


def _replay_watching_all(
    connection: Connection, key: bytes, end: bytes, start: int, through: int
) -> Iterator[Revision]:
    """Replay a range by watching every key, of which one changes at each revision."""
    if start > through:
        return
    deadline = time.monotonic() + connection.options.command_timeout
    with closing(WatchStream(connection, b"\0", b"\0", start)) as stream:
        try:
            while True:
                try:
                    answer = stream.next(_TICK)
                except TimeoutError:
                    if time.monotonic() >= deadline:
                        raise StoreUnreachable("the history stopped", where=stream.member.endpoint.url) from None
                    continue
                deadline = time.monotonic() + connection.options.command_timeout
                for event in _events(answer, stream):
                    if event.kv.mod_revision > through:
                        return
                    if in_range(event.kv.key, key, end):
                        yield to_revision(event)
                if answer.events and event_end(answer) > through:
                    return
        except grpc.RpcError as error:
            raise connection.error(error, stream.member) from None


def _replay_until_quiet(connection: Connection, key: bytes, end: bytes, start: int, through: int) -> Iterator[Revision]:
    """
    Replay a range until nothing more comes, and what came is what is stored as of `through`.

    Events come in their order, so that with a key's last one all of its events have come. Only a key that was created
    and deleted again among the very last changes could be missed, by a server that is silent for as long as is waited.
    """
    if start > through:
        return
    pages = RangeReader(connection, key, end, revision=through, keys_only=True).pages()
    stored = {each.key: each.mod_revision for page in pages for each in page if each.mod_revision >= start}
    deadline = time.monotonic() + connection.options.command_timeout
    found: dict[bytes, int] = {}
    quiet = 0
    with closing(WatchStream(connection, key, end, start)) as stream:
        try:
            while quiet < _QUIET or found != stored:
                try:
                    answer = stream.next(_TICK)
                except TimeoutError:
                    quiet += 1
                    if time.monotonic() >= deadline:
                        raise StoreUnreachable("the history stopped", where=stream.member.endpoint.url) from None
                    continue
                quiet = 0
                deadline = time.monotonic() + connection.options.command_timeout
                for event in _events(answer, stream):
                    if event.kv.mod_revision > through:
                        return
                    yield to_revision(event)
                    found.pop(event.kv.key, None)
                    if event.type == 0:
                        found[event.kv.key] = event.kv.mod_revision
        except grpc.RpcError as error:
            raise connection.error(error, stream.member) from None


def _events(answer: Any, stream: WatchStream) -> Sequence[Any]:
    """
    The events of an answer.

    Raises:
        StoreUnreachable: there is none: the stream has ended.
    """
    if answer is None:
        raise StoreUnreachable("the history broke off", where=stream.member.endpoint.url)
    events: Sequence[Any] = answer.events
    return events


def compacted_through(connection: Connection, key: bytes) -> int:
    """
    The compact revision of a store whose first revision is compacted: a watch from there is refused with it.
    """
    with closing(WatchStream(connection, key, b"", 1)) as stream:
        try:
            stream.next(connection.options.command_timeout)
        except Compacted as refusal:
            return refusal.compact_revision
        except grpc.RpcError as error:
            raise connection.error(error, stream.member) from None
        except TimeoutError:
            raise StoreUnreachable("no answer in time", where=stream.member.endpoint.url) from None
    return 0


def in_range(candidate: bytes, key: bytes, end: bytes) -> bool:
    """Whether etcd's range from `key` to `end` holds a key."""
    if not end:
        return candidate == key
    return candidate >= key and (end == b"\0" or candidate < end)


def reports_progress_rightly(member: Member) -> bool:
    """
    Whether a requested progress report comes only after the events before it.

    As the apiserver decides it: from 3.4.31 and 3.5.13 on (`pkg/storage/feature/feature_support_checker.go`).
    """
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", member.status.version if member.status is not None else "")
    if version is None:
        return False
    parts = tuple(map(int, version.groups()))
    return parts >= (3, 5, 13) or (3, 4, 31) <= parts < (3, 5, 0)


def _watch(member: Member) -> Any:
    return rpc.WatchStub(member.client.channel).Watch
