"""
A watch that goes on after its stream has ended, and the ranges that it is of.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from kstore.errors import AccessDenied, SourceError, StoreUnreachable
from kstore.records import Progress, Record, Revision
from kstore.source.etcd import watch as watching
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.watch import in_range, reports_progress_rightly, watch


class Stream:
    """What a server says on one stream before it ends it."""

    member: Any = None

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)

    def next(self, _timeout: float) -> Any:
        return next(self._answers, None)

    def close(self) -> None:
        """Nothing is left of it."""


def answer(revision: int, *changed: int) -> Any:
    """Changes at these revisions, or, without any, how far the watch has come."""
    entry = {"key": b"/k", "value": b"v", "create_revision": 1, "version": 1, "lease": 0}
    events = [SimpleNamespace(type=0, kv=SimpleNamespace(mod_revision=one, **entry)) for one in changed]
    return SimpleNamespace(header=SimpleNamespace(revision=revision), events=events)


def test_it_goes_on_behind_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """After changes behind the last of them, after progress behind that revision: nothing twice, nothing left out."""
    streams = iter(
        [
            Stream(answer(9, 5, 6)),
            Stream(answer(9)),
            Stream(answer(8)),
            Stream(),
            Stream(answer(12, 10, 10, 12)),
            Stream(),
        ]
    )
    begun: list[int] = []

    def opened(_connection: Any, _key: bytes, _end: bytes, start: int, _deadline: float) -> Stream:
        begun.append(start)
        return next(streams)

    monkeypatch.setattr(watching, "_reopen", opened)
    attempts = SimpleNamespace(deadline=0.0, begin=lambda: None)
    connection = cast(Connection, SimpleNamespace(attempts=lambda: attempts))

    def told() -> Iterator[Revision | Progress]:
        try:
            yield from watch(connection, b"/", b"0", 5)
        except RuntimeError:  # no stream is left
            return

    found = [one.revision if isinstance(one, Progress) else one.record.mod_revision for one in islice(told(), 7)]
    assert found == [5, 6, 9, 8, 10, 10, 12]
    assert begun == [5, 7, 10, 10, 10]


@pytest.mark.parametrize(
    ("key", "end", "inside", "outside"),
    [
        (b"/a", b"", [b"/a"], [b"/", b"/a/b", b"/b"]),
        (b"/a/", b"/a0", [b"/a/", b"/a/b", b"/a/\xff\xff"], [b"/a", b"/a0", b"/b"]),
        (b"/a/", b"\0", [b"/a/", b"/b", b"\xff"], [b"/a", b""]),
        (b"\0", b"\0", [b"\0", b"/a"], [b""]),
    ],
)
def test_what_a_range_holds(key: bytes, end: bytes, inside: list[bytes], outside: list[bytes]) -> None:
    """Its first key, and not the one that it ends before."""
    assert [one for one in (*inside, *outside) if in_range(one, key, end)] == inside


@pytest.mark.parametrize(
    ("version", "rightly"),
    [
        ("3.4.30", False), ("3.4.31", True), ("3.4.40", True), ("3.5.0", False), ("3.5.12", False), ("3.5.13", True),
        ("3.6.0", True), ("3.7.0-beta.1", True), ("4.0.0", True), ("3.3.99", False), ("", False), ("3.5", False),
    ],
)  # fmt: skip
def test_who_reports_progress_rightly(version: str, rightly: bool) -> None:
    """The patch releases that have the repair, and all after them; 3.5 began without it though 3.4 has it."""
    assert reports_progress_rightly(cast(Any, SimpleNamespace(status=SimpleNamespace(version=version)))) is rightly
    assert not reports_progress_rightly(cast(Any, SimpleNamespace(status=None)))


def event(key: bytes, revision: int, *, deleted: bool = False, lease: int = 0) -> SimpleNamespace:
    """One change as a server sends it."""
    value = b"" if deleted else b"v"
    entry = {"key": key, "value": value, "create_revision": 2, "mod_revision": revision, "version": 2, "lease": lease}
    return SimpleNamespace(type=int(deleted), kv=SimpleNamespace(**entry))


def told(revision: int, *events: SimpleNamespace) -> SimpleNamespace:
    """An answer of a watch."""
    return SimpleNamespace(header=SimpleNamespace(revision=revision), events=events)


class Silent(Stream):
    """A stream that has said all that it has to say, and stays open."""

    member: Any = SimpleNamespace(endpoint=SimpleNamespace(url="etcd:2379"))

    def next(self, _timeout: float) -> Any:
        found = next(self._answers, None)
        if found is None:
            raise TimeoutError
        return found

    def ask_progress(self) -> None:
        """It does not answer."""


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is replayed of the answers of a server, of a key or range, through a revision."""
    connection = SimpleNamespace(
        options=SimpleNamespace(command_timeout=0.3), member=lambda: SimpleNamespace(status=None), error=lambda *_: None
    )

    def run(how: Any, stream: Stream, *given: Any) -> list[Revision]:
        begun: list[tuple[bytes, bytes, int]] = []

        def opened(_connection: Any, *where: Any) -> Stream:
            begun.append(where)
            return stream

        monkeypatch.setattr(watching, "WatchStream", opened)
        found = list(how(connection, *given))
        run.begun = begun  # type: ignore[attr-defined]
        return found

    return run


def shown(found: list[Revision]) -> list[tuple[bytes, int, bool, int]]:
    """The key, the revision and the lease of each, and whether it was deleted."""
    return [(one.record.key, one.record.mod_revision, one.deleted, one.record.lease) for one in found]


CHANGES = [
    told(5, event(b"/a/x", 5, lease=7)),
    told(6, event(b"/b", 6)),
    told(8, event(b"/a/y", 7), event(b"/a", 8), event(b"/a/x", 8, deleted=True)),
    told(9, event(b"/a/z", 9)),
]


@pytest.mark.parametrize("through", [5, 6, 7, 8])
def test_a_history_through_a_revision(replayed: Any, through: int) -> None:
    """All changes of the range up to that revision, that of it among them, and none behind it or of other keys."""
    every = [(b"/a/x", 5, False, 7), (b"/a/y", 7, False, 0), (b"/a/x", 8, True, 0)]
    found = replayed(watching._replay_watching_all, Silent(*CHANGES), b"/a/", b"/a0", 5, through)
    assert shown(found) == [one for one in every if one[1] <= through]
    assert replayed.begun == [(b"\0", b"\0", 5)]


def test_a_history_of_one_key(replayed: Any) -> None:
    """Not of those that begin with it."""
    found = replayed(watching._replay_watching_all, Silent(*CHANGES), b"/a", b"", 5, 8)
    assert shown(found) == [(b"/a", 8, False, 0)]


def test_the_first_change_of_a_store(replayed: Any) -> None:
    """Nothing changed at revision 1: a store as new as that has no history, and it is not waited for."""
    assert replayed(watching.replay, Silent(), b"/a", b"", 1, 1) == []
    assert replayed.begun == []
    assert shown(replayed(watching.replay, Silent(told(2, event(b"/a", 2))), b"/a", b"", 1, 2)) == [
        (b"/a", 2, False, 0)
    ]


class Ended(Silent):
    """A stream that ends."""

    next = Stream.next


@pytest.mark.parametrize(
    ("how", "stream"),
    [("_replay_watching_all", Ended), ("_replay_watching_all", Silent), ("_replay_asking", Ended)],
)
def test_a_history_that_breaks_off(replayed: Any, how: str, stream: type[Stream]) -> None:
    """What has come by then is not taken for all."""
    with pytest.raises(StoreUnreachable):
        replayed(getattr(watching, how), stream(told(5, event(b"/a/x", 5))), b"/a/", b"/a0", 5, 8)


@pytest.mark.parametrize("through", [5, 6, 7, 8])
def test_a_history_that_is_asked_for(replayed: Any, through: int) -> None:
    """Of the range alone, which the server sees to; it ends with the changes of that revision."""
    of_range = [told(5, event(b"/a/x", 5)), told(6), told(8, event(b"/a/y", 7), event(b"/a/x", 8)), told(9)]
    found = replayed(watching._replay_asking, Silent(*of_range), b"/a/", b"/a0", 5, through)
    assert [one.record.mod_revision for one in found] == [one for one in (5, 7, 8) if one <= through]


@pytest.fixture
def quiet(replayed: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is replayed until nothing more comes, for a user who may read `/a/` alone."""
    asked: list[tuple[bytes, bytes, int, bool]] = []

    def run(through: int, stored: dict[bytes, int], *answers: SimpleNamespace, start: int = 5) -> list[Revision]:
        class Stored:
            def __init__(self, _: Any, key: bytes, end: bytes, *, revision: int, keys_only: bool) -> None:
                asked.append((key, end, revision, keys_only))

            def pages(self) -> Iterator[list[Record]]:
                yield [Record(key, b"", 2, revision, 1) for key, revision in stored.items()]

        monkeypatch.setattr(watching, "RangeReader", Stored)
        return cast(
            "list[Revision]",
            replayed(watching._replay_until_quiet, Silent(*answers), b"/a/", b"/a0", start, through),
        )

    run.asked = asked  # type: ignore[attr-defined]
    return run


OWN = [
    told(5, event(b"/a/x", 5, lease=7)),
    told(7, event(b"/a/y", 7)),
    told(8, event(b"/a/x", 8, deleted=True)),
    told(9, event(b"/a/y", 9)),
]


@pytest.mark.parametrize(("through", "stored"), [(8, {b"/a/old": 3, b"/a/y": 7}), (9, {b"/a/old": 3, b"/a/y": 9})])
def test_a_history_of_what_a_user_may_read(quiet: Any, through: int, stored: dict[bytes, int]) -> None:
    """It has ended when what came is what is stored as of the last revision, deletions among it."""
    every = [(b"/a/x", 5, False, 7), (b"/a/y", 7, False, 0), (b"/a/x", 8, True, 0), (b"/a/y", 9, False, 0)]
    assert shown(quiet(through, stored, *OWN)) == [one for one in every if one[1] <= through]
    assert quiet.asked == [(b"/a/", b"/a0", through, True)]


@pytest.mark.parametrize("stored", [{b"/a/y": 9}, {b"/a/y": 7, b"/a/z": 8}, {b"/a/x": 8, b"/a/y": 7}])
def test_a_history_that_is_not_what_is_stored(quiet: Any, stored: dict[bytes, int]) -> None:
    """However long nothing comes, what lacks a change is not taken for all."""
    with pytest.raises(StoreUnreachable, match="the history stopped"):
        quiet(9, stored, *OWN[:3])


def test_a_history_that_is_quiet_for_long(quiet: Any) -> None:
    """A key that was created and deleted again leaves nothing to compare with: its events are waited for."""
    assert quiet(9, {}) == []
    assert shown(quiet(9, {}, told(6, event(b"/a/x", 6)), told(7, event(b"/a/x", 7, deleted=True)))) == [
        (b"/a/x", 6, False, 0),
        (b"/a/x", 7, True, 0),
    ]
    assert quiet(4, {b"/a/y": 3}) == []


def test_the_way_of_a_user_who_may_not_read_all(quiet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the whole store may not be watched, what the user may read is."""

    def refused(*_: Any) -> Iterator[Revision]:
        raise AccessDenied("permission denied")
        yield

    monkeypatch.setattr(watching, "_replay_watching_all", refused)
    monkeypatch.setattr(
        watching, "_replay_until_quiet", lambda _, *where: iter([Revision(Record(b"/a/x", b"", 2, 5, 1))] * len(where))
    )
    connection = cast(Connection, SimpleNamespace(member=lambda: SimpleNamespace(status=None)))
    assert len(list(watching.replay(connection, b"/a/", b"/a0", 5, 9))) == 4


def test_what_an_event_is() -> None:
    """A deletion is one by its type, and not by its value, which may be empty."""
    for deleted in (False, True):
        one = event(b"/a", 5, deleted=deleted, lease=9)
        one.kv.value = b""
        assert watching.to_revision(one) == Revision(Record(b"/a", b"", 2, 5, 2, 9), deleted=deleted)


@pytest.mark.parametrize("reason", ["", "some reason", "etcdserver: permission denied"])
def test_a_watch_that_the_server_ends(reason: str) -> None:
    """With its reason, if it gives one; it is an error in any case."""
    answers = iter([SimpleNamespace(compact_revision=0, canceled=True, cancel_reason=reason, created=False, events=[])])
    member: Any = SimpleNamespace(endpoint=SimpleNamespace(url="etcd:2379"))
    source = SimpleNamespace(next=lambda _: next(answers, None), close=lambda: None)
    connection: Any = SimpleNamespace(open_stream=lambda call, requests: (member, source))
    stream = watching.WatchStream(connection, b"/a", b"", 5)
    kind = AccessDenied if "denied" in reason else SourceError
    with pytest.raises(kind, match=f"the server ended the watch: {reason or 'no reason given'}"):
        stream.next(1.0)


class Broken(Stream):
    """A stream that breaks when it has said all."""

    def next(self, timeout: float) -> Any:
        found = super().next(timeout)
        if found is None:
            raise grpc.RpcError
        if isinstance(found, TimeoutError):
            raise found
        return found


@pytest.mark.parametrize(
    ("said", "goes_on"), [([], False), ([TimeoutError()], False), ([answer(9)], True), ([answer(9, 5)], True)]
)
def test_a_watch_that_breaks_after_a_while(monkeypatch: pytest.MonkeyPatch, said: list[Any], goes_on: bool) -> None:
    """Whatever came has shown that the server was there: from then on it has its whole time to come back."""
    streams = iter([Broken(*said), Stream(answer(10, 10))])
    monkeypatch.setattr(watching, "_reopen", lambda *_: next(streams))
    begun: list[object] = []
    attempts = SimpleNamespace(deadline=0.0, begin=lambda: begun.append(1), again=lambda *_: bool(begun))
    error = StoreUnreachable("gone")
    connection = cast(Connection, SimpleNamespace(attempts=lambda: attempts, error=lambda *_: error))
    told = (one for one in watch(connection, b"/", b"0", 5) if isinstance(one, Revision))
    if goes_on:
        assert [one.record.mod_revision for one in islice(told, len(said[0].events) + 1)][-1] == 10
    else:
        with pytest.raises(StoreUnreachable, match="gone"):
            next(told)


class Slow(Silent):
    """A stream that is silent now and then."""

    def next(self, _timeout: float) -> Any:
        found = next(self._answers)
        if found is None:
            raise TimeoutError
        return found


def test_a_server_that_is_slow_to_tell(replayed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked so often in a row: each answer shows that it does tell, and it is asked as often again."""
    monkeypatch.setattr(watching, "_QUESTIONS", 2)
    answers = [told(one, event(b"/a", one)) for one in (5, 6, 7)]
    slow = Slow(*[said for one in answers for said in (None, None, one)])
    assert [one.record.mod_revision for one in replayed(watching._replay_asking, slow, b"/a", b"", 5, 7)] == [5, 6, 7]
    silent = Slow(None, None, answers[0], None, None, None)
    assert len(replayed(watching._replay_asking, silent, b"/a", b"", 5, 7)) == 1
