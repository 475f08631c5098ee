"""
The answers of a streaming call, each awaited for a limited time.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import Any

import grpc

_END = 5.0
"""Seconds that the thread is given to end, which takes it none but on a machine that has no time for it."""


class Ended(grpc.RpcError):
    """
    What a call ended with.

    grpc raises the call itself, which its own traceback then keeps alive.
    """

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__()
        self._code, self._details = error.code(), error.details()

    def code(self) -> grpc.StatusCode:
        """As of the call."""
        return self._code

    def details(self) -> str | None:
        """As of the call."""
        return self._details


class Answers:
    """
    The messages of a streaming call, read ahead a little in a thread of its own, each awaited for a limited
    time.

    grpc can only limit a call as a whole; this limits each wait, however long the reader takes between them.

    A call that is closed is let go of at once. Left to the end of the process, its finalizer would wait for a lock
    which a thread of grpc's may have taken with it (`grpc/_channel.py`, `_Rendezvous.__del__`), and so for ever.
    """

    def __init__(self, call: Any) -> None:
        self._call: Any = call
        self._messages: queue.Queue[Any] = queue.Queue(maxsize=2)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(call,), daemon=True, name="kstore-stream")
        self._thread.start()

    def next(self, timeout: float) -> Any:
        """
        The next message, or None at the end.

        Raises:
            TimeoutError: none came in time; more may come later.
            grpc.RpcError: what the call ended with.
        """
        try:
            message = self._messages.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(message, grpc.RpcError):
            raise message
        return message

    def close(self) -> None:
        """Cancel the call; harmless when called twice."""
        self._closed.set()
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._thread.join(timeout=_END)

    def _read(self, call: Any) -> None:
        try:
            for message in call:
                self._hand_over(message)
            self._hand_over(None)
        except grpc.RpcError as error:
            error.__traceback__ = None
            self._hand_over(Ended(error))

    def _hand_over(self, item: Any) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._messages.put(item, timeout=0.5)
                return
