"""
Changes brought into a copy of a file, each noted before: what `commit` does on a running store.

The copy is a database of its own that etcd accepts; the file that it is made from is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from kstore.records import Mutation
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import Written, write_database
from kstore.write.compare_and_swap import Change

C = TypeVar("C", bound=Change)
C_contra = TypeVar("C_contra", bound=Change, contravariant=True)

_BATCH, _BATCH_BYTES = 128, 4 << 20
"""Changes that are noted together, and bytes of the values that they replace."""


class FileLog(Protocol[C_contra]):
    """Where the changes of a copy are noted: a journal that appears whole, like the copy."""

    def begin(self, changes: Sequence[C_contra]) -> int:
        """Note a batch; its number."""
        ...

    def done(self, number: int, revision: int, revisions: Sequence[int] = ()) -> None:
        """A batch was written, each change at a revision of its own; `revision` is the first."""
        ...

    def publish(self) -> None:
        """Appear: all was written."""
        ...


def write_copy(
    source: SnapshotSource,
    changes: Iterable[C],
    output: Path,
    log: FileLog[C],
    *,
    replaced_bytes: Callable[[C], int],
    finish: Callable[[], None] = lambda: None,
) -> Written:
    """
    Write the database of `source` with `changes` done to it, in their order, as a new file.

    Args:
        source: what is copied.
        changes: at most one for each key; may be read from `source` meanwhile.
        output: the new file; it appears whole or not at all, after the log.
        log: notes every change; it is published just before the output gets its name.
        replaced_bytes: how large the value is that a change replaces, which the log holds.
        finish: called before the log is published, for its last words.

    Raises:
        KstoreError: as `write_database`.
    """
    noting = _Noting(log, replaced_bytes)

    def end(written: Written) -> None:
        # A crash between the two leaves a log without its database, which counts for nothing; never a database
        # without its log.
        noting.end(written.revision - noting.count + 1)
        finish()
        log.publish()

    return write_database(source, noting.mutations(changes), output, before_named=end)


class _Noting(Generic[C]):
    """Changes on their way into a copy, noted batch by batch."""

    def __init__(self, log: FileLog[C], replaced_bytes: Callable[[C], int]) -> None:
        self._log = log
        self._replaced_bytes = replaced_bytes
        self._batches: list[tuple[int, int]] = []
        """The number and length of each batch."""

    @property
    def count(self) -> int:
        """The changes so far."""
        return sum(length for _, length in self._batches)

    def mutations(self, changes: Iterable[C]) -> Iterator[Mutation]:
        """Yield the writes, each noted before."""
        return (change.mutation() for change in chain.from_iterable(map(self._noted, self._in_batches(changes))))

    def _in_batches(self, changes: Iterable[C]) -> Iterator[list[C]]:
        batch: list[C] = []
        size = 0
        for change in changes:
            batch.append(change)
            size += self._replaced_bytes(change)
            if len(batch) == _BATCH or size > _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _noted(self, batch: list[C]) -> list[C]:
        self._batches.append((self._log.begin(batch), len(batch)))
        return batch

    def end(self, revision: int) -> None:
        """Say of each batch that it was written; the first change has this revision."""
        for number, length in self._batches:
            self._log.done(number, revision, range(revision, revision + length))
            revision += length


__all__ = ["FileLog", "Written", "write_copy"]
