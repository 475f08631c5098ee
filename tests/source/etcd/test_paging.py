"""How pages are sized."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.errors import Compacted, SourceError
from kstore.source.etcd import retry
from kstore.source.etcd.paging import RangeReader, next_limit
from kstore.source.etcd.retry import Attempts
from kstore.source.options import SourceOptions

MIB = 1024 * 1024


@given(
    limit=st.integers(1, 10_000),
    keys=st.integers(0, 10_000),
    size=st.integers(0, 2**33),
)
def test_a_limit_is_always_usable(limit: int, keys: int, size: int) -> None:
    """Whatever the server answered, the next page has from 1 to 10,000 keys and grows at most eightfold."""
    following = next_limit(limit, keys, size)
    assert 1 <= following <= min(10_000, max(limit * 8, 1))


@given(average=st.integers(1, 1_500_000), keys=st.integers(1, 500))
def test_a_page_is_bounded_in_bytes(average: int, keys: int) -> None:
    """As long as values stay as big as they were, no page is bigger than 2 MiB, or than one value."""
    following = next_limit(keys, keys, average * keys)
    assert following * average <= 2 * MIB or following == 1


def test_huge_values_make_small_pages() -> None:
    """After a page of values of a megabyte each, the next one asks for a few."""
    assert next_limit(200, 200, 200 * MIB) <= 2


def test_a_server_that_goes_in_a_circle() -> None:
    """Keys that were sent before, again and again, are an error and no end: the range would never be through."""

    def page(key: bytes) -> SimpleNamespace:
        header = SimpleNamespace(revision=7)
        return SimpleNamespace(kvs=[SimpleNamespace(key=key, value=b"v")], more=True, header=header)

    pages = iter([b"/a", b"/c", b"/b"])
    connection = SimpleNamespace(
        location="etcd:2379",
        options=SourceOptions(),
        ask=lambda call, request, where: page(next(pages)),
        start=lambda call, request: SimpleNamespace(result=lambda: page(next(pages)), cancel=lambda: None),
    )
    reader = RangeReader(connection, b"/", b"0", streams=False)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="sent before") as failed:
        list(reader.pages())
    assert "/b" in failed.value.where


class Paged:
    """A server of a few keys that sends so many a page, and notes what it was asked."""

    def __init__(self, keys: list[bytes], page: int) -> None:
        self.location = "etcd:2379"
        self.options = SourceOptions()
        self.compactions = 0
        self.asked: list[tuple[bytes, int]] = []
        self.fault: Exception | None = None
        self._keys, self._page = sorted(keys), page

    def ask(self, call: object, request: Any, where: str = "") -> SimpleNamespace:
        self.asked.append((request.key, request.revision))
        assert len(self.asked) < 100, "it goes in a circle"
        if self.fault is not None and len(self.asked) > 1:
            raise self.fault
        found = [key for key in self._keys if key >= request.key and key < request.range_end]
        kvs = [SimpleNamespace(key=key, value=b"v") for key in found[: self._page]]
        header = SimpleNamespace(revision=7 + len(self.asked))
        return SimpleNamespace(kvs=kvs, more=len(found) > self._page, header=header)

    def start(self, call: object, request: Any) -> SimpleNamespace:
        return SimpleNamespace(result=lambda: self.ask(call, request), cancel=lambda: None)


KEYS = [b"/a", b"/a\0", b"/a\0\0", b"/a\1", b"/aa", b"/b", b"/b\xff"]


@pytest.mark.parametrize("page", range(1, 9))
def test_every_key_once(page: int) -> None:
    """However the keys fall into pages, each comes once, in order, all of one revision."""
    server = Paged(KEYS, page)
    reader = RangeReader(server, b"/", b"0", streams=False)  # type: ignore[arg-type]
    assert [entry.key for part in reader.pages() for entry in part] == sorted(KEYS)
    assert {revision for _, revision in server.asked[1:]} <= {8}


def test_a_compaction_is_not_passed_over() -> None:
    """A scan whose revision is compacted meanwhile ends, unless the options say that it may go on with the newest."""
    server = Paged(KEYS, 2)
    server.fault = Compacted("the revision has been compacted away")
    reader = RangeReader(server, b"/", b"0", streams=False)  # type: ignore[arg-type]
    server.start = lambda call, request: SimpleNamespace(  # type: ignore[method-assign]
        result=lambda: (_ for _ in ()).throw(grpc.FutureCancelledError()), cancel=lambda: None
    )
    with pytest.raises(Compacted):
        list(reader.pages())
    assert server.compactions == 0


def test_a_long_answer_that_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has the time of a request: however long it has gone on, the rest is asked for where it broke off."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=lambda _: None))
    options = SourceOptions(command_timeout=30)
    member: Any = "the only one"
    begun: list[bytes] = []

    class Broken(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.UNAVAILABLE

        def details(self) -> str:
            return "Socket closed"

    class Answers:
        def __init__(self, request: Any) -> None:
            begun.append(request.key)
            self._left = [key for key in KEYS if key >= request.key][:3]

        def next(self, timeout: float) -> Any:
            clock.now += 20
            if not self._left:
                if begun[-1] > KEYS[-1]:
                    return None
                raise Broken
            kvs = [SimpleNamespace(key=self._left.pop(0), value=b"v")]
            return SimpleNamespace(range_response=SimpleNamespace(kvs=kvs))

        def close(self) -> None:
            """Nothing is left of it."""

    server = Paged(KEYS, 1)
    connection: Any = SimpleNamespace(
        location="etcd:2379",
        options=options,
        ask=server.ask,
        attempts=lambda: Attempts([member], options, leave=lambda _: None, renew=lambda _: None),
        open_stream=lambda call, request: (member, Answers(request)),
        error=lambda error, *_: error,
    )
    reader = RangeReader(connection, b"/", b"0")
    assert [entry.key for part in reader.pages() for entry in part] == sorted(KEYS)
    assert len(begun) == 3
