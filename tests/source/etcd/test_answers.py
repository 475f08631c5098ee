"""A streaming call whose answers are awaited one by one, and what is left of it when it is closed."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
import pytest
from tests.patience import SECONDS
from tools.cluster import Etcd

from kstore.records import Put
from kstore.source.etcd.answers import Answers
from kstore.source.etcd.live import LiveSource
from kstore.source.etcd.watch import WatchStream


class Call(grpc.RpcError):
    """A call as grpc has it: an iterator of messages that raises itself once it is cancelled, or has failed."""

    def __init__(self, messages: list[str], details: str = "") -> None:
        super().__init__()
        self._messages = messages
        self._details = details
        self._cancelled = threading.Event()

    def __iter__(self) -> Call:
        return self

    def __next__(self) -> str:
        if self._messages:
            return self._messages.pop(0)
        if not self._details:
            assert self._cancelled.wait(SECONDS)
        raise self

    def cancel(self) -> None:
        self._cancelled.set()

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE if self._details else grpc.StatusCode.CANCELLED

    def details(self) -> str:
        return self._details


@contextmanager
def without_collector() -> Iterator[None]:
    """What is freed is freed by its last reference."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_closed_call_is_let_go_of() -> None:
    """It is freed when it is closed, not by the collector: at the end of the process that could wait for ever."""
    with without_collector():
        call = Call(["one"])
        freed = weakref.ref(call)
        answers = Answers(call)
        del call
        assert answers.next(SECONDS) == "one"
        answers.close()
        assert freed() is None
        answers.close()


def test_a_broken_call_is_let_go_of() -> None:
    """So is one that has failed, though its failure was raised, and is kept."""
    with without_collector():
        call = Call([], "Connection reset by peer")
        freed = weakref.ref(call)
        answers = Answers(call)
        del call
        with pytest.raises(grpc.RpcError) as caught:
            answers.next(SECONDS)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "Connection reset by peer"
        answers.close()
        assert freed() is None


@pytest.mark.etcd
def test_a_watch_is_let_go_of(etcd_server: Etcd, connect: Callable[..., LiveSource]) -> None:
    """The call of grpc itself is freed with the watch that it carried."""
    source = connect(etcd_server.endpoint)
    source.commit([Put(b"/watched", b"1", 0)])
    with without_collector():
        stream = WatchStream(source._connection, b"/watched", b"", 1)
        freed = weakref.ref(stream._answers._call)
        assert [event.kv.value for event in stream.next(SECONDS).events] == [b"1"]
        stream.close()
        assert freed() is None
