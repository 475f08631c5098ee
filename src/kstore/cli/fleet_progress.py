"""
How far a fleet's run is, on standard error: on a terminal a table of the last stores, else a line now and then.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import click
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kstore.cli.streams import unescaped_stderr
from kstore.printable import one_line
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.fleet.child import Result

_SHOWN: Final = 8
_EVERY: Final = 30.0
"""Seconds between two lines where nobody looks on, as in the log of a job."""
_COLORS: Final = {"done": "", "errors": "red", "warnings": "yellow", "clean": "green", "proved": "green"}


class Tally:
    """
    What is known of a run so far, in words.

    Args:
        total: how many stores there are.
        timeout: what each may take, as a person wrote it.
        clock: tells seconds.
    """

    def __init__(self, total: int, timeout: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.done = 0
        self._timeout = timeout
        self._clock = clock
        self._began = clock()
        self._known = 0
        self._status: Counter[str] = Counter()

    def take(self, result: Result) -> None:
        """Count a store's result."""
        self.done += 1
        self._known += bool(result["known"])
        self._status[result["status"]] += 1

    def __str__(self) -> str:
        parts = [f"{self.done:,} of {counted(self.total, 'store')}"]
        parts += [f"{count:,} {status}" for status, count in sorted(self._status.items()) if status != "done"]
        if self._known:
            parts.append(f"{self._known:,} known")
        asked, seconds = self.done - self._known, self._clock() - self._began
        if asked and seconds > 0:
            left = int((self.total - self.done) * seconds / asked)
            parts += [f"{asked / seconds:.1f} a second", f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"]
        return ", ".join([*parts, f"each at most {self._timeout}"])


class Lines:
    """
    A line now and then.

    Args:
        tally: what it says.
        clock: tells seconds.
    """

    def __init__(self, tally: Tally, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally = tally
        self._clock = clock
        self._last = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The run's own words follow."""

    def tell(self, result: Result) -> None:
        """Take a store's result."""
        self._tally.take(result)
        if self._clock() - self._last >= _EVERY:
            self._last = self._clock()
            click.echo(f"kstore: {self._tally}", err=True)


class LiveTable:
    """
    A table that is drawn anew as results come, and gone at the end.

    Args:
        tally: what its last line says.
        console: where it is drawn.
    """

    def __init__(self, tally: Tally, console: Console | None = None) -> None:
        self._tally = tally
        self._last: deque[tuple[str, ...]] = deque(maxlen=_SHOWN)
        console = console or Console(file=unescaped_stderr())  # its texts are escaped here, and it moves the cursor
        self._width = console.width
        self._live = Live(get_renderable=self._drawn, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def tell(self, result: Result) -> None:
        """Take a store's result."""
        self._tally.take(result)
        self._last.append(_row(result))

    def _drawn(self) -> Group:
        table = Table("STORE", "RESULT", box=None, pad_edge=False, expand=True)
        table.add_column("OBJECTS", justify="right")
        table.add_column("SECONDS", justify="right")
        for store, said, objects, seconds in self._last:
            shown = Text(said, _COLORS.get(said, "red"))
            table.add_row(_end_of(store, self._width // 2), shown, objects, seconds)
        bar = Table.grid(expand=True)  # a bar alone ends no line
        bar.add_row(ProgressBar(self._tally.total, self._tally.done))
        return Group(table, bar, Text(str(self._tally)))


def _row(result: Result) -> tuple[str, ...]:
    row: dict[str, Any] = result["rows"][0] if len(result["rows"]) == 1 else {}
    said = str(row.get("verdict") or result["status"])
    objects = row.get("objects")
    seconds = "known" if result["known"] else f"{result['seconds']:.1f}"
    return one_line(result["address"]), one_line(said), "" if objects is None else f"{objects:,}", seconds


def _end_of(text: str, width: int) -> Text:
    """The end of an address, which tells one from another."""
    return Text(text if len(text) <= width else f"…{text[1 - width :]}", no_wrap=True)
