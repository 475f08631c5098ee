"""
The clusters that share one store, each below a prefix of its own, counted.

What is there is told by `prefixes`; which cluster is meant is the caller's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kstore.catalog.layouts import APISERVER, EXTENSION, OPENSHIFT, Layout
from kstore.catalog.mapper import ResourceMapper
from kstore.codec import Undecodable
from kstore.errors import AccessDenied
from kstore.prefixes import Prefixes
from kstore.store import Store
from kstore.tree import Branch, tree


@dataclass(frozen=True)
class Cluster:
    """What is below the prefix of one cluster."""

    prefixes: tuple[str, ...]
    """One; two of an OpenShift."""
    branches: tuple[Branch, ...]
    """Its resources, in key order."""
    layout: Layout = APISERVER
    """How its keys are built."""

    @property
    def objects(self) -> int:
        """How many there are, those that cannot be decoded among them."""
        return sum(one.count for one in self.branches)

    @property
    def size(self) -> int:
        """The bytes of all values."""
        return sum(one.size for one in self.branches)

    @property
    def undecodable(self) -> int:
        """How many objects cannot be decoded: damaged ones, and encrypted ones whose keys are not at hand."""
        return sum(one.undecodable for one in self.branches)

    @cached_property
    def namespaces(self) -> Counter[str]:
        """How many objects are in each namespace."""
        return _sum(one.namespaces for one in self.branches)

    @cached_property
    def versions(self) -> Counter[str]:
        """How many objects are stored in each version (`apps/v1`)."""
        return _sum(one.versions for one in self.branches)

    @cached_property
    def encodings(self) -> Counter[str]:
        """How many objects are stored in each encoding."""
        return _sum(one.encodings for one in self.branches)

    @cached_property
    def encryption(self) -> Counter[str]:
        """How many objects are encrypted by each provider and key."""
        return _sum(one.encryption_headers for one in self.branches)

    def as_document(self) -> dict[str, Any]:
        """One entry of `-o json`."""
        return {
            "prefixes": list(self.prefixes), "layout": self.layout.name, "objects": self.objects, "bytes": self.size,
            "resources": len(self.branches), "namespaces": dict(self.namespaces),
            "storedVersions": dict(self.versions), "encodings": dict(self.encodings),
            "encryption": dict(self.encryption), "undecodable": self.undecodable,
        }  # fmt: skip


def _sum(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def clusters_of(
    store: Store,
    *,
    progress: Callable[[int], None] = lambda _: None,
    unreadable: Callable[[Undecodable], None] = lambda _: None,
) -> list[Cluster]:
    """
    The clusters of a store in key order: all, or that of the one prefix that the store was opened with.

    Args:
        store: whichever of them it is opened for.
        progress: told how many objects of all of them have been counted.
        unreadable: told of each object that cannot be read.
    """
    found: list[Cluster] = []
    for one in store.clusters():
        before = sum(cluster.objects for cluster in found)
        branches = tree(one, lambda count, before=before: progress(before + count), unreadable)  # type: ignore[misc]
        found.append(Cluster(one.prefixes, tuple(branches), _layout(one)))
    return found


def _layout(store: Store) -> Layout:
    if len(store.prefixes) > 1:
        return OPENSHIFT
    return EXTENSION if "." in store.prefix.rpartition("/")[2] else store.layout


def keys_of_others(store: Store, clusters: Iterable[Cluster]) -> Counter[str]:
    """How many keys are below no cluster's prefix, by their first path element: Calico's, flannel's, Cilium's."""
    finder = Prefixes(store.source, ResourceMapper([]), store.revision)
    try:
        return finder.elsewhere(tuple(prefix for one in clusters for prefix in one.prefixes))
    except AccessDenied:  # the user may not look
        return Counter()
