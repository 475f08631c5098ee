"""
Waiting for a store that does not answer: leaders change, servers restart, connections break. And what is no reason to
wait: an answer that refuses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from kstore.errors import AccessDenied, DamagedStore, NoSpace, StoreUnreachable, Unsupported
from kstore.migrate.progress import Progress, Stop
from kstore.records import Record
from kstore.source.interface import Source

T = TypeVar("T")

REFUSALS = (AccessDenied, DamagedStore, NoSpace, Unsupported)
"""What a write is refused with when another one would be, too: nothing was written, and a run ends."""


def patiently(ask: Callable[[], T], patience: float, progress: Progress, stop: Stop) -> T:
    """
    Ask a store until it answers, ever more slowly.

    Raises:
        StoreUnreachable: it did not, for `patience` seconds, or until somebody asked to stop.
    """
    began, delay = time.monotonic(), 0.1
    while True:
        try:
            return ask()
        except StoreUnreachable as error:
            if time.monotonic() - began + delay > patience:
                raise
            progress.waiting(str(error), delay)
            if stop.wait(delay):
                raise
            delay = min(delay * 2, 5.0)


def scan_patiently(
    source: Source, prefixes: Iterable[bytes], patience: float, progress: Progress, stop: Stop, *, revision: int = 0
) -> Iterator[Record]:
    """
    Yield the records of some prefixes, going on after the last one when the store was away in between.

    Args:
        revision: look at the store as of this revision; 0 is now, for each prefix when its turn comes.

    Raises:
        StoreUnreachable: the store stayed away for longer than `patience` seconds.
    """
    for prefix in prefixes:
        start, came = b"", True
        while came:
            came = False
            try:
                for record in source.scan(prefix, revision=revision, start=start):
                    start = record.key + b"\0"
                    yield record
            except StoreUnreachable:
                patiently(source.status, patience, progress, stop)
                came = True
