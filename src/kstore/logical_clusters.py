"""
Stores with logical clusters in their keys, as kcp's: many small clusters below one prefix, each with CRDs of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from kstore.catalog.mapper import NamedResource, Place
from kstore.customresource.resource import CustomResource
from kstore.errors import UsageError

Located = Callable[[bytes], Place[NamedResource] | None]


def key_in_clusters(keys: Iterable[bytes], place_of: Located, directory: bytes, path: Sequence[str]) -> bytes:
    """
    The key of an object, looked for in every logical cluster, or in the one that its path begins with.

    Args:
        keys: those of its resource.
        place_of: what a key means.
        directory: where the resource's keys begin, for the key of an object that is not there.
        path: `[CLUSTER, ][NAMESPACE, ]NAME`.

    Raises:
        UsageError: several clusters have an object of that name.
    """
    found: dict[str, bytes] = {}
    for key in keys:
        place = place_of(key)
        if place is None:
            continue
        own = [*filter(None, (place.namespace,)), place.name]
        if list(path) in (own, [place.cluster, *own]):
            found[place.cluster] = key
    if len(found) > 1:
        raise UsageError(
            f"{'/'.join(path)} is in several logical clusters: {', '.join(sorted(found))}",
            hint="write RESOURCE/CLUSTER/[NAMESPACE/]NAME, or the key",
        )
    return next(iter(found.values()), directory + "/".join(path).encode())


def one_of_each(resources: Iterable[CustomResource]) -> tuple[CustomResource, ...]:
    """
    One resource for each group and name, though many logical clusters have a CRD of it, most as it was bound.

    Where they define it differently, none of the definitions is right for all objects: the resource has none then, and
    its objects are shown as they are stored.
    """
    found: dict[str, CustomResource] = {}
    for one in resources:
        known = found.setdefault(one.key_prefix, one)
        if known.definition is not None and _spec(known) != _spec(one):
            found[one.key_prefix] = replace(known, definition=None, definition_key=b"", storage_version="", versions=())
    return tuple(found.values())


def _spec(resource: CustomResource) -> object:
    return (resource.definition or {}).get("spec")
