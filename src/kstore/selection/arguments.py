"""
What an argument means in a store: a key, the keys below a path, an object by name, or the objects of resources.

Knows kubectl's grammar and that of keys. An argument stops at a slash: `/registry/pods` does not mean what is below
`/registry/podtemplates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from kstore.catalog.mapper import NamedResource
from kstore.errors import NotASingleObject, NotFound, UnknownResource, UsageError
from kstore.printable import key_bytes, key_text
from kstore.selection.criteria import Criteria
from kstore.similar import question, similar
from kstore.store import Store

DEFAULT_NAMESPACE: Final = "default"
"""Where a namespaced object is looked for when no namespace is given, as kubectl does without a context."""


_WITHOUT_NAMESPACE = "leave `namespace=` out"


class When(Enum):
    """The time at which what an argument means must be there."""

    NOW = "now"
    PAST = "past"
    """It may have been deleted since."""
    FUTURE = "future"
    """It may be still to come."""


@dataclass(frozen=True, slots=True)
class Target:
    """Keys that one argument means."""

    key: bytes
    """Without a slash at its end; empty for every key of the store."""
    itself: bool = False
    """This very key is meant."""
    below: bool = True
    """The keys below it are meant."""
    resources: tuple[NamedResource, ...] = ()
    """The resources whose objects may be there."""
    namespace: str = ""
    """Of what is there, only this namespace's; empty where the key says it, or all are meant."""
    said: str = ""
    """The namespace that the key itself says."""
    may_be_empty: bool = False
    """A resource keeps its objects there, so it is no mistake if there are none."""

    @property
    def prefix(self) -> bytes:
        """What the keys below it begin with."""
        return self.key + b"/" if self.key else b""

    def covers(self, key: bytes) -> bool:
        """Whether a key is meant, its namespace aside."""
        return (self.itself and key == self.key) or (self.below and key.startswith(self.prefix))

    def includes(self, other: Target) -> bool:
        """Whether all that another target means is meant by this one."""
        if self.namespace not in ("", other.namespace or other.said):
            return False
        if other.itself and not self.covers(other.key):
            return False
        return not other.below or (self.below and other.prefix.startswith(self.prefix))


def listed(store: Store, criteria: Criteria) -> list[Target]:
    """
    What `ls` takes: keys and paths, resources, `RESOURCE/NAMESPACE`; nothing at all is the whole store.

    Raises:
        UnknownResource: there is no such resource.
        NotFound: nothing is at a path that no resource has.
        UsageError: a namespace is asked for, and another one or none is meant.
    """
    texts = criteria.what or ("/",)
    return [target for text in texts for target in _listed(store, text, criteria.namespace)]


def named(store: Store, criteria: Criteria) -> list[Target]:
    """
    What `get` takes: `RESOURCE/[NAMESPACE/]NAME` and keys; `NAMESPACE/NAME`; a resource and names of it, or
    `NAMESPACE/NAME`; a resource alone.

    Raises:
        UnknownResource: there is no such resource.
        UsageError: the arguments name nothing, or options that select among many stand beside names.
    """
    first, *names = criteria.what
    if "/" in first:
        _refuse_beside_names(criteria)
        return [_named_object(store, text, criteria.namespace) for text in criteria.what]
    resources = [one for part in first.split(",") for one in store.resources(part)]
    if not names:
        within = "" if criteria.all_namespaces else criteria.namespace or DEFAULT_NAMESPACE
        require_namespaced(resources, criteria.namespace)
        return [_of_resource(store, one, within) for one in resources]
    _refuse_beside_names(criteria)
    require_namespaced(resources, criteria.namespace)
    return [_of_name(store, one, name, criteria.namespace) for name in names for one in resources]


def either(store: Store, criteria: Criteria, *, many: bool = True, when: When = When.NOW) -> list[Target]:
    """
    An object where one is there, else what `ls` takes.

    Args:
        store: where it is.
        criteria: what is meant.
        many: whether an argument may mean more than an object.
        when: whether what is meant must be there.

    Raises:
        NotFound: there is no such object, and many may not be meant.
        UnknownResource, UsageError: see `listed`.
    """
    found: list[Target] = []
    for text in criteria.what or ("/",):
        target = _existing(store, text, criteria.namespace, when)
        if target is not None:
            found.append(target)
        elif many:
            found += _listed(store, text, criteria.namespace, required=when is When.NOW)
        else:
            raise NotASingleObject(f"{text} names no object of the store")
    return found


def object_key(store: Store, text: str, namespace: str) -> bytes:
    """
    The key of `RESOURCE/NAME`, `RESOURCE/NAMESPACE/NAME`, of a key below the prefix, or the key itself.

    Raises:
        UnknownResource: there is no such resource.
        UsageError: no object is named, or the namespace is another than the one asked for.
    """
    return _object(store, text, namespace).key


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _unquoted(text: str) -> str:
    """An argument without percent-encoding, as `key_text` has it."""
    return key_bytes(text).decode("utf-8", "surrogateescape")


def _below_prefix(store: Store, path: str) -> bytes:
    return _encoded(f"{store.prefix}/{path}")


# ---- single objects


def _of_name(store: Store, resource: NamedResource, text: str, namespace: str) -> Target:
    """The object of `NAME`, or of `NAMESPACE/NAME`."""
    within, slash, name = text.rpartition("/")
    if slash and (not resource.namespaced or "/" in within or not within or not name):
        raise UsageError(
            f"{text!r} is not a name of {resource.resource}", hint=f"write {resource.resource} NAME… or a whole key"
        )
    if slash and namespace not in ("", within):
        raise UsageError(f"{text} lies in namespace {within}, not in {namespace}", hint=_WITHOUT_NAMESPACE)
    if not resource.namespaced:
        return _exactly(store.key_of(resource, "", name), resource)
    said = within or namespace or DEFAULT_NAMESPACE
    return _exactly(store.key_of(resource, said, name), resource, said)


def _named_object(store: Store, text: str, namespace: str) -> Target:
    """The object of `RESOURCE/[NAMESPACE/]NAME`, of a key; or, where nothing is called so, of `NAMESPACE/NAME`."""
    try:
        return _object(store, text, namespace)
    except UnknownResource:
        within, _, name = text.partition("/")
        if not within or not name or "/" in name or not text.isascii() or namespace not in ("", within):
            raise
        found = list(_of_any_resource(store, within, name))
        if not found:
            raise
        if len(found) > 1:
            names = ", ".join(f"{one.resources[0].resource}/{text}" for one in found)
            raise UsageError(f"{text} may be any of {names}", hint="name one of them") from None
        return found[0]


def _of_any_resource(store: Store, namespace: str, name: str) -> Iterator[Target]:
    """The objects of that name in a namespace, of whatever resource."""
    places = {store.key_of(one, namespace, name): one for one in store.mapper.resources if one.namespaced}
    for key, resource in places.items():
        if store.source.get(key, revision=store.revision) is not None:
            yield _exactly(key, resource, namespace)


def _object(store: Store, text: str, namespace: str) -> Target:
    key, default = _object_key(store, text, namespace)
    place = store.place(key)
    if place is not None and namespace:
        require_namespaced([place.resource], namespace)
        if not default and place.namespace != namespace:
            raise UsageError(f"{text} is in namespace {place.namespace}, not in {namespace}", hint=_WITHOUT_NAMESPACE)
    return _exactly(key, place.resource, place.namespace) if place else _exactly(key)


def _object_key(store: Store, text: str, namespace: str) -> tuple[bytes, bool]:
    """The key, and whether `namespace` has become a part of it."""
    if text.startswith("/"):
        return key_bytes(text), False
    if not text.partition("/")[2]:
        raise UsageError(
            f"{text!r} names no object", hint="write RESOURCE/NAME, RESOURCE/NAMESPACE/NAME or a whole key"
        )
    text = _unquoted(text)
    name, _, rest = text.partition("/")
    place = store.built_in.place(text)
    if place is not None and place.name and place.resource.key_prefix.count("/"):
        return _below_prefix(store, text), False
    resource = _resources(store, name, text)[0]
    if not resource.namespaced:
        return store.key_of(resource, "", rest), False
    space, slash, own = rest.partition("/")
    if slash:
        return store.key_of(resource, space, own), False
    return store.key_of(resource, namespace or DEFAULT_NAMESPACE, space), True


def _existing(store: Store, text: str, namespace: str, when: When) -> Target | None:
    """The object of that name or key, if it is there, or was."""
    path = text.rstrip("/")
    if "/" not in path or path in store.prefixes:  # no object is at a prefix, and not every user may ask
        return None
    try:
        target = _object(store, text, namespace)
    except UsageError:
        return None
    if when is When.PAST:
        return target if next(iter(store.source.history(target.key)), None) is not None else None
    return target if store.source.get(target.key, revision=store.revision) is not None else None


def _resources(store: Store, name: str, text: str) -> list[NamedResource]:
    """The resources of a name, the first part of an argument; which may be a key without the slash in front."""
    try:
        return list(store.resources(name))
    except UnknownResource as error:
        if f"/{text}".startswith(tuple(f"{prefix}/" for prefix in store.prefixes)):
            error.hint = question(f"/{text}")
        raise


def _exactly(key: bytes, resource: NamedResource | None = None, said: str = "") -> Target:
    return Target(key, itself=True, below=False, resources=(resource,) if resource else (), said=said)


def _refuse_beside_names(criteria: Criteria) -> None:
    given = (*criteria.filters, *(("all_namespaces",) if criteria.all_namespaces else ()))
    if given:
        raise UsageError(
            "what selects among many objects is given beside names", hint=f"leave `{given[0]}=` out, or the names"
        )


# ---- many objects


def _listed(store: Store, text: str, namespace: str, *, required: bool = True) -> list[Target]:
    if not text.strip("/"):
        return [_whole(store, root, namespace) for root in store.prefixes]
    if text.startswith("/"):
        return [_path(store, key_bytes(text), namespace, required=required)]
    text = _unquoted(text)
    name, slash, rest = text.partition("/")
    if slash and store.place(key := _below_prefix(store, text)) is not None:
        return [_path(store, key, namespace, required=required)]
    parts = [_resources(store, part, text) for part in name.split(",")]
    if rest.strip("/"):
        places = [store.key_of(one) + _encoded(rest) for resources in parts for one in resources]
        return [_path(store, place, namespace, required=required) for place in places]
    targets: list[Target] = []
    for resources in parts:
        require_namespaced(resources, namespace)
        chosen = [one for one in resources if one.namespaced or not namespace]
        targets += [_of_resource(store, one, namespace, tuple(resources)) for one in chosen]
    return targets


def _whole(store: Store, prefix: str, namespace: str) -> Target:
    """All that the cluster keeps below one of its prefixes; an empty store is nobody's mistake."""
    return Target(prefix.encode(), resources=tuple(store.mapper.resources), namespace=namespace, may_be_empty=True)


def _path(store: Store, path: bytes, namespace: str, *, required: bool) -> Target:
    """A key, and what is below it; only the latter with a slash at its end."""
    key = path.rstrip(b"/")
    if key.decode("utf-8", "surrogateescape") in store.prefixes:
        return _whole(store, key.decode(), namespace)
    place = store.place(key)
    if required and (place is None or place.name):
        _require_something(store, key)
    exact = not path.endswith(b"/")
    if place is None:
        below = f"{store.path_of(path + b'/') or key_text(key)}".strip("/") + "/"
        resources = tuple(one for one in store.mapper.resources if f"{one.key_prefix}/".startswith(below))
        return Target(key, itself=exact, resources=resources, namespace=namespace)
    require_namespaced([place.resource], namespace)
    if namespace and place.namespace not in ("", namespace):
        raise UsageError(
            f"{key_text(key)} is in namespace {place.namespace}, not in {namespace}", hint=_WITHOUT_NAMESPACE
        )
    within = "" if place.namespace else namespace
    itself = exact and bool(place.name)
    return Target(
        key,
        itself=itself,
        resources=(place.resource,),
        namespace=within,
        said=place.namespace,
        may_be_empty=not place.name,
    )


def _require_something(store: Store, key: bytes) -> None:
    """See that something is at a key or below it."""
    keys = store.source.keys(key + b"/", revision=store.revision)
    if next(iter(keys), None) is None and store.source.get(key, revision=store.revision) is None:
        hint = _hint(store, key_text(key))
        raise NotFound(f"nothing is stored at {key_text(key)}", hint=hint, directory="" if hint else "/")


def _hint(store: Store, text: str) -> str:
    below = text.removeprefix(f"{store.prefix}/")
    close = similar(below, store.directories()) if below != text else []
    return question(*(f"{store.prefix}/{one}" for one in close))


def _of_resource(
    store: Store, resource: NamedResource, namespace: str, together: tuple[NamedResource, ...] = ()
) -> Target:
    within = namespace if resource.namespaced else ""
    prefix = store.key_of(resource, within).rstrip(b"/")
    inside, said = (within, "") if store.layout.clusters else ("", within)
    return Target(prefix, resources=together or (resource,), namespace=inside, said=said, may_be_empty=True)


def require_namespaced(resources: Iterable[NamedResource], namespace: str) -> None:
    """
    See that a namespace can be asked for.

    Raises:
        UsageError: none of the resources is in namespaces.
    """
    if namespace and not any(one.namespaced for one in resources):
        names = ", ".join(one.resource for one in resources)
        raise UsageError(
            f"{names} are in no namespace, so namespace {namespace} selects nothing", hint=_WITHOUT_NAMESPACE
        )
