"""
A store that goes away and comes back: how long it is waited for, and that a scan goes on just where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace

import pytest

from kstore.errors import Compacted, StoreUnreachable
from kstore.records import Record
from kstore.source.interface import StoreStatus
from kstore.testing import MemorySource
from kstore.write import retry as retrying
from kstore.write.progress import Stop
from kstore.write.retry import Retry

KEYS = [b"/a/0", b"/a/0\0", b"/a/00", *(b"/a/%d" % number for number in range(1, 6))]


class Clock(Stop):
    """Time that passes only where somebody waits."""

    now = 100.0

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.asked


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the module."""
    found = Clock()
    monkeypatch.setattr(retrying, "time", SimpleNamespace(monotonic=lambda: found.now))
    return found


class Failing(MemorySource):
    """A store whose scans end with an error after so many records each."""

    def __init__(self, error: Exception, *lengths: int) -> None:
        super().__init__(dict.fromkeys(KEYS, b"x"))
        self.error = error
        self.lengths = list(lengths)

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        length = self.lengths.pop(0) if self.lengths else None
        for number, record in enumerate(super().scan(prefix, revision=revision, start=start)):
            if number == length:
                raise self.error
            yield record


@pytest.mark.parametrize("error", [StoreUnreachable("gone"), Compacted("compacted")])
@pytest.mark.parametrize("lengths", [(0,), (1,), (3, 0, 1), (5,), (1, 1, 1, 1, 1)])
def test_every_key_once(clock: Clock, error: Exception, lengths: tuple[int, ...]) -> None:
    """Wherever a scan breaks off: it goes on behind the last key, in order."""
    records = Retry(10, stop=clock).scan(Failing(error, *lengths), [b"/a/"])
    assert [record.key for record in records] == KEYS


def test_a_store_that_is_compacted_all_along(clock: Clock) -> None:
    """A scan that comes to nothing again and again is given up: ten times are borne, wherever it stands."""
    retry = Retry(10, stop=clock)
    for lengths in ([0] * 10, [0] * 10 + [1] + [0] * 9):
        assert [one.key for one in retry.scan(Failing(Compacted("compacted"), *lengths), [b"/a/"])] == KEYS
    for lengths in ([0] * 11, [2] + [0] * 10):
        with pytest.raises(Compacted):
            list(retry.scan(Failing(Compacted("compacted"), *lengths), [b"/a/"]))


def test_a_scan_of_one_revision(clock: Clock) -> None:
    """Wherever it breaks off, what it reads is as it was then."""
    source = Failing(StoreUnreachable("gone"), 3)
    revision = source.revision
    source.put(KEYS[0], b"later")
    source.put(KEYS[-1], b"later")
    found = list(Retry(10, stop=clock).scan(source, [b"/a/"], revision=revision))
    assert [(one.key, one.value) for one in found] == [(key, b"x") for key in KEYS]


def test_one_revision_is_not_exchanged_for_another(clock: Clock) -> None:
    """What was asked for as of a revision is not to be had once that is compacted: nothing else stands for it."""
    told: list[str] = []
    scan = Retry(10, stop=clock).scan(
        Failing(Compacted("compacted"), 2), [b"/a/"], revision=2, compacted=lambda: told.append("compacted")
    )
    assert [next(scan).key, next(scan).key] == KEYS[:2]
    with pytest.raises(Compacted):
        next(scan)
    assert told == []


@pytest.mark.parametrize("seconds", [0.5, 7.0, 120.0])
def test_how_long_it_is_waited_for(clock: Clock, seconds: float) -> None:
    """As long as was said, and not longer; ever more slowly, but every five seconds."""
    times: list[float] = []

    def away() -> None:
        times.append(clock.now)
        raise StoreUnreachable("gone")

    with pytest.raises(StoreUnreachable):
        Retry(seconds, stop=clock).ask(away)
    assert seconds - 5 < times[-1] - 100 <= seconds
    gaps = [round(later - earlier, 6) for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps)
    assert max(gaps) <= 5


def test_somebody_asks_to_stop(clock: Clock) -> None:
    """Then it is not waited for any longer."""
    clock.ask()
    with pytest.raises(StoreUnreachable):
        Retry(1000, stop=clock).ask(lambda: (_ for _ in ()).throw(StoreUnreachable("gone")))
    assert clock.now < 101


@pytest.mark.parametrize("away", [0.5, 20.0])
def test_a_scan_waits_for_a_store_that_is_away(clock: Clock, away: float) -> None:
    """It is asked whether it is there again, ever more slowly, and not scanned meanwhile."""
    source = Failing(StoreUnreachable("gone"), 2)
    status, began = source.status, clock.now

    def answer() -> StoreStatus:
        if clock.now < began + away:
            raise StoreUnreachable("gone")
        return status()

    source.status = answer  # type: ignore[method-assign]
    assert [one.key for one in Retry(60, stop=clock).scan(source, [b"/a/"])] == KEYS
    assert clock.now >= began + away


def test_a_scan_of_a_store_that_stays_away(clock: Clock) -> None:
    """It ends when the store has been waited for as long as was said."""
    source = Failing(StoreUnreachable("gone"), *[1] * 50)

    def answer() -> StoreStatus:
        raise StoreUnreachable("gone for good")

    source.status = answer  # type: ignore[method-assign]
    with pytest.raises(StoreUnreachable, match="for good"):
        list(Retry(10, stop=clock).scan(source, [b"/a/"]))
    assert 105 < clock.now <= 110


@pytest.mark.parametrize("prefixes", [(b"/a/", b"/b/"), (b"/b/", b"/a/"), (b"/a/3", b"/a/0", b"/a/")])
@pytest.mark.parametrize("error", [StoreUnreachable("gone"), Compacted("compacted")])
def test_each_prefix_from_its_beginning(clock: Clock, prefixes: tuple[bytes, ...], error: Exception) -> None:
    """One after the other, in whatever order they are given, wherever a scan breaks off."""
    for length in range(4):
        source = Failing(error, length)
        source.put(b"/b/1", b"x")
        wanted = [key for prefix in prefixes for key in [*KEYS, b"/b/1"] if key.startswith(prefix)]
        assert [one.key for one in Retry(10, stop=clock).scan(source, prefixes)] == wanted


def test_whoever_scans_is_told_of_each_compaction(clock: Clock) -> None:
    """What is read then is as of another revision."""
    told: list[int] = []
    scan = Retry(10, stop=clock).scan(
        Failing(Compacted("compacted"), 2, 1), [b"/a/"], compacted=lambda: told.append(len(told))
    )
    assert [one.key for one in scan] == KEYS
    assert told == [0, 1]
