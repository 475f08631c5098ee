"""How pages are sized."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.errors import Compacted, SourceError, StoreUnreachable
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


@pytest.mark.parametrize("sent", [[b"/a", b"/c", b"/b"], [b"/c", b"/c"], [b"/a", b"/c", b"/c"]])
def test_a_server_that_goes_in_a_circle(sent: list[bytes]) -> None:
    """Keys that were sent before, again and again, are an error and no end: the range would never be through."""

    def page(key: bytes) -> SimpleNamespace:
        header = SimpleNamespace(revision=7)
        return SimpleNamespace(kvs=[SimpleNamespace(key=key, value=b"v")], more=True, header=header)

    pages = iter(sent)
    connection = SimpleNamespace(
        location="etcd:2379",
        options=SourceOptions(),
        ask=lambda call, request, where: page(next(pages)),
        start=lambda call, request: SimpleNamespace(result=lambda: page(next(pages)), cancel=lambda: None),
    )
    reader = RangeReader(connection, b"/", b"0", streams=False)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="sent before") as failed:
        list(reader.pages())
    assert sent[-1].decode() in failed.value.where


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


@pytest.mark.parametrize("across", [True, False])
def test_the_caller_s_revision_is_never_exchanged(across: bool) -> None:
    """What is read as of a revision ends when that is compacted, whatever the options say."""
    server = Paged(KEYS, 2)
    server.fault = Compacted("the revision has been compacted away")
    reader = RangeReader(server, b"/", b"0", revision=5, streams=False, across_compactions=across)  # type: ignore[arg-type]
    with pytest.raises(Compacted):
        list(reader.pages())
    assert server.compactions == 0
    assert {revision for _, revision in server.asked} == {5}


def test_a_server_that_sends_nothing() -> None:
    """It says that there is more: that is an error, and neither the end nor a circle."""
    server = Paged([], 1)
    ask = server.ask

    def lie(call: object, request: Any, where: str = "") -> SimpleNamespace:
        found = ask(call, request, where)
        found.more = True
        return found

    server.ask = lie  # type: ignore[method-assign]
    with pytest.raises(SourceError, match="sends nothing"):
        list(RangeReader(server, b"/", b"0", streams=False).pages())  # type: ignore[arg-type]


def test_the_next_page_is_asked_for_ahead() -> None:
    """While one page is looked at, the next is on its way."""
    server = Paged(KEYS, 2)
    pages = RangeReader(server, b"/", b"0", streams=False).pages()  # type: ignore[arg-type]
    next(pages)
    next(pages)
    assert len(server.asked) == 2
    begun: list[object] = []
    start = server.start
    server.start = lambda call, request: begun.append(request) or start(call, request)  # type: ignore[method-assign, func-returns-value]
    pages = RangeReader(server, b"/", b"0", streams=False).pages()  # type: ignore[arg-type]
    next(pages)
    next(pages)
    assert len(begun) == 2


@pytest.mark.parametrize("serializable", [True, False])
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_what_a_page_is_asked_for(serializable: bool, size: int) -> None:
    """As the options have it, and with fewer keys where their values are large."""
    server = Paged(KEYS, 2)
    server.options = SourceOptions(serializable=serializable)
    requests: list[Any] = []
    ask = server.ask

    def note(call: object, request: Any, where: str = "") -> SimpleNamespace:
        requests.append(request)
        found = ask(call, request, where)
        for each in found.kvs:
            each.value = b"v" * size
        return found

    server.ask = note  # type: ignore[method-assign]
    found = [entry.key for part in RangeReader(server, b"/", b"0", streams=False).pages() for entry in part]  # type: ignore[arg-type]
    assert found == sorted(KEYS)
    assert {request.serializable for request in requests} == {serializable}
    assert [request.limit for request in requests][1] == (1600 if size == 10 else 1)


class Streaming(Paged):
    """A server that sends the rest in a stream, which breaks off after so many messages, now and then."""

    def __init__(self, keys: list[bytes], page: int, *ends: Exception | int) -> None:
        super().__init__(keys, page)
        self.ends = list(ends)
        self.streamed: list[bytes] = []
        self.begun = 0

    def attempts(self) -> SimpleNamespace:
        def begin() -> None:
            self.begun += 1

        return SimpleNamespace(begin=begin, again=lambda member, error: True, failed={})

    def open_stream(self, call: object, request: Any) -> tuple[SimpleNamespace, SimpleNamespace]:
        self.streamed.append(request.key)
        assert len(self.streamed) < 20, "it goes in a circle"
        left = [key for key in self._keys if request.key <= key < request.range_end]
        length = self.ends.pop(0) if self.ends else None

        def following(timeout: float) -> SimpleNamespace | None:
            nonlocal length
            if isinstance(length, Exception):
                raise length
            if isinstance(length, int):
                if length == 0:
                    raise Broken
                length -= 1
            if not left:
                return None
            entry = SimpleNamespace(key=left.pop(0), value=b"v")
            return SimpleNamespace(range_response=SimpleNamespace(kvs=[entry]))

        member = SimpleNamespace(endpoint=SimpleNamespace(url="etcd:2379"))
        return member, SimpleNamespace(next=following, close=lambda: None)


class Broken(grpc.RpcError):
    """A stream that broke."""

    status = grpc.StatusCode.UNAVAILABLE

    def code(self) -> grpc.StatusCode:
        return self.status


class Unknown(Broken):
    """A server that knows no such request."""

    status = grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("ends", [(), (0,), (1,), (2, 0, 1), (5,), (1, 1, 1, 1)])
def test_a_stream_goes_on_where_it_broke_off(ends: tuple[int, ...]) -> None:
    """Each key once, in order, and nothing is asked for again when it came to its end."""
    server = Streaming(KEYS, 2, *ends)
    reader = RangeReader(server, b"/", b"0")  # type: ignore[arg-type]
    assert [entry.key for part in reader.pages() for entry in part] == sorted(KEYS)
    assert (len(server.asked), reader.streams) == (1, True)
    assert server.begun == len(KEYS) - 2


def test_a_server_without_streams() -> None:
    """The rest comes in pages, and no stream is tried again."""
    server = Streaming(KEYS, 2, Unknown())
    reader = RangeReader(server, b"/", b"0")  # type: ignore[arg-type]
    assert [entry.key for part in reader.pages() for entry in part] == sorted(KEYS)
    assert (len(server.streamed), len(server.asked), reader.streams) == (1, 4, False)


def test_a_stream_that_stops() -> None:
    """What has come so far is not taken for all."""
    server = Streaming(KEYS, 2, TimeoutError())
    with pytest.raises(StoreUnreachable, match="the answer stopped"):
        list(RangeReader(server, b"/", b"0").pages())  # type: ignore[arg-type]
