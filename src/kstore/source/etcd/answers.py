"""
The answers of a streaming call, each awaited for a limited time.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import Any

import grpc


class Answers:
    """
    The messages of a streaming call, read ahead a little in a thread of its own, each awaited for a limited
    time.

    grpc can only limit a call as a whole; this limits each wait, however long the reader takes between them.
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self._messages: queue.Queue[Any] = queue.Queue(maxsize=2)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True, name="kstore-stream")
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
        """Cancel the call."""
        self._closed.set()
        self._call.cancel()
        self._thread.join(timeout=1)

    def _read(self) -> None:
        try:
            for message in self._call:
                self._hand_over(message)
            self._hand_over(None)
        except grpc.RpcError as error:
            self._hand_over(error)

    def _hand_over(self, item: Any) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._messages.put(item, timeout=0.5)
                return
