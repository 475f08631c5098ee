"""
How hard a store is pressed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from tests.migrate.conftest import FaultySource, key
from tests.patience import until

from kstore.errors import AccessDenied, Interrupted, NoSpace, WorkerLost
from kstore.records import Mutation
from kstore.source.interface import StoreStatus
from kstore.write import batches, room
from kstore.write.batches import Pace, write_all
from kstore.write.commit import Writer
from kstore.write.compare_and_swap import KeyChange, request_size
from kstore.write.progress import Stop
from kstore.write.retry import Retry


class Clock(Stop):
    """Time that passes only where somebody waits."""

    now = 100.0

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.asked


@pytest.mark.parametrize(("rate", "stall"), [(10, 0.0), (10, 60.0), (25, 3.0)])
def test_a_rate_holds_after_a_stall(rate: int, stall: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many objects a second at most, apart from those of one second that a stall has cost: none come in a rush."""
    clock = Clock()
    monkeypatch.setattr(batches, "time", SimpleNamespace(monotonic=lambda: clock.now))
    store = FaultySource({key(f"web-{number:03}"): b"old" for number in range(200)})
    times: list[float] = []

    def changes() -> Iterator[KeyChange]:
        for number, record in enumerate(list(store.records.values())):
            if number == 50:
                clock.now += stall
            times.append(clock.now)
            yield KeyChange(record.key, record, b"new")

    write_all(Writer(store, retry=Retry(stop=clock)), changes(), lambda _: None, pace=Pace(batch=5, rate=rate))
    assert all(record.value == b"new" for record in store.records.values())
    for first, last in zip(times, times[2 * rate + 2 :], strict=False):
        assert last - first > 0.99
    assert times[-1] - times[0] == pytest.approx(199 / rate + max(0, stall - 1), abs=0.2)


@pytest.mark.parametrize("largest", [400, 401, 1000, 10_000])
def test_no_batch_is_larger_than_the_server_takes(largest: int) -> None:
    """As many together as there is room for in one request, and never one more; each is written once."""
    sizes: list[int] = []
    store = FaultySource({key(f"web-{number:02}"): b"old" for number in range(40)})
    limits = replace(store.limits(), request_bytes=largest)
    store.limits = lambda: limits  # type: ignore[method-assign]
    store.before_commit = lambda mutations: sizes.append(sum(map(request_size, mutations)))
    changes = [KeyChange(record.key, record, b"n" * (7 * at)) for at, record in enumerate(store.records.values())]
    write_all(Writer(store), changes, lambda _: None)
    assert [record.value for record in store.records.values()] == [change.value for change in changes]
    alone = [request_size(change.mutation()) for change in changes]
    assert all(size <= largest or size in alone for size in sizes)
    assert sum(sizes) == sum(alone)
    assert all(one + two > largest for one, two in pairwise(sizes) if one not in alone)


@pytest.mark.parametrize(("asked", "taken", "most"), [(0, 8, 8), (3, 8, 3), (8, 8, 8), (20, 8, 8), (1, 8, 1)])
def test_no_batch_has_more_objects_than_are_taken(asked: int, taken: int, most: int) -> None:
    """As many as the server takes in a transaction, or as few as are asked for; only the last one has fewer."""
    counts: list[int] = []
    store = FaultySource({key(f"web-{number:02}"): b"old" for number in range(20)})
    limits = replace(store.limits(), operations=taken)
    store.limits = lambda: limits  # type: ignore[method-assign]
    store.before_commit = lambda mutations: counts.append(len(mutations))
    changes = [KeyChange(record.key, record, b"new") for record in store.records.values()]
    write_all(Writer(store), changes, lambda _: None, pace=Pace(batch=asked, concurrency=1))
    assert counts == [most] * (20 // most) + [20 % most] * bool(20 % most)


def test_room_that_others_have_taken_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only what is on its way is in the way, the next object waits for that, and none is refused."""
    monkeypatch.setattr(room, "_COMMIT_LAG", 0)
    mib = 1 << 20
    store = FaultySource({key(f"web-{number}"): b"old" for number in range(3)})
    asked_again = threading.Event()
    looks: list[int] = []

    def status() -> StoreStatus:
        looks.append(len(looks))
        if len(looks) > 1:
            asked_again.set()
        return StoreStatus("memory", "etcd", 1, quota=100 * mib, size=10 * mib, size_in_use=90 * mib)

    store.status = status  # type: ignore[method-assign]

    def wait_for_the_look(_: Sequence[Mutation]) -> None:
        asked_again.wait(60)

    store.before_commit = wait_for_the_look
    changes = [KeyChange(record.key, record, bytes(mib)) for record in store.records.values()]
    write_all(Writer(store), changes, lambda _: None, pace=Pace(batch=1, concurrency=3))
    assert {len(record.value) for record in store.records.values()} == {mib}
    assert len(looks) > 1


def test_a_store_of_single_keys() -> None:
    """One key a transaction, whatever was asked for and however many operations the server would take."""
    counts: list[int] = []
    store = FaultySource({key(f"web-{number}"): b"old" for number in range(5)})
    limits = replace(store.limits(), single_key=True)
    store.limits = lambda: limits  # type: ignore[method-assign]
    store.before_commit = lambda mutations: counts.append(len(mutations))
    changes = [KeyChange(record.key, record, b"new") for record in store.records.values()]
    write_all(Writer(store), changes, lambda _: None, pace=Pace(batch=3, concurrency=1))
    assert counts == [1] * 5


@pytest.mark.parametrize("asked", [False, True])
def test_a_process_that_made_the_changes_is_lost(asked: bool) -> None:
    """What it had still to make is not written, and that is said: as lost, or as stopped where a stop was asked for."""
    store = FaultySource({key(f"web-{number}"): b"old" for number in range(4)})
    stop = Stop()

    def changes() -> Iterator[KeyChange]:
        for record in list(store.records.values())[:2]:
            yield KeyChange(record.key, record, b"new")
        if asked:
            stop.ask()
        raise WorkerLost("a process has ended by itself")

    with pytest.raises(Interrupted if asked else WorkerLost):
        write_all(Writer(store, retry=Retry(stop=stop)), changes(), lambda _: None, pace=Pace(batch=1))
    assert [record.value for record in store.records.values()][2:] == [b"old", b"old"]


def test_what_waits_for_a_batch_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent behind a refusal, not even a batch that was handed over before it came."""
    handed: list[object] = []

    class Pool(ThreadPoolExecutor):
        def submit(self, *given: Any, **named: Any) -> Future[Any]:
            handed.append(given)
            return super().submit(*given, **named)

    monkeypatch.setattr(batches, "ThreadPoolExecutor", Pool)
    store = FaultySource({key(f"web-{number}"): b"old" for number in range(4)})
    sent: list[bytes] = []

    def refuse(mutations: Sequence[Mutation]) -> None:
        sent.append(mutations[0].key)
        until(lambda: len(handed) == 2)
        raise NoSpace("full")

    store.before_commit = refuse
    changes = [KeyChange(record.key, record, b"new") for record in store.records.values()]
    with pytest.raises(NoSpace, match="full"):
        write_all(Writer(store), changes, lambda _: None, pace=Pace(batch=1, concurrency=1))
    assert sent == [key("web-0")]


@pytest.mark.parametrize("batch", [1, 7])
def test_room_is_free_again_when_it_was_written(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not grow takes any number of writes, each of which there is room for."""
    monkeypatch.setattr(room, "_COMMIT_LAG", 0)
    store = FaultySource({key(f"web-{number:02}"): b"old" for number in range(40)})
    status = replace(store.status(), quota=10_000_000, size_in_use=0, size=0)
    limits = replace(store.limits(), request_bytes=1_000_000)
    store.status, store.limits = lambda: status, lambda: limits  # type: ignore[method-assign]
    changes = [KeyChange(record.key, record, b"n" * 200_000) for record in store.records.values()]
    write_all(Writer(store), changes, lambda _: None, pace=Pace(batch=batch, concurrency=1))
    assert {len(record.value) for record in store.records.values()} == {200_000}


def test_the_first_of_two_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several batches that fail, what ended the run is told, and not what came of it."""
    store = FaultySource({key(f"web-{number}"): b"old" for number in range(4)})
    begun: list[bytes] = []
    freed: list[int] = []
    monkeypatch.setattr(room.Room, "written", lambda room, size: freed.append(size))

    def fail(mutations: Sequence[Mutation]) -> None:
        begun.append(mutations[0].key)
        if mutations[0].key == key("web-0"):
            until(lambda: len(begun) == 2)
            raise NoSpace("the first")
        until(lambda: len(freed) == 1)
        raise AccessDenied("the second")

    store.before_commit = fail
    changes = [KeyChange(record.key, record, b"new") for record in list(store.records.values())[:2]]
    with pytest.raises(NoSpace, match="the first"):
        write_all(Writer(store), changes, lambda _: None, pace=Pace(batch=1, concurrency=2))
