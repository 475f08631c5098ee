"""
What was probably meant by a name that is not there: one that is spelled alike, or begins so, or the same elsewhere.
"""

from __future__ import annotations

from itertools import islice

from kstore.printable import key_text
from kstore.similar import did_you_mean, question, similar
from kstore.store import Store

_MOST = 20_000
"""Keys that are looked at: a mistyped name must not cost more than a right one by much."""


def similar_object(store: Store, key: bytes) -> str:
    """
    A question after the object that was probably meant; empty where none is like it.

    Args:
        store: where it is looked for.
        key: nothing is stored there.
    """
    place = store.place(key)
    if place is None or not place.name:
        return ""
    root = store.key_of(place.resource)
    written = [one.decode("utf-8", "surrogateescape") for one in islice(store.source.keys(root), _MOST)]
    path = root.decode("utf-8", "surrogateescape")
    names = {one.removeprefix(path): one for one in written}
    inside = f"{place.namespace}/" if place.namespace else ""
    beside = {name.removeprefix(inside): name for name in names if name.startswith(inside)}
    close = similar(place.name, beside, likeness=0.7)
    found = [beside[one] for one in close or [one for one in beside if one.startswith(place.name)][:2]]
    found += [name for name in names if inside and name.endswith(f"/{place.name}")][:2]
    texts = [key_text(one.encode("utf-8", "surrogateescape")) for one in found]
    return question(*(f"{place.resource.resource}/{text}" for text in texts))


def similar_namespace(store: Store, name: str) -> str:
    """What to say of a namespace in which nothing was found: that there is none, and which was probably meant."""
    (resource,) = store.resources("namespaces")[:1]
    root = store.key_of(resource)
    known = [key_text(one.removeprefix(root)) for one in islice(store.source.keys(root), _MOST)]
    if name in known or not known:
        return ""
    meant = did_you_mean(name, known)
    return f"there is no namespace {name!r}" + (f": {meant}" if meant else "")
