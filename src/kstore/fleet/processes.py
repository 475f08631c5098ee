"""
The processes that answer tasks: each takes one after the other, until it dies, hangs or has nothing to do.

Imports next to nothing of the rest of kstore, so that a worker of Dask loads it in no time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from kstore.operating_system import IDLE, end_group, read_at

ENDED: Final = b"ended "
"""What the line begins with that follows an answer, and says how the copy of the process ended that gave it."""
_TALK: Final = 300


class NotInTime(Exception):
    """A task was not done in its time."""


class Process:
    """One that answers tasks: `python -m kstore.fleet`."""

    def __init__(self) -> None:
        self._talk = tempfile.TemporaryFile()  # noqa: SIM115 - `end` closes it
        self._heard = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kstore.fleet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._talk, start_new_session=True,
        )  # fmt: skip
        self.new = True
        """Whether it has had no task yet."""
        self.ready = False
        """Whether it can take another one."""

    def answer(self, task: dict[str, Any], timeout: float) -> tuple[int, bytes, str]:
        """
        Give it a task; how what did it ended (a code, or minus a signal), what that answered, and its last words.

        Raises:
            NotInTime: it took longer than so many seconds, and was ended.
        """
        self.new = self.ready = False
        with self._limited(timeout) as passed:
            with suppress(BrokenPipeError):  # it has died already, as its end will tell
                self._input.write(json.dumps(task).encode() + b"\n")
                self._input.flush()
            code, answer = self._answered()
        if passed.is_set():
            self.ready = False
            raise NotInTime
        return code, answer, self._last_words()

    def _last_words(self) -> str:
        """The last line that it has said since the last task."""
        descriptor = self._talk.fileno()
        before, self._heard = self._heard, os.fstat(descriptor).st_size
        begin = max(before, self._heard - _TALK)
        return read_at(descriptor, self._heard - begin, begin).decode(errors="replace").strip().rpartition("\n")[2]

    def _answered(self) -> tuple[int, bytes]:
        answer = b""
        for line in self._output:
            if line.startswith(ENDED):
                self.ready = True
                return int(line.removeprefix(ENDED)), answer
            answer += line
        return self._process.wait(), answer

    @property
    def _input(self) -> Any:
        return self._process.stdin

    @property
    def _output(self) -> Any:
        return self._process.stdout

    @contextmanager
    def _limited(self, seconds: float) -> Iterator[threading.Event]:
        """End it when that time has passed, which what is yielded tells."""
        passed = threading.Event()

        def end() -> None:
            passed.set()
            self.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            yield passed
        finally:
            timer.cancel()
            timer.join()

    def kill(self) -> None:
        """End it, and what it has started."""
        end_group(self._process.pid)

    def end(self) -> None:
        """The same, and nothing is left of it."""
        self.kill()
        with suppress(BrokenPipeError):
            self._input.close()
        self._output.close()
        self._process.wait()
        self._talk.close()


class Processes:
    """Those that answer tasks, or wait for one; they can be ended all at once, and none begins after that."""

    def __init__(self) -> None:
        self._busy: set[Process] = set()
        self._idle: list[Process] = []
        self._lock = threading.Lock()
        self.ended = False
        """Whether they were."""

    def answer(self, task: dict[str, Any], timeout: float) -> tuple[int, bytes, str]:
        """
        Have one answer a task: see `Process.answer`.

        Raises:
            NotInTime: as there.
        """
        while True:
            with self._one() as process:
                new = process.new
                found = process.answer(task, timeout)
            if new or found[0] != IDLE:  # else it ended by itself just before it could take the task
                return found

    @contextmanager
    def _one(self) -> Iterator[Process]:
        with self._lock:
            process = self._idle.pop() if self._idle else Process()
            self._busy.add(process)
            if self.ended:
                process.kill()
        try:
            yield process
        finally:
            with self._lock:
                self._busy.discard(process)
                kept = process.ready and not self.ended
                if kept:
                    self._idle.append(process)
            if not kept:
                process.end()

    def end(self) -> None:
        """End them, and what they have started."""
        with self._lock:
            self.ended = True
            idle, self._idle = self._idle, []
            for one in self._busy:
                one.kill()
        for one in idle:
            one.end()
