"""
Asking again when a store does not answer: leaders change, servers restart, connections break. And going on with a scan
whose revision was compacted away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from kstore.errors import Compacted, StoreUnreachable
from kstore.records import Record
from kstore.source.interface import Source
from kstore.write.progress import Progress, Silent, Stop

T = TypeVar("T")

_COMPACTIONS = 10
"""How many times in a row a scan is begun anew without a record in between."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How long a store that does not answer is asked again, who is told, and who may end it."""

    seconds: float = 120
    """How long a store may stay away."""
    progress: Progress = field(default_factory=Silent)
    stop: Stop = field(default_factory=Stop)

    def ask(self, question: Callable[[], T]) -> T:
        """
        Ask until the store answers, ever more slowly.

        Args:
            question: a request that may be sent any number of times: a read.

        Raises:
            StoreUnreachable: it did not answer for `seconds`, or until somebody asked to stop.
        """
        began, delay = time.monotonic(), 0.1
        while True:
            try:
                return question()
            except StoreUnreachable as error:
                if time.monotonic() - began + delay > self.seconds:
                    raise
                self.progress.waiting(str(error), delay)
                if self.stop.wait(delay):
                    raise
                delay = min(delay * 2, 5.0)

    def scan(
        self,
        source: Source,
        prefixes: Iterable[bytes],
        *,
        revision: int = 0,
        compacted: Callable[[], None] = lambda: None,
    ) -> Iterator[Record]:
        """
        Yield the records of some prefixes, going on after the last one when the store was away in between.

        When the revision that is read at is compacted away, which an apiserver has etcd do every five minutes, the
        rest is read at the newest one, as with the continue token that an apiserver then hands out
        (`apiserver/pkg/storage/etcd3/errors.go`). Each record is then still as it was stored at some moment of the
        scan; what is written afterwards depends on the key's own revision anyway.

        Args:
            source: the store.
            prefixes: whose records are read, one after the other.
            revision: look at the store as of this revision, and at no other; 0 is now, for each prefix when its turn
                comes.
            compacted: called each time the rest is read at a newer revision.

        Raises:
            StoreUnreachable: the store stayed away for longer than `seconds`.
            Compacted: the revision that was asked for is no longer held.
        """
        for prefix in prefixes:
            start, again, compactions = b"", True, 0
            while again:
                again = False
                try:
                    for record in source.scan(prefix, revision=revision, start=start):
                        start, compactions = record.key + b"\0", 0
                        yield record
                except Compacted:
                    compactions += 1
                    if revision or compactions > _COMPACTIONS:
                        raise
                    compacted()
                    again = True
                except StoreUnreachable:
                    self.ask(source.status)
                    again = True
