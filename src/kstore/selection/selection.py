"""
Criteria on a store: the keys that they mean, and the objects at these keys that meet all conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from heapq import merge
from itertools import chain
from operator import methodcaller

from kstore.catalog.mapper import NamedResource, ResourceMapper
from kstore.codec import StoredObject, Undecodable
from kstore.decode.projection import EVERYTHING, Projection
from kstore.errors import NotFound
from kstore.records import Record, Revision
from kstore.selection.arguments import Target, When, either, listed, named
from kstore.selection.criteria import Criteria
from kstore.selection.filters import Filter
from kstore.selection.suggestions import similar_object
from kstore.store import Store, is_housekeeping

Read = StoredObject | Undecodable

_looks_like_a_note = methodcaller("endswith", (b"compact_rev_key", b"/health"))
"""Whether a key may be housekeeping; a million are asked."""


class Selection:
    """
    What criteria mean in a store.

    Args:
        store: where the objects are stored.
        criteria: what was asked for.
        targets: the keys that its arguments mean.

    Raises:
        UsageError: a selector that cannot be read, or a field that what is selected from does not have.
    """

    def __init__(self, store: Store, criteria: Criteria, targets: Sequence[Target]) -> None:
        self.store = store
        self.criteria = criteria
        self.filter = Filter(criteria)
        self.filter.check([one.resources for one in targets], store.codec.scheme)
        self.targets = _once(targets)

    @classmethod
    def listed(cls, store: Store, criteria: Criteria) -> Selection:
        """As `ls` takes arguments: paths and resources."""
        return cls(store, criteria, listed(store, criteria))

    @classmethod
    def named(cls, store: Store, criteria: Criteria) -> Selection:
        """As `get` takes arguments: names, or a resource."""
        return cls(store, criteria, named(store, criteria))

    @classmethod
    def either(cls, store: Store, criteria: Criteria, *, many: bool = True) -> Selection:
        """An object where one is named, else paths and resources; these only if `many` may be meant."""
        return cls(store, criteria, either(store, criteria, many=many))

    @classmethod
    def of_history(cls, store: Store, criteria: Criteria) -> Selection:
        """An object that is or was there, else paths and resources, where nothing need be left."""
        return cls(store, criteria, either(store, criteria, when=When.PAST))

    @classmethod
    def of_changes(cls, store: Store, criteria: Criteria) -> Selection:
        """The same for what may be still to come."""
        return cls(store, criteria, either(store, criteria, when=When.FUTURE))

    @property
    def is_single(self) -> bool:
        """Whether no more than one object can be meant."""
        return [one.below for one in self.targets] == [False]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out of the store."""
        return not self.criteria.what and not self.criteria.namespace and not self.filter

    @property
    def several_resources(self) -> bool:
        """Whether objects of more than one resource may come."""
        return len({one.key_prefix for target in self.targets for one in target.resources}) > 1

    @property
    def prefix(self) -> bytes:
        """What all keys that are meant begin with."""
        first, last = (choose(one.key for one in self.targets) for choose in (min, max))
        pairs = enumerate(zip(first, last, strict=False))
        return first[: next((at for at, (one, other) in pairs if one != other), len(first))]

    # ---- keys

    def has_key(self, key: bytes) -> bool:
        """Whether the arguments and the namespace mean a key, whatever is there."""
        return any(self.means(one, key) for one in self.targets)

    def means(self, target: Target, key: bytes) -> bool:
        """Whether one of the arguments, within the namespace, means a key."""
        return target.covers(key) and self._in_namespace(target, key)

    def _in_namespace(self, target: Target, key: bytes) -> bool:
        if not target.namespace or (target.itself and key == target.key):
            return True  # a key that is named whole is meant, though no resource tells which part is its namespace
        place = self.store.place(key) or self._unexplained.place(self.store.path_of(key) or "")
        return place is not None and place.namespace == target.namespace

    @cached_property
    def _unexplained(self) -> ResourceMapper[NamedResource]:
        """Resources that only keys tell of: their objects are in namespaces, too."""
        return ResourceMapper(self.store.unexplained(), self.store.layout)

    def most(self) -> int:
        """How many objects there can be at most: whatever is below the prefixes, be it selected or not."""
        source, revision = self.store.source, self.store.revision
        return sum(1 if target.itself else source.count(target.prefix, revision=revision) for target in self.targets)

    def keys(self) -> Iterator[bytes]:
        """Yield the keys; no value is read, so the filter's conditions are not asked."""
        return chain.from_iterable(self.key_pages())

    def key_pages(self) -> Iterator[Sequence[bytes]]:
        """Yield the same keys, many at once."""
        for target in self.targets:
            for page in self._key_pages_of(target):
                if target.namespace:
                    page = [key for key in page if self._in_namespace(target, key)]
                # most pages have none that looks like a note, and are passed on as they are
                if any(map(_looks_like_a_note, page)):
                    page = [key for key in page if not self._is_note(key)]
                yield page

    def _key_pages_of(self, target: Target) -> Iterator[Sequence[bytes]]:
        source, revision = self.store.source, self.store.revision
        if target.itself and source.get(target.key, revision=revision) is not None:
            yield [target.key]
        if target.below:
            yield from source.key_pages(target.prefix, revision=revision)

    def _is_note(self, key: bytes) -> bool:
        """Whether a key is housekeeping: the value is read where the key alone does not tell."""
        if not _looks_like_a_note(key):
            return False
        record = self.store.source.get(key, revision=self.store.revision)
        return record is not None and is_housekeeping(record)

    def history(self) -> Iterator[Revision]:
        """Yield the revisions of the keys, in their order; the filter's conditions are not asked."""
        streams = [stream for target in self.targets for stream in self._history_of(target)]
        return merge(*streams, key=lambda one: one.record.mod_revision)

    def _history_of(self, target: Target) -> Iterator[Iterator[Revision]]:
        source = self.store.source
        if target.itself:
            yield source.history(target.key)
        if target.below:
            found = source.history_scan(target.prefix)
            yield (one for one in found if self._in_namespace(target, one.record.key))

    # ---- objects

    def records(self) -> Iterator[Record]:
        """Yield what is at the keys; the filter's conditions are not asked."""
        return chain.from_iterable(map(self._records_of, self.targets))

    def _records_of(self, target: Target, *, notes: bool = False) -> Iterator[Record]:
        source, revision = self.store.source, self.store.revision
        if target.itself:
            record = source.get(target.key, revision=revision)
            if record is not None and self._in_namespace(target, record.key):
                yield record
        if target.below:
            for record in source.scan(target.prefix, revision=revision):
                if self._in_namespace(target, record.key) and (notes or not is_housekeeping(record)):
                    yield record

    def reads(
        self,
        projection: Projection = EVERYTHING,
        missing: Callable[[NotFound], None] | None = None,
        *,
        notes: bool = False,
    ) -> Iterator[Read]:
        """
        Yield the objects that meet all conditions, and whatever at these keys cannot be read.

        Args:
            projection: what of them is wanted; it must have what the filter looks at.
            missing: told of an object that was named and is not there.
            notes: housekeeping, too, which is no object but a part of a backup.

        Raises:
            NotFound: an object that was named is not there, and `missing` is not given.
        """
        for target in self.targets:
            found = False
            for record in self._records_of(target, notes=notes):
                found = True
                read = self.store.codec.read(record, projection)
                if isinstance(read, Undecodable) or self.filter.matches(read):
                    yield read
            if not found and not target.below:
                try:
                    self.store.get(target.key)
                except NotFound as error:
                    error.hint = similar_object(self.store, target.key) or error.hint
                    if missing is None:
                        raise
                    missing(error)


def _once(targets: Sequence[Target]) -> tuple[Target, ...]:
    """The targets without those that are within others."""
    kept: list[Target] = []
    for target in targets:
        if not any(other.includes(target) for other in kept):
            kept = [*(other for other in kept if not target.includes(other)), target]
    return tuple(kept)
