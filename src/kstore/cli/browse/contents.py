"""
What the browser shows of one store: the tree, lists a page at a time, and an object as text.

The same as `ls`, `get` and `history` print; knows nothing of screens.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from textwrap import fill
from typing import TYPE_CHECKING, Any

from kstore.cli.changes import step_texts
from kstore.cli.hints import hint_of
from kstore.cli.key_names import children_of
from kstore.cli.listing import Reading
from kstore.cli.pages import descriptions, storage_page
from kstore.cli.tables import Heading, heading_of, in_version
from kstore.codec import StoredObject, Undecodable
from kstore.errors import KstoreError
from kstore.printable import key_text
from kstore.selection import Criteria, Filter
from kstore.view.bar_table import Terminal
from kstore.view.columns import printer_for
from kstore.view.columns.reading import part
from kstore.view.text_table import Row, TableOptions, cell_text, readers
from kstore.view.yaml_text import to_yaml

if TYPE_CHECKING:
    from kstore.cli.session import Session
    from kstore.tree import Branch

_PAGE = 200
"""So many objects are read at a time."""
_TURN = 500
"""After so many objects the counting lets others read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One object of a list."""

    key: bytes
    cells: tuple[str, ...]
    fault: str = ""
    """Why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Page:
    """So much of a list as is read at a time."""

    columns: tuple[str, ...]
    lines: list[Line]
    last: bool = True
    """Whether nothing comes after it."""


def worded(error: Exception) -> tuple[str, str]:
    """What went wrong in a line, and what to try: whatever it is, the browser goes on."""
    if isinstance(error, KstoreError):
        return str(error), hint_of(error)
    return f"unexpected {type(error).__name__}: {error}", "this is a fault of kstore"


class Contents:
    """
    What a browser shows of one store; may be asked from several threads, of which one reads at a time.

    Args:
        session: the store.
        secrets: show the values of Secrets.
    """

    def __init__(self, session: Session, *, secrets: bool = False) -> None:
        self._session = session
        self._store = session.store
        self._reading = Reading(session.store, secrets=secrets)
        self._turn = threading.Lock()
        self.unreadable = False
        """Whether any object that was met could not be read."""

    @property
    def title(self) -> str:
        """The store, its revision and the release it is read as."""
        status = self._session.source.status()
        return f"{status.location}  revision {self._store.revision or status.revision}  as of {self._session.release}"

    @property
    def prefix(self) -> str:
        """What all paths begin with."""
        return self._store.prefix

    def branches(self) -> list[Branch]:
        """What there is, not yet counted: few keys are read."""
        from kstore.tree import Branch

        with self._turn:
            places = ((path, self._store.mapper.place(path)) for path in self._store.directories())
            return [Branch(path, place.resource if place else None) for path, place in places]

    def counted(self, progress: Callable[[int], None]) -> list[Branch]:
        """
        The same, counted; the longest of all that is read, so that others have their turns in between.

        Args:
            progress: told how many objects have been counted; may raise, to end it.
        """

        def step(count: int) -> None:
            if count % _TURN == 0:
                progress(count)
                self._turn.release()
                time.sleep(0.001)  # a lock is not fair: whoever waits must have the time to take it
                self._turn.acquire()

        from kstore.tree import tree

        with self._turn:
            branches = tree(self._store, step)
        self.unreadable |= any(branch.undecodable for branch in branches)
        return branches

    def path_of(self, name: str) -> tuple[str, bytes]:
        """
        Where the objects of a resource are, in kubectl's grammar: `deploy`, `deploy/shop` for a namespace; and the key
        of an object that is there: `deploy/shop/cart`, `nodes/node-a`. The key is empty where no object is named.

        Raises:
            UnknownResource: there is no such resource.
        """
        with self._turn:
            resource, _, rest = name.partition("/")
            found = self._store.resources(resource)[0]
            path = "/".join(filter(None, (found.key_prefix, rest)))
            key = f"{self.prefix}/{path}".encode("utf-8", "surrogateescape")
            if rest and self._store.source.get(key, revision=self._store.revision) is not None:
                return path.rpartition("/")[0], key
            return path, b""

    def suggestion(self, text: str) -> str:
        """What a name in `path_of`'s grammar may go on to; empty where nothing begins so."""
        name, slash, rest = text.partition("/")
        with self._turn:
            if not slash:
                known = sorted({one.resource for one in self._store.mapper.resources})
                return next((one for one in known if text and one.startswith(text)), "")
            folder = self._store.key_of(self._store.resources(name)[0])
            inner, between, _ = rest.rpartition("/")
            below = folder + (inner + between).encode()
            found = children_of(self._store.source, below, folder + rest.encode(), self._store.revision)
            return next((f"{name}/{inner}{between}{one}" for one in found), "")

    def compared(self, old: bytes, new: bytes, width: int) -> Iterator[str]:
        """
        How two objects differ, field by field.

        Raises:
            KstoreError: one of them is not there, or cannot be read.
        """
        from kstore.inspect.changes import differences_of
        from kstore.view.difference_text import difference_lines
        from kstore.view.mask import is_secret

        with self._turn:
            left, right = (self._store.get(key) for key in (old, new))
        for read in (left, right):
            if isinstance(read, Undecodable):
                raise read.error
        assert isinstance(left, StoredObject)
        assert isinstance(right, StoredObject)
        found = differences_of(self._store, left, right)
        secret = not self._reading.secrets and any(is_secret(one.gvk.kind, one.record.key) for one in (left, right))
        yield f"- {key_text(old)}\n+ {key_text(new)}\n\n"
        yield from difference_lines(found, Terminal(width), secret=secret)
        if not found:
            yield "no difference\n"

    @property
    def revision(self) -> int:
        """The revision that the store has by now."""
        return self._session.source.status().revision

    def pages(self, path: str, search: str, *, wide: bool, stop: Callable[[], bool]) -> Iterator[Page]:
        """
        Yield the objects below a path, a page at a time.

        Args:
            path: below the store's prefix.
            search: `-l SELECTOR`, or what the key contains; empty for all.
            wide: with the columns of `-o wide`.
            stop: whether nobody waits for it any more.
        """
        reads = self._matching(f"{self.prefix}/{path}".encode("utf-8", "surrogateescape"), search, stop)
        heading: Heading | None = None
        while True:
            with self._turn:
                chunk = list(islice(reads, _PAGE))
                heading = heading or self._heading(chunk)
                columns, lines = self._lines(chunk, heading, wide=wide)
            last = len(chunk) < _PAGE
            yield Page(columns, lines, last)
            if last:
                return

    def _matching(self, whole: bytes, search: str, stop: Callable[[], bool]) -> Iterator[StoredObject | Undecodable]:
        """The objects at a key or below it that are searched for; what the key tells is not decoded."""
        labels = search.removeprefix("-l").strip() if search.startswith("-l") else ""
        matches = Filter(Criteria(selector=labels)).matches
        text = b"" if labels else search.encode()
        for record in self._store.source.scan(whole, revision=self._store.revision):
            if stop():
                return
            within = record.key == whole or record.key.startswith(whole + b"/")
            if within and text in record.key[len(whole) :]:
                read = self._store.codec.read(record)
                if isinstance(read, Undecodable) or matches(read):
                    yield read

    def _heading(self, reads: list[StoredObject | Undecodable]) -> Heading | None:
        """How the objects of one resource are printed; None where none can be read."""
        first = next((read for read in reads if isinstance(read, StoredObject)), None)
        return heading_of(self._session, first, None) if first else None

    def _fault(self, read: Undecodable, heading: Heading | None) -> Line:
        """The line of an object that cannot be read: it stands where the others do, and says why."""
        key = read.record.key
        place = self._store.place(key)
        name = place.name if place and heading else key_text(key)
        front = (place.namespace,) if place and heading and heading.namespaced else ()
        return Line(key, (*front, name, "unreadable"), str(read.error))

    def _lines(
        self, reads: list[StoredObject | Undecodable], heading: Heading | None, *, wide: bool
    ) -> tuple[tuple[str, ...], list[Line]]:
        """The objects with kubectl's columns and cells; in front of them those that cannot be read."""
        faults = [self._fault(read, heading) for read in reads if isinstance(read, Undecodable)]
        self.unreadable |= bool(faults)
        if heading is None:
            return ("KEY", "NOTE"), faults
        printer = printer_for(heading.gvk, heading.definition, self._reading.store.codec.scheme.release)
        shown = list(readers(printer.columns, TableOptions(wide=wide, namespace=heading.namespaced)))
        stored = (read for read in reads if isinstance(read, StoredObject))
        served = list(in_version(self._reading, heading, stored))
        keys = {id(obj): read.record.key for read, obj in served}

        def line(obj: Mapping[str, Any], cells: list[Any]) -> Line:
            row = Row(cells, part(obj, "metadata"))
            return Line(keys[id(obj)], tuple(cell_text(read(row)) for _, read in shown))

        rows = printer.rows((obj for _, obj in served), datetime.now(UTC))
        return tuple(name.upper() for name, _ in shown), faults + [line(obj, cells) for obj, cells in rows]

    def text(self, key: bytes, view: str, width: int) -> Iterator[str]:
        """
        One object as text, in pieces.

        Args:
            key: its key.
            view: `yaml`, `describe`, `storage` or `history`.
            width: the columns of the screen.

        Raises:
            KstoreError: it is not there, or the store keeps no history.
        """
        with self._turn:
            yield from self._history(key, width) if view == "history" else self._object(key, view, width)

    def _object(self, key: bytes, view: str, width: int) -> Iterator[str]:
        read = self._store.get(key)
        if isinstance(read, Undecodable):
            self.unreadable = True
            for text in filter(None, (f"This object cannot be read: {read.error}", hint_of(read.error))):
                yield fill(text, max(width, 20)) + "\n"
            yield "\n"
        if isinstance(read, Undecodable) or view == "storage":
            yield from storage_page(self._session, read, secrets=self._reading.secrets)
        elif view == "describe":
            yield from descriptions(self._session, self._reading, iter([read]), None)
        else:
            yield to_yaml(self._reading.presented(read, read.object))

    def _history(self, key: bytes, width: int) -> Iterator[str]:
        from kstore.inspect.changes import Changes

        steps = Changes(self._store).steps(self._session.source.history(key))
        yield from step_texts(steps, diffs=True, secrets=self._reading.secrets, keys=False, screen=Terminal(width))
