"""
What a migration is to do, one object at a time, and what it came to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from kstore.library.listing import ROWS, table
from kstore.migrate.plan import Change, Skipped, Step, Unchanged
from kstore.migrate.request import Request
from kstore.migrate.summary import Summary
from kstore.printable import key_text


@dataclass(frozen=True, slots=True)
class Report:
    """What a migration came to."""

    summary: Summary
    """The counts: `.changes`, `.unchanged`, `.skipped_count`, `.skipped` by key and reason."""
    journal: Path
    output: Path | None = None
    """The new database, of a migration of a file."""
    notes: tuple[str, ...] = ()
    """What was done about `status.storedVersions` of CRDs, or should be."""


class Plan(Iterable[Step]):
    """
    What is to happen to each object; planned anew, one object at a time, by each iteration.

    Args:
        request: what was asked for.
        steps: begins an iteration.
    """

    def __init__(self, request: Request, steps: Callable[[], Iterator[Step]]) -> None:
        self.request = request
        self._steps = steps

    def __iter__(self) -> Iterator[Step]:
        return self._steps()

    def summary(self) -> Summary:
        """The counts of an iteration: `.changes`, `.unchanged`, `.skipped_count`, and `.skipped` by name."""
        summary = Summary()
        for step in self._steps():
            summary.add(step)
        return summary

    def saving(self, path: str | PathLike[str]) -> Iterator[Step]:
        """
        Yield the steps on while the changes among them are saved; the file appears when all have been taken.

        Raises:
            JournalError: the file cannot be written, or is there already.
        """
        from kstore.migrate.planfile import save_plan

        return save_plan(Path(path), self.request, self._steps())

    def save(self, path: str | PathLike[str]) -> Summary:
        """
        Write the changes into a file, to be reviewed and applied later (`kstore migrate --plan FILE`).

        Raises:
            JournalError: the file cannot be written, or is there already.
        """
        summary = Summary()
        for step in self.saving(path):
            summary.add(step)
        return summary

    def _repr_html_(self) -> str:
        summary = Summary()
        rows: list[tuple[str, ...]] = []
        for step in self._steps():
            summary.add(step)
            if not isinstance(step, Unchanged) and len(rows) <= ROWS:
                rows.append(_row(step))
        counts = f"{summary.changes:,} changes, {summary.unchanged:,} unchanged, {summary.skipped_count:,} skipped"
        return f"<p>{counts}</p>\n" + table(("key", "kind", "stored as", "becomes", "why"), rows)


def _row(step: Change | Skipped) -> tuple[str, ...]:
    key, stored = key_text(step.record.key), step.stored
    kind, before = (stored.kind, stored.api_version) if stored else ("", "")
    if isinstance(step, Skipped):
        return key, kind, before, "", f"skipped: {step.error.code}"
    return key, kind, before, str(step.target), step.reason
