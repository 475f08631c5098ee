"""
What several objects, or several findings, are as values: they iterate, and show themselves in a notebook.

A notebook shows where things are and how they are stored, never a value of an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, overload

from kstore.library.objects import StoredObject, Undecodable

if TYPE_CHECKING:
    from kstore.inspect.findings import Finding

ROWS: Final = 100
"""Rows that a notebook shows; the others are not read."""


class Listing(Iterable[StoredObject | Undecodable]):
    """
    Objects in key order, read anew by each iteration, one at a time.

    Args:
        read: begins an iteration.
    """

    def __init__(self, read: Callable[[], Iterator[StoredObject | Undecodable]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[StoredObject | Undecodable]:
        return self._read()

    def _repr_html_(self) -> str:
        rows = [
            (
                one.resource,
                one.namespace,
                one.name,
                one.stored_version if isinstance(one, StoredObject) else f"undecodable: {one.error.code}",
                one.encoding if isinstance(one, StoredObject) else "",
                one.encryption,
                f"{one.size:,}",
            )
            for one in islice(self._read(), ROWS + 1)
        ]
        headings = ("resource", "namespace", "name", "stored as", "encoding", "encryption", "bytes")
        return table(headings, rows)


class Findings(Sequence["Finding"]):
    """
    What `check` found, the gravest first.

    Args:
        found: the findings.
        release: the release that the store was held against.
    """

    def __init__(self, found: Iterable[Finding], release: str) -> None:
        self._found = tuple(found)
        self.release = release

    @overload
    def __getitem__(self, at: int) -> Finding: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Finding]: ...
    def __getitem__(self, at: int | slice) -> Finding | Sequence[Finding]:
        return self._found[at]

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<{len(self)} findings against {self.release}>"

    def _repr_html_(self) -> str:
        rows = [(one.rule.severity, one.rule.title, one.subject, f"{one.count:,}") for one in self._found]
        return table(("severity", "finding", "subject", "objects"), rows)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table of at most `ROWS` rows, every cell escaped."""
    from html import escape

    from kstore.printable import escaped

    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(escaped(cell))}</{tag}>" for cell in cells) + "</tr>"

    body = "\n".join(line("td", row) for row in rows[:ROWS])
    more = "<p>and more</p>" if len(rows) > ROWS else ""
    return f"<table>\n<thead>{line('th', headings)}</thead>\n<tbody>\n{body}\n</tbody>\n</table>{more}"
