"""
The release by way of which an object keeps what a direct conversion would lose.

Some versions are in no release beside the version that is wanted (resource.k8s.io/v1alpha3 of 1.31 and v1): what the
first one's fields became is then written in the rules of a release in between, which has the first version and another
that the target knows too. Nothing is assumed of such a way: it is walked, and what comes out is held against what went
in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from kstore.catalog.releases import Release, known_releases, minor_of
from kstore.errors import KstoreError
from kstore.naming import GroupVersion, GroupVersionKind
from kstore.scheme.scheme import Scheme

_INDEX = re.compile(r"\[[^]]*\]")


class Conversion(Protocol):
    """Converts the values of one release (`ObjectCodec`)."""

    def convert_typed(self, value: bytes, to: GroupVersion | None = None) -> tuple[GroupVersionKind, bytes]:
        """The value in another version (the storage version, where none is named), and its kind there."""
        ...


class Routes:
    """
    Finds ways through another release, and remembers them for what is alike.

    Args:
        scheme: the target release's.
        codec: the conversion of a scheme, which refuses to lose anything, and looks for no ways itself.
    """

    def __init__(self, scheme: Scheme, codec: Callable[[Scheme], Conversion]) -> None:
        self._scheme = scheme
        self._codec = codec
        self._schemes: dict[str, Scheme] = {}
        self._found: dict[tuple[GroupVersionKind, GroupVersion, tuple[str, ...]], str] = {}

    def by_way_of(self, value: bytes, stored: GroupVersionKind, target: GroupVersion, lost: Sequence[str]) -> str:
        """
        The release to convert to first: the nearest to the target that loses nothing; empty if there is none.

        Args:
            value: the plain stored bytes.
            stored: what they hold.
            target: the version wanted.
            lost: the paths that the direct conversion would lose.
        """
        alike = stored, target, tuple(sorted({_INDEX.sub("[]", path) for path in lost}))
        known = self._found.get(alike)
        if known == "" or (known and self._keeps_all(known, value, stored, target)):
            return known
        found = next((one for one in self._candidates(stored) if self._keeps_all(one, value, stored, target)), "")
        self._found[alike] = found
        return found

    def _candidates(self, stored: GroupVersionKind) -> Iterator[str]:
        """The exact releases that have the stored version, those nearest to the target first."""
        own = self._scheme.release
        for name in sorted(known_releases(), key=lambda name: abs(minor_of(name) - own.minor)):
            if name != own.name and Release(name).exact and self._scheme_of(name).catalog.holds(stored):
                yield name

    def _scheme_of(self, name: str) -> Scheme:
        if name not in self._schemes:
            self._schemes[name] = replace(self._scheme.settings, release=Release(name)).scheme()
        return self._schemes[name]

    def _keeps_all(self, name: str, value: bytes, stored: GroupVersionKind, target: GroupVersion) -> bool:
        """Whether the object comes through the release whole, in a version that the target release has."""
        try:
            between, plain = self._codec(self._scheme_of(name)).convert_typed(value)
            if between == stored or not self._scheme.catalog.holds(between):
                return False
            self._codec(self._scheme).convert_typed(plain, target)
        except KstoreError:
            return False
        return True
