"""
A way to a server that is slow, and breaks off in the middle of a message: a TCP proxy that delays, and cuts after a
number of bytes that nobody chose.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)
"""`SO_LINGER` of no time: what is on its way is thrown away, and the other side gets a reset."""


class Proxy:
    """
    Takes connections, and passes on what comes, for a while.

    Args:
        port: the server's, on this machine.
        chosen: where the numbers are from.
        longest: a connection is cut after at most so many bytes, both ways together; 0 for never.
        slowest: seconds that a piece is held back at most.
    """

    def __init__(self, port: int, chosen: random.Random, *, longest: int = 60_000, slowest: float = 0.02) -> None:
        self.cuts = 0
        self._server = ("127.0.0.1", port)
        self._random = chosen
        self.longest = longest
        self._slowest = slowest
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                ours, _ = self._listening.accept()
                try:
                    theirs = socket.create_connection(self._server)
                except OSError:
                    ours.close()
                    continue
                self._open |= {ours, theirs}
                left = [self._random.randrange(1, self.longest)] if self.longest else [1 << 60]
                for one, other in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pass_on, args=(one, other, left), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, left: list[int]) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 14):
                time.sleep(self._random.random() * self._slowest)
                left[0] -= len(data)
                if left[0] <= 0:
                    self.cuts += 1
                    other.sendall(data[: len(data) + left[0]])
                    break
                other.sendall(data)
        for end in (one, other):
            self._open.discard(end)
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
