"""
What `ls` and `get` have in common: objects from the store, those that cannot be read set apart, the rest printed.

How anything looks is `view`'s business, what is hidden in which output that of `forms`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kstore.cli.expressions import columns_of, compiled, is_columns
from kstore.cli.forms import Kind, text_of_many, text_of_one, words
from kstore.cli.unreadable import Unreadable
from kstore.decode.projection import EVERYTHING, Projection
from kstore.errors import KstoreError

if TYPE_CHECKING:
    from kstore.codec import StoredObject, Undecodable
    from kstore.library.serving import Serving
    from kstore.naming import GroupVersion
    from kstore.records import Record
    from kstore.store import Store

T = TypeVar("T")

TABLES: Final = words(Kind.TABLE)


@dataclass
class Reading:
    """
    Reads objects for one command, and remembers what could not be read.

    Args:
        store: to have them in another version.
        to: the version asked for, or None for the stored one.
        secrets: show the values of Secrets.
        managed_fields: show managedFields.
        names: show nothing but names.
        human: the output is for people.
        serving: has them as a server answers them; None for as they are stored.
        converted: told of each object that was converted, and what became of it.
        limit: how many objects are wanted at most.

    Raises:
        UsageError: nothing can be had in the version asked for.
    """

    store: Store
    to: GroupVersion | None = None
    secrets: bool = False
    managed_fields: bool = False
    names: bool = False
    human: bool = True
    serving: Serving | None = None
    converted: Callable[[StoredObject, dict[str, Any]], None] = lambda _, __: None
    limit: int | None = None
    found: int = field(default=0, init=False)
    """How many objects were selected so far."""
    _unreadable: Unreadable = field(default_factory=Unreadable, init=False)

    def __post_init__(self) -> None:
        scheme = self.store.codec.scheme
        if self.to is not None and self.to not in scheme.versions:  # only then are CRDs read for it
            scheme.require_version(self.to, {one.group for one in self.store.custom_resources})

    def readable(self, reads: Iterable[StoredObject | Undecodable]) -> Iterator[StoredObject]:
        """Yield what could be read; name the rest, with the reason, on standard error."""
        from kstore.codec import Undecodable

        for read in reads:
            if isinstance(read, Undecodable):
                self.report(read.record, read.error)
            else:
                self.found += 1
                yield read

    def counted(self, pages: Iterable[Sequence[T]]) -> Iterator[Sequence[T]]:
        """The same things, many at once, counted as found; no more than the limit."""
        for page in pages:
            if self.limit is not None:
                page = page[: self.limit - self.found]
            self.found += len(page)
            yield page
            if self.found == self.limit:
                return

    def in_order(self, stored: Iterator[StoredObject], path: str) -> Iterator[StoredObject]:
        """
        The objects sorted by a field, as they are asked for; as they come, where no path is given.

        No more than the limit: of sorted ones the first.
        """
        if path:
            from kstore.view.sorting import sort_by

            stored = iter(sort_by(stored, path, self.asked_for))
        return self.limited(stored)

    def limited(self, pieces: Iterator[T]) -> Iterator[T]:
        """The first of things, as many as are wanted."""
        from itertools import islice

        return islice(pieces, self.limit)

    def shown(self, stored: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, dict[str, Any]]]:
        """Yield each object as it is to be shown: in the version asked for, with its resourceVersion, masked."""
        for read in stored:
            try:
                obj = self._as_asked(read)
            except KstoreError as error:
                self.report(read.record, error)
                continue
            if self.to is not None:
                self.converted(read, obj)
            yield read, self.presented(read, obj)

    def asked_for(self, read: StoredObject) -> dict[str, Any]:
        """An object in the version asked for, or as it is stored where it cannot be had in that."""
        try:
            return self._as_asked(read)
        except KstoreError:
            return read.object

    def _as_asked(self, read: StoredObject) -> dict[str, Any]:
        if self.serving is not None:
            return self.serving.object(read, self.to)
        return read.object if self.to is None else self.store.as_version(read, self.to)

    def presented(self, read: StoredObject, obj: dict[str, Any]) -> dict[str, Any]:
        """An object, in whatever version, with its resourceVersion, and without what is hidden."""
        from kstore.view.mask import shown

        return shown(
            obj,
            key=read.record.key,
            resource_version=0 if self.names else read.record.mod_revision,
            secrets=self.secrets or not self.human,
            managed_fields=self.managed_fields,
        )

    def objects(self, stored: Iterable[StoredObject]) -> Iterator[dict[str, Any]]:
        """Yield the objects alone."""
        return (obj for _, obj in self.shown(stored))

    def report(self, record: Record, error: KstoreError) -> None:
        """Say what is wrong with one object, and what to try."""
        self._unreadable.report(record, error)

    @property
    def faults(self) -> int:
        """How many objects could not be read."""
        return self._unreadable.count

    @property
    def exit_code(self) -> int:
        """0, or the code that says that something could not be read."""
        return self._unreadable.exit_code


def serving(store: Store) -> Serving:
    """What answers as the store's server does."""
    from kstore.library.serving import Serving

    return Serving(store)


def write(pieces: Iterable[str]) -> None:
    """Write text to standard output as it comes."""
    out = sys.stdout.write
    for piece in pieces:
        out(piece)


def hides_nothing(output: str) -> bool:
    """Whether an output shows managedFields unasked: the Table of a server, and the expressions of kubectl, do."""
    return output == "table-json" or "=" in output


def as_pieces(
    output: str, objects: Iterable[dict[str, Any]], *, headers: bool = True, allow_missing_keys: bool = True
) -> Iterator[str]:
    """
    The text of many objects.

    Args:
        output: the word of `-o`: a list format, or an expression as `expressions.resolved` gives it.
        objects: what to print.
        headers: whether custom columns have a header.
        allow_missing_keys: whether a template may name what is not there.
    """
    if is_columns(output):
        from kstore.view.custom_columns import custom_columns_text

        return custom_columns_text(columns_of(output), objects, headers=headers)
    template = compiled(output, allow_missing_keys=allow_missing_keys)
    return template.render_list(objects) if template else text_of_many(output, objects)


def as_single(output: str, obj: dict[str, Any], *, allow_missing_keys: bool = True) -> str:
    """
    The text of one object that stands alone, without a list around it.

    Args:
        output: a form of single objects, or an expression.
        obj: the object.
        allow_missing_keys: whether a template may name what is not there.
    """
    template = compiled(output, allow_missing_keys=allow_missing_keys)
    return template.render(obj) if template else text_of_one(output, obj)


def projection_of(output: str, labels: bool = False) -> Projection:
    """
    What of an object an output shows, as far as that can be told.

    Args:
        output: the word of `-o`.
        labels: the objects are selected by labels, too.
    """
    word, _, expression = output.partition("=")
    paths: list[tuple[str, ...]] = [("metadata", "labels")] if labels else []
    if word == "name":
        paths.append(("metadata", "name"))
    elif is_columns(output):
        paths += [path for column in columns_of(output) for path in column.path.paths]
    elif word == "jsonpath":
        from kstore.view.jsonpath import JsonPath

        paths += JsonPath(expression).item_paths
    else:
        return EVERYTHING
    return Projection.of(paths)
