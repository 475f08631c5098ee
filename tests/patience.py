"""
Waiting for what takes as long as it takes: on a busy machine a process may not run for many seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from kstore.errors import StoreUnreachable
from kstore.records import Mutation
from kstore.source.etcd.live import LiveSource
from kstore.source.interface import Committed
from kstore.write.compare_and_swap import is_written
from kstore.write.retry import Retry

SECONDS = 240.0
"""When it is given up: nothing has hung for so long that is only slow."""
COMMAND_TIMEOUT = f"--command-timeout={SECONDS:g}s"
"""What etcdctl is told beside a command: it would give up after five seconds."""


def until(holds: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Look again and again until it holds."""
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, "it never came to be"
        time.sleep(0.02)


class InsistentSource(LiveSource):
    """A store that is written to until it is known that the transaction happened: a busy cluster changes its leader."""

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        """See `LiveSource.commit`."""
        first = mutations[0]
        while True:
            committed = None
            with suppress(StoreUnreachable):
                committed = super().commit(mutations)
                if committed.succeeded:
                    return committed
            record = Retry(SECONDS).ask(lambda: self.get(first.key))
            if record is not None and is_written(first, record):
                return Committed(True, record.mod_revision)
            if committed is not None:
                return committed
