"""
The room that is left in a server: when a write is held back, without a server.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from kstore.errors import NoSpace
from kstore.source.interface import StoreStatus
from kstore.testing import MemorySource
from kstore.write import room
from kstore.write.progress import Stop
from kstore.write.retry import Retry
from kstore.write.room import Room

MIB = 1 << 20


class Sized(MemorySource):
    """A store that tells sizes."""

    sizes = StoreStatus("memory", "etcd", 1, quota=100 * MIB, size=10 * MIB, size_in_use=10 * MIB)

    def status(self) -> StoreStatus:
        return self.sizes


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Sized:
    """A server of a quota of 100 MiB, asked without delay."""
    monkeypatch.setattr(room, "_COMMIT_LAG", 0)
    return Sized()


@pytest.mark.parametrize(
    ("in_use", "size", "taken"),
    [
        (90, 90, True),
        (94.5, 94.5, False),  # 95 % is where it ends, and a write may take twice its bytes
        (96, 96, False),
        (99, 99, False),
        (10, 98, False),  # the file with its free pages counts as well, and a whole request beside it
        (10, 96, True),
    ],
)
def test_where_it_ends(source: Sized, in_use: float, size: float, taken: bool) -> None:
    """A megabyte is written below 95 % in use, and as long as the file leaves room for a request."""
    source.sizes = replace(source.sizes, size_in_use=int(in_use * MIB), size=int(size * MIB))
    if taken:
        Room(source, Retry()).take(MIB)
        return
    with pytest.raises(NoSpace, match="left to the apiserver"):
        Room(source, Retry()).take(MIB)


def test_what_is_on_its_way_counts(source: Sized) -> None:
    """Many small writes come to the same as a large one, before the server's sizes tell of them."""
    source.sizes = replace(source.sizes, size_in_use=90 * MIB, size=90 * MIB)
    watched = Room(source, Retry())
    for _ in range(20):
        watched.take(MIB // 10)
    with pytest.raises(NoSpace):
        watched.take(MIB)


def test_an_alarm_ends_it(source: Sized) -> None:
    """Whatever the sizes are; and a server that tells no quota is watched for its alarm."""
    source.sizes = replace(source.sizes, alarms=("NOSPACE (default)",), quota=0)
    with pytest.raises(NoSpace, match="alarm"):
        Room(source, Retry()).take(1)
    source.sizes = replace(source.sizes, alarms=())
    Room(source, Retry()).take(1 << 40)


def test_another_alarm(source: Sized) -> None:
    """Members that differ are for the server to refuse; there is room all the same."""
    source.sizes = replace(source.sizes, alarms=("CORRUPT (default)",))
    Room(source, Retry()).take(MIB)


@pytest.mark.parametrize(("in_use", "size", "said"), [(96, 97, "96.0 are in use"), (20, 99, "99.0 its file has taken")])
def test_what_is_said_to_be_full(source: Sized, in_use: int, size: int, said: str) -> None:
    """The keys, or the file with its free pages: a compaction helps the one, defragmenting the other."""
    source.sizes = replace(source.sizes, size_in_use=in_use * MIB, size=size * MIB)
    with pytest.raises(NoSpace, match=said):
        Room(source, Retry()).take(1)


@pytest.mark.parametrize("after", [{"alarms": ("NOSPACE (default)",)}, {"size_in_use": 96 * MIB, "size": 96 * MIB}])
def test_what_others_fill_is_noticed(source: Sized, after: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that others write to is asked again every few seconds, however little is written here."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: clock.now))
    watched = Room(source, Retry())
    watched.take(1)
    source.sizes = replace(source.sizes, **after)  # type: ignore[arg-type]
    clock.now += room._LOOK_EVERY - 0.1
    watched.take(1)
    clock.now += 0.2
    with pytest.raises(NoSpace):
        watched.take(1)


def test_what_is_on_its_way_counts_after_a_look(source: Sized, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's sizes do not have it, however often they are asked for; once it is written they do."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: clock.now))
    source.sizes = replace(source.sizes, size_in_use=90 * MIB, size=90 * MIB)
    watched = Room(source, Retry())
    watched.take(MIB)
    clock.now += room._LOOK_EVERY + 1
    for _ in range(2):
        watched.take(MIB // 2)
    with pytest.raises(NoSpace):
        watched.take(MIB)
    watched.written(2 * MIB)
    for _ in range(2):
        watched.take(MIB)
    with pytest.raises(NoSpace):
        watched.take(MIB)


@pytest.mark.parametrize("taken", [0, 1])
def test_sizes_are_asked_for_when_they_can_tell(source: Sized, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's sizes come a moment late: what was written is given that moment, and the first look needs none."""
    monkeypatch.setattr(room, "_COMMIT_LAG", 0.25)
    done: list[object] = []

    class Noting(Stop):
        def wait(self, seconds: float) -> bool:
            done.append(seconds)
            return False

    sizes = source.sizes

    def status() -> StoreStatus:
        done.append("asked")
        return sizes

    source.status = status  # type: ignore[method-assign]
    watched = Room(source, Retry(stop=Noting()))
    for _ in range(taken):
        watched.take(20 * MIB)
        watched.written(20 * MIB)
    done.clear()
    watched.take(30 * MIB)
    assert done == [0.25, "asked"][1 - taken :]


def test_a_server_without_a_quota_is_asked_now_and_then(source: Sized, monkeypatch: pytest.MonkeyPatch) -> None:
    """For its alarm, every few seconds, and not for each write."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: clock.now))
    asked: list[float] = []
    sizes = replace(source.sizes, quota=0)

    def status() -> StoreStatus:
        asked.append(clock.now)
        return sizes

    source.status = status  # type: ignore[method-assign]
    watched = Room(source, Retry())
    for _ in range(100):
        watched.take(MIB)
        clock.now += 0.1
    assert asked == pytest.approx([100.0, 105.1])
