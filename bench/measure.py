"""
One run of a command: its seconds, its processor's, the memory of it and its workers, and what it printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

_KEPT = 256 << 10
"""Bytes of an output's beginning and of its end that are kept for a proof."""
_PEAK = re.compile(r"VmHWM:\s*(\d+) kB")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took."""

    seconds: float
    """From its start to its end, by the clock."""
    processor: float
    """Seconds of processors, its workers' counted; of a server that it asks, none."""
    peak: int
    """The largest resident set of each of its processes, in bytes, added up: no more than that was in use at once."""
    first: float | None = None
    """Seconds until its first line of results was there, where that was asked for."""


@dataclass(slots=True)
class Output:
    """
    What a command printed, as far as it tells that the work was done.

    Args:
        token: what is counted in it.
        first_line: the number of the first line that is a result, behind any header.
    """

    token: bytes = b"\n"
    first_line: int = 1
    count: int = 0
    """How often the token came."""
    first: float | None = None
    """When the first line of results was whole, by the monotonic clock."""
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytes = b""
    _lines: int = 0

    def read(self, pipe: IO[bytes], at_once: int = 1 << 20) -> None:
        """Read all of it, so many bytes at once at most; tokens that two reads tear apart are counted, too."""
        torn = b""
        while chunk := os.read(pipe.fileno(), at_once):
            whole = torn + chunk
            self.count += whole.count(self.token)
            torn = whole[max(0, len(whole) - len(self.token) + 1) :] if len(self.token) > 1 else b""
            if self.first is None:
                self._lines += chunk.count(b"\n")
                if self._lines >= self.first_line:
                    self.first = time.perf_counter()
            if len(self._head) < _KEPT:
                self._head += chunk[: _KEPT - len(self._head)]
            self._tail = (self._tail + chunk)[-_KEPT:]

    @property
    def text(self) -> str:
        """Its beginning and, where it is long, its end."""
        return (self._head + self._tail).decode(errors="replace")


def run(
    command: Sequence[str],
    output: Output,
    *,
    stdin: Path | None = None,
    environment: Mapping[str, str] | None = None,
    exit_code: int = 0,
) -> Run:
    """
    Run a command once.

    Args:
        command: program and arguments.
        output: takes what it prints.
        stdin: the file that it reads; nothing if not given.
        environment: what it finds beside ours.
        exit_code: how it ends when all is well.

    Raises:
        RuntimeError: it ended otherwise.
    """
    with open(stdin or os.devnull, "rb") as source, _Complaints() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=complaints.pipe,
            env={**os.environ, **(environment or {})},
        )
        assert process.stdout is not None
        with process.stdout, _Watcher(process.pid) as watcher:
            output.read(process.stdout)
            # what it used with all children that it waited for, which no other call tells of one process
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != exit_code:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {complaints.text()}")
    return Run(
        seconds, used.ru_utime + used.ru_stime, watcher.peak, None if output.first is None else output.first - began
    )


class _Complaints:
    """What a command says on standard error: its end."""

    def __enter__(self) -> Self:
        import tempfile

        self.pipe = tempfile.TemporaryFile()
        return self

    def __exit__(self, *_: object) -> None:
        self.pipe.close()

    def text(self) -> str:
        self.pipe.seek(0)
        return self.pipe.read()[-500:].decode(errors="replace")


class _Watcher(threading.Thread):
    """
    Looks at the memory of a process and its children again and again.

    What the kernel says at a process' end would not do: it begins with the size of the program that started it. For the
    same reason it is the last look at a process that counts: before it has become its own program it is as large as
    its parent.
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._root = process
        self._peaks: dict[int, int] = {}
        self._ended = threading.Event()

    @property
    def peak(self) -> int:
        """Of all processes, in bytes."""
        return sum(self._peaks.values())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Look until the process is gone."""
        while not self._ended.wait(0.01):
            waiting = [self._root]
            while waiting:
                process = waiting.pop()
                with suppress(OSError):  # it has ended
                    if found := _PEAK.search(Path(f"/proc/{process}/status").read_text()):
                        self._peaks[process] = int(found[1]) * 1024
                    for children in Path(f"/proc/{process}/task").glob("*/children"):
                        waiting += map(int, children.read_text().split())
