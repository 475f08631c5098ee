"""
What changes in storage between two releases, and which objects of a store that touches.

Facts alone: types, fields, storage versions, feature gates as the tables have them, and for which types the rules of
defaulting are others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.catalog.resources import all_resources, resource_of
from kstore.catalog.types import TypeRef
from kstore.codec import StoredObject, Undecodable
from kstore.errors import KstoreError
from kstore.naming import GroupKind, GroupVersionKind
from kstore.object_codec import ObjectCodec
from kstore.printable import key_text
from kstore.scheme.registry import Default, RunningServer
from kstore.scheme.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that is another in the later release."""

    name: str
    """A resource, a `group/version Kind`, a field (`core.v1.PodSpec.hostUsers`), a gate or a type."""
    before: str
    """What it was; empty where it was not there."""
    after: str
    """What it is; empty where it is not there any more."""


@dataclass(frozen=True, slots=True)
class ReleaseDifference:
    """What changes in storage from one release to another."""

    before: str
    after: str
    approximate: tuple[str, ...]
    """Those of the two whose rules of defaults are not known: another release's serve for them."""
    storage: tuple[Changed, ...]
    """The versions that resources are stored in."""
    served: tuple[Changed, ...]
    """Kinds of stored resources that are served no more, or from now on."""
    fields: tuple[Changed, ...]
    """Fields of stored types, with their types."""
    gates: tuple[Changed, ...]
    """Defaults of the feature gates that decide about defaults."""
    defaults: tuple[Changed, ...]
    """Types whose defaults are set by other rules: what those do that only one of the two releases has."""


def release_difference(before: Release, after: Release) -> ReleaseDifference:
    """What changes in storage from one release to another, older or newer."""
    old, new = Scheme(before), Scheme(after)
    return ReleaseDifference(
        before.name,
        after.name,
        tuple(one.name for one in (before, after) if not one.exact),
        tuple(_storage(before, after)),
        tuple(_served(old.catalog, new.catalog)),
        tuple(_fields(old, new)),
        tuple(_changes(_gates(before), _gates(after))),
        tuple(_defaults(old, new)),
    )


def _changes(old: dict[str, str], new: dict[str, str]) -> Iterator[Changed]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name, "") != new.get(name, ""):
            yield Changed(name, old.get(name, ""), new.get(name, ""))


def _storage(before: Release, after: Release) -> Iterator[Changed]:
    def stored(release: Release) -> dict[str, str]:
        return {
            f"{one.resource}.{one.group}".rstrip("."): str(one.storage_version(release) or "")
            for one in all_resources()
            if one.group != "extensions"
        }

    return _changes(stored(before), stored(after))


def _served(old: Catalog, new: Catalog) -> Iterator[Changed]:
    def served(catalog: Catalog) -> dict[str, str]:
        names = (GroupVersionKind(one.group, one.version, one.kind) for one in catalog.kinds)
        stored = (name for name in names if resource_of(GroupKind(name.group, name.kind)))
        return {f"{name.api_version} {name.kind}": "served" for name in stored if catalog.serves(name)}

    return _changes(served(old), served(new))


def _gates(release: Release) -> dict[str, str]:
    return {name: "on" if release.enabled(name) else "off" for name in release.known_gates}


def _fields(old: Scheme, new: Scheme) -> Iterator[Changed]:
    """The fields of the types that both releases store something of."""
    before, after = _stored_types(old), _stored_types(new)
    common = before.keys() & after.keys()
    return _changes(
        {name: kind for one in common for name, kind in before[one].items()},
        {name: kind for one in common for name, kind in after[one].items()},
    )


def _stored_types(scheme: Scheme) -> dict[str, dict[str, str]]:
    """The structs that are stored, each with its fields and their types."""
    found: dict[str, dict[str, str]] = {}
    waiting = []
    for resource in all_resources():
        version = resource.storage_version(scheme.release)
        if version is not None:
            waiting.append(scheme.kind(GroupVersionKind(version.group, version.version, resource.kind)).type)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        fields = scheme.catalog.struct(name).fields
        found[name] = {f"{name}.{one.json}": str(one.type) for one in fields if one.json}
        waiting += [struct for one in fields for struct in _structs(one.type)]
    return found


def _structs(ref: TypeRef) -> Iterator[str]:
    if ref.form == "struct":
        yield ref.name
    elif ref.element is not None:
        yield from _structs(ref.element)


def _defaults(old: Scheme, new: Scheme) -> Iterator[Changed]:
    before, after = old.default_rules, new.default_rules
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name, ()), after.get(name, ())
        if was != now:
            yield Changed(name, _only(was, now), _only(now, was))


def _only(rules: tuple[Default, ...], others: tuple[Default, ...]) -> str:
    """What the rules do that others do not, as the first line of their documentation says it."""
    own = (rule for rule in rules if rule not in others)
    return " ".join((rule.__doc__ or rule.__name__).strip().partition("\n")[0] for rule in own)


# ---- objects


@dataclass
class Touched:
    """The objects of one kind that another release's server would write otherwise."""

    keys: list[str] = field(default_factory=list)
    """The first of them."""
    count: int = 0
    reasons: set[str] = field(default_factory=set)
    """`version`, `content`, or what the later release refuses."""


MOST = 20
"""Keys of a kind that are kept."""


def touched(reads: Iterable[StoredObject | Undecodable], before: Release, after: Release) -> dict[str, Touched]:
    """
    The objects that a server of the later release would store otherwise than one of the earlier, by kind.

    Both are taken as after an update that changes nothing, so that what only either would do is what differs.
    """
    old, new = ObjectCodec(Scheme(before)), ObjectCodec(Scheme(after))
    found: dict[str, Touched] = {}
    for read in reads:
        if isinstance(read, Undecodable) or not new.scheme.catalog.has_kind(read.gvk):
            continue
        reason = _reason(old, new, read)
        if not reason:
            continue
        kind = found.setdefault(f"{read.gvk.kind}.{read.gvk.group}".rstrip("."), Touched())
        kind.count += 1
        kind.reasons.add(reason)
        if len(kind.keys) < MOST:
            kind.keys.append(key_text(read.record.key))
    return found


def _reason(old: ObjectCodec, new: ObjectCodec, read: StoredObject) -> str:
    server = RunningServer()
    try:
        was, before = old.convert_typed(read.plain, drop_unknown_fields=True, server=server)
    except KstoreError:
        was, before = read.gvk, read.plain
    try:
        if new.scheme.stored_as(read.gvk) is None:
            return f"not stored in {new.scheme.release}"
        name, after = new.convert_typed(before, drop_unknown_fields=True, server=server)
    except KstoreError as error:
        return error.message
    if name != was:
        return "version"
    return "content" if before != after else ""
