"""
The progress bar of a migration: objects planned and written, rate, time left.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from kstore.cli.streams import unescaped_stderr
from kstore.printable import escaped


class Bar:
    """
    Shows `kstore.write.progress.Progress` on standard error.

    Args:
        total: how many objects there are, if that is known.
    """

    def __init__(self, total: int | None) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[written]} written"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(file=unescaped_stderr()),  # its texts are kstore's own, and it moves the cursor
            transient=True,
        )
        self._task = self._progress.add_task("", total=total, written=0, rate="")
        self._written = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, step: object) -> None:
        """An object was planned."""
        self._progress.advance(self._task)

    def written(self, objects: int) -> None:
        """So many objects were written."""
        self._written += objects
        speed = self._progress.tasks[0].speed
        self._progress.update(self._task, written=self._written, rate=f"{speed:.0f}/s" if speed else "")

    def waiting(self, reason: str, seconds: float) -> None:
        """The store does not answer."""
        said = f"kstore: {escaped(reason)}; trying again in {seconds:.1f} s"
        self._progress.console.print(said, highlight=False, markup=False)
