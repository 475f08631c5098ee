"""
Changes brought into a copy of a file, each noted before: what `commit` does on a running store.

The copy is a database of its own that etcd accepts; the file that it is made from is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

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

    def end(_: Written) -> None:
        # A crash between the two leaves a log without its database, which counts for nothing; never a database
        # without its log.
        finish()
        log.publish()

    first = source.mvcc.current_revision + 1
    mutations = _noted(_in_batches(changes, replaced_bytes), log, first)
    return write_database(source, mutations, output, before_named=end)


def _noted(batches: Iterable[list[C]], log: FileLog[C], revision: int) -> Iterator[Mutation]:
    """
    Yield the writes, each noted before, and each batch noted as done once it was taken.

    That the copy may come to nothing all the same does no harm: then the log does not appear either. And whoever reads
    the log has one batch in memory at a time.
    """
    for batch in batches:
        number = log.begin(batch)
        yield from (change.mutation() for change in batch)
        log.done(number, revision, range(revision, revision + len(batch)))
        revision += len(batch)


def _in_batches(changes: Iterable[C], replaced_bytes: Callable[[C], int]) -> Iterator[list[C]]:
    batch: list[C] = []
    size = 0
    for change in changes:
        batch.append(change)
        size += replaced_bytes(change)
        if len(batch) == _BATCH or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


__all__ = ["FileLog", "Written", "write_copy"]
