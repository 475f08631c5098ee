"""
What is asked of a server, and what is made of its answers: by a connection that only notes and answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from kstore.errors import Compacted, LeaseExists, NotWritable, RequestTooLarge, StoreUnreachable, Unsupported
from kstore.records import Delete, Put, Record, Revision
from kstore.source.etcd.live import LiveSource, transaction
from kstore.source.options import SourceOptions


class Asked:
    """A connection of which each request is noted, and answered in turn."""

    location = "etcd:2379"
    compactions = 0

    def __init__(self, *answers: Any, kine: bool = False, options: SourceOptions | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[Any] = []
        self.repeatable: list[bool] = []
        self.options = options or SourceOptions()
        self._kine = kine

    def ask(self, call: object, request: Any, *, repeatable: bool = True, where: str = "") -> Any:
        self.requests.append(request)
        self.repeatable.append(repeatable)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def member(self) -> Any:
        return SimpleNamespace(is_kine=self._kine)


def live(connection: Asked) -> LiveSource:
    """A store behind such a connection."""
    found = LiveSource(["http://127.0.0.1:1"], connection.options)
    found._connection = connection  # type: ignore[assignment]
    return found


def kv(key: bytes) -> SimpleNamespace:
    """A key as a server sends it."""
    return SimpleNamespace(key=key, value=b"v", create_revision=2, mod_revision=3, version=2, lease=7)


def done(succeeded: bool = True) -> SimpleNamespace:
    """The answer to a transaction."""
    return SimpleNamespace(succeeded=succeeded, header=SimpleNamespace(revision=9))


@pytest.mark.parametrize("mutation", [Put(b"/a", b"v", 3, 7), Put(b"/a", b"v", 0), Delete(b"/a", 3)])
@pytest.mark.parametrize("count", [1, 3])
def test_a_write_is_sent_once(mutation: Put | Delete, count: int) -> None:
    """Whatever becomes of it: only who knows what it was to leave can tell whether to send it again."""
    connection = Asked(StoreUnreachable("gone"))
    with pytest.raises(StoreUnreachable):
        live(connection).commit([mutation] * count)
    assert connection.repeatable == [False]


def test_a_read_may_be_sent_again() -> None:
    """As often as need be."""
    answer = SimpleNamespace(kvs=[kv(b"/a")], header=SimpleNamespace(revision=9))
    connection = Asked(answer)
    assert live(connection).get(b"/a") == Record(b"/a", b"v", 2, 3, 2, 7)
    assert connection.repeatable == [True]


@pytest.mark.parametrize(("succeeded", "revision"), [(True, 9), (False, 9)])
def test_how_a_transaction_went(succeeded: bool, revision: int) -> None:
    """As the server says."""
    found = live(Asked(done(succeeded))).commit([Put(b"/a", b"v", 3)])
    assert (found.succeeded, found.revision) == (succeeded, revision)


def test_each_key_is_compared() -> None:
    """By the revision of its last change; one that is to be created, by its having none."""
    request = transaction([Put(b"/a", b"v", 3, 7), Put(b"/b", b"w", 0), Delete(b"/c", 5)])
    compared = [(each.key, each.result, each.target, each.mod_revision) for each in request.compare]
    assert compared == [(b"/a", 0, 2, 3), (b"/b", 0, 2, 0), (b"/c", 0, 2, 5)]
    puts = [(one.request_put.key, one.request_put.value, one.request_put.lease) for one in request.success[:2]]
    assert puts == [(b"/a", b"v", 7), (b"/b", b"w", 0)]
    deleted = request.success[2].request_delete_range
    assert (deleted.key, deleted.range_end) == (b"/c", b"")


@pytest.mark.parametrize(
    ("mutations", "asked"),
    [
        ([Put(b"/a", b"v", 3)], [b"/a"]),
        ([Delete(b"/a", 3)], [b"/a"]),
        ([Put(b"/a", b"v", 0)], []),
        ([Put(b"/a", b"v", 3), Put(b"/b", b"v", 3)], []),
    ],
)
def test_the_shape_that_kine_knows(mutations: list[Put | Delete], asked: list[bytes]) -> None:
    """One key that is there: what is stored instead is asked for, as the apiserver does."""
    assert [one.request_range.key for one in transaction(mutations).failure] == asked


@pytest.mark.parametrize("serializable", [True, False])
def test_who_may_write(serializable: bool) -> None:
    """Not on the strength of what may be stale."""
    source = live(Asked(options=SourceOptions(serializable=serializable)))
    if not serializable:
        source.require_writable()
        return
    with pytest.raises(NotWritable):
        source.require_writable()


@pytest.mark.parametrize(("left", "there"), [(5, True), (0, True), (-1, False)])
def test_leases_that_are_there(left: int, there: bool) -> None:
    """Also in its last second; with the time that it was granted for, and not the one that it has left."""
    listed = SimpleNamespace(leases=[SimpleNamespace(ID=7)])
    times = SimpleNamespace(TTL=left, grantedTTL=60 if there else 0)
    assert live(Asked(listed, times)).leases() == ({7: 60} if there else {})


def answers(*keys: bytes) -> SimpleNamespace:
    """The answer to a transaction that reads."""
    return SimpleNamespace(responses=[SimpleNamespace(response_range=SimpleNamespace(kvs=[kv(key)])) for key in keys])


def test_many_keys_of_a_server_that_takes_one() -> None:
    """What it has answered before it said so counts."""
    keys = [b"/a", b"/b", b"/c", b"/d", b"/e"]
    single = [SimpleNamespace(kvs=[kv(key)], header=SimpleNamespace(revision=9)) for key in keys[2:]]
    source = live(Asked(answers(*keys[:2]), Unsupported("no"), *single))
    source._limits = replace(source._limits, operations=2)
    assert [record.key for record in source.get_all(keys) if record] == keys


def test_many_keys_of_a_server_that_takes_few() -> None:
    """Each once, in order; all as of the same revision."""
    keys = [b"/a", b"/b", b"/c"]
    connection = Asked(RequestTooLarge("too many operations in one transaction"), *map(answers, keys))
    source = live(connection)
    source._limits = replace(source._limits, operations=3)
    assert [record.key for record in source.get_all(keys, revision=5) if record] == keys
    asked = [[one.request_range.key for one in request.success] for request in connection.requests]
    assert asked == [keys, *([key] for key in keys)]
    assert {one.request_range.revision for request in connection.requests for one in request.success} == {5}


@pytest.mark.parametrize(("known", "sent", "left"), [(128, 128, 64), (128, 5, 2), (4, 1, 1), (4, 5, 4), (1, 1, 1)])
def test_too_many_operations(known: int, sent: int, left: int) -> None:
    """Half of what was refused may do, and one always may; what was more than is known teaches nothing."""
    source = live(Asked(RequestTooLarge("too many operations in one transaction")))
    source._limits = replace(source._limits, operations=known)
    with pytest.raises(RequestTooLarge):
        source.commit([Put(b"/%d" % at, b"v", 3) for at in range(sent)])
    assert source.limits().operations == left


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_request_that_is_too_large(more: int) -> None:
    """Of one that should have been taken, half may do; the server's own figure, where it says one, is believed."""
    mutations = [Put(b"/a", b"v" * 1000, 3)]
    size = transaction(mutations).ByteSize()
    source = live(Asked(RequestTooLarge("the request is too large")))
    source._limits = replace(source._limits, request_bytes=size + more)
    with pytest.raises(RequestTooLarge):
        source.commit(mutations)
    assert source.limits().request_bytes == (size // 2 if more >= 0 else size + more)
    source = live(Asked(RequestTooLarge("larger than max", request_bytes=777)))
    with pytest.raises(RequestTooLarge):
        source.commit(mutations)
    assert source.limits().request_bytes == 777


def test_across_compactions_is_another_store() -> None:
    """The one that it was made of ends at a compaction still."""
    source = live(Asked())
    other = source.across_compactions()
    assert (other._across_compactions, source._across_compactions) == (True, False)


@pytest.mark.parametrize("told", [0, 1])
def test_a_history_that_is_compacted_meanwhile(told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins anew as long as nothing was told of it; afterwards that is for who reads it."""
    source = live(Asked())
    entry = Revision(Record(b"/a", b"v", 2, 3, 2))
    turns: list[int] = []

    def replayed(*_: object) -> Iterator[Revision]:
        turns.append(1)
        yield from [entry] * told
        if len(turns) == 1:
            raise Compacted("compacted away")
        yield entry

    monkeypatch.setattr(source, "_replayed", replayed)
    monkeypatch.setattr(source, "revision", lambda key=b"": 9)
    monkeypatch.setattr(source, "compact_revision", lambda key=b"": 0)
    if not told:
        assert list(source.history(b"/a")) == [entry]
        return
    with pytest.raises(Compacted):
        list(source.history(b"/a"))


@pytest.mark.parametrize("kine", [True, False])
def test_the_whole_store_as_a_range(kine: bool) -> None:
    """kine knows no range without an end."""
    assert live(Asked(kine=kine))._bounds(b"") == (b"\0", b"\x7f" if kine else b"\0")
    assert live(Asked(kine=kine))._bounds(b"/a/") == (b"/a/", b"/a0")


@pytest.mark.parametrize(("seconds", "asked"), [(3600, 3600), (1, 1), (0, 1)])
def test_a_lease_of_some_time(seconds: int, asked: int) -> None:
    """A server refuses one of no time at all: what is about to end ends a second later."""
    connection = Asked(SimpleNamespace(ID=700))
    assert live(connection).grant_lease(7, seconds) == 700
    assert [(one.ID, one.TTL) for one in connection.requests] == [(7, asked)]


def test_a_lease_that_is_there_already() -> None:
    """An earlier run has granted it: it is the one that was asked for."""
    assert live(Asked(LeaseExists("there is a lease of this id already"))).grant_lease(7, 60) == 7
