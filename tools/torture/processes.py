"""
kstore as processes that can be killed and frozen: forked from one that has it imported, so that a thousand are cheap.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tools.torture.preload"])
SECONDS = 300.0
"""When something is given up that has not come to be: on a busy machine a process may not run for many seconds."""


class Unbalanced(AssertionError):
    """A promise that was not kept."""


def until(holds: Callable[[], bool], what: str) -> None:
    """
    Look again and again until something holds.

    Raises:
        Unbalanced: it has not come to be.
    """
    give_up = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > give_up:
            raise Unbalanced(f"it never came to be that {what}")
        time.sleep(0.005)


class Kstore:
    """
    One command line of kstore, under way.

    Args:
        log: where what it says goes.
        words: the command line.
    """

    def __init__(self, log: Path, *words: str) -> None:
        self.words = words
        self.log = log
        self._process = _FORKED.Process(target=_main, args=(str(log), words), daemon=False)
        self._process.start()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it has not ended."""
        if self.runs and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def kill(self) -> bool:
        """End it as a crash would; whether it had not ended by itself."""
        self._process.kill()
        self._process.join()
        return self._process.exitcode == -signal.SIGKILL

    def ended(self) -> int:
        """
        Wait for its end; its exit code.

        Raises:
            Unbalanced: it hangs.
        """
        self._process.join(SECONDS)
        if self.runs:
            self.kill()
            raise Unbalanced(f"kstore {' '.join(self.words)} hangs")
        return int(self._process.exitcode or 0)

    def said(self) -> str:
        """The end of what it and those before it have said."""
        return self.log.read_text(errors="replace")[-3000:]


def _main(log: str, words: tuple[str, ...]) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    print("$ kstore", *words, flush=True)
    from kstore.cli.main import run

    code = run(list(words))
    print(f"exit code {code}", flush=True)
    sys.exit(code)
