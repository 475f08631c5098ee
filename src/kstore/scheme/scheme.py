"""
The scheme of one release: all that a caller needs to default an object and to have it in another version.

Works on dicts in place; bytes are the codec's business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.catalog.resources import ResourceInfo, resources_of, storage_media_type, storage_version
from kstore.catalog.types import Kind
from kstore.decode.json.typed_json import TypedJson
from kstore.errors import NotConvertible, UnknownKind, UsageError
from kstore.naming import GroupKind, GroupVersion, GroupVersionKind
from kstore.scheme import groups
from kstore.scheme.conversion import Converter
from kstore.scheme.defaulting import Defaulter
from kstore.scheme.groups.empty import without_none
from kstore.scheme.groups.generations import counted_members
from kstore.scheme.guarded_rules import guarded
from kstore.scheme.lost_members import lost_members
from kstore.scheme.registry import Obj, Registry, RunningServer, Scope
from kstore.scheme.running_server import Updater

if TYPE_CHECKING:
    from kstore.scheme.plugins import Plugin


@dataclass(frozen=True)
class SchemeSettings:
    """What a scheme is made of: enough to have the same one in another process."""

    release: Release
    plugins: tuple[Plugin, ...]

    def scheme(self) -> Scheme:
        """The scheme, made."""
        return Scheme(self.release, plugins=self.plugins)


class Scheme:
    """
    Defaulting and conversion as one release does them.

    Args:
        release: whose rules.
        now: the clock, for the few defaults that are the time of day.
        plugins: the types and rules of extension API servers.
        sent: also know the kinds that are sent and never stored, as Status and DeleteOptions.
    """

    def __init__(
        self,
        release: Release,
        *,
        now: Callable[[], datetime] | None = None,
        plugins: Iterable[Plugin] = (),
        sent: bool = False,
    ) -> None:
        self.release = release
        self._plugins = tuple(plugins)
        self.catalog = Catalog(release, [plugin.tables for plugin in self._plugins], sent=sent)
        self.typed = TypedJson(self.catalog)
        self._now = now or (lambda: datetime.now(UTC))
        self._stored_as: dict[tuple[str, str], GroupVersion] = {}
        """By group and kind, of those that the release stores: a store has few kinds and many objects."""

    @property
    def settings(self) -> SchemeSettings:
        """What this scheme is made of, but for its clock."""
        return SchemeSettings(self.release, self._plugins)

    @cached_property
    def scope(self) -> Scope:
        """What the rules may ask for."""

        def convert(source: str, target: str, obj: Obj) -> None:
            self._converter.convert(source, target, obj, self.scope)

        return Scope(self.release, self.typed, convert, self._now)

    @cached_property
    def _registry(self) -> Registry:
        own = [rules for plugin in self._plugins for rules in guarded(plugin.name, plugin.rules, self.typed)]
        return Registry([*groups.load(), *own], self.release)

    @cached_property
    def _defaulter(self) -> Defaulter:
        return Defaulter(self.catalog, self._registry)

    @cached_property
    def _converter(self) -> Converter:
        return Converter(self.catalog, self._registry)

    @cached_property
    def _updater(self) -> Updater:
        return Updater(self.catalog, self._registry)

    def kind(self, gvk: GroupVersionKind) -> Kind:
        """
        The built-in kind of that name.

        Raises:
            UnknownKind: there is none.
        """
        return self.catalog.kind(gvk)

    @property
    def extension_resources(self) -> tuple[ResourceInfo, ...]:
        """The resources of extension API servers."""
        return tuple(resource for plugin in self._plugins for resource in plugin.tables.resources)

    def of_plugin(self, gvk: GroupVersionKind) -> bool:
        """Whether a plugin brought the kind."""
        name = gvk.group, gvk.version, gvk.kind
        return any(
            name == (row["group"], row["version"], row["kind"]) for one in self._plugins for row in one.tables.kinds
        )

    @property
    def resources(self) -> tuple[ResourceInfo, ...]:
        """All resources, those of extensions last."""
        return (*resources_of(self.release), *self.extension_resources)

    def storage_version(self, gvk: GroupVersionKind) -> GroupVersion:
        """The version in which the release stores a kind; the object's own where the release does not store it."""
        return self.stored_as(gvk) or gvk.group_version

    def stored_as(self, gvk: GroupVersionKind) -> GroupVersion | None:
        """The version in which the release stores a kind; None where it does not store it at all."""
        kind = gvk.group, gvk.kind
        found = self._stored_as.get(kind) or self._find_stored_as(kind)
        if found is not None:
            self._stored_as[kind] = found
        return found

    def _find_stored_as(self, kind: tuple[str, str]) -> GroupVersion | None:
        for resource in self.extension_resources:
            if (resource.group, resource.kind) == kind:
                return resource.storage_version(self.release)
        return storage_version(GroupKind(*kind), self.release)

    def media_type(self, group: str, wanted: str = "") -> str:
        """
        The encoding in which a group's server stores it: JSON, whatever is wanted, where that is all it can.

        Args:
            group: the API group.
            wanted: `protobuf` or `json`; empty for what the release's servers are started with.
        """
        if any(group in plugin.tables.json_groups for plugin in self._plugins):
            return "json"
        return storage_media_type(group, wanted or self.release.media_type)

    @property
    def default_rules(self) -> dict[str, tuple[Callable[..., None], ...]]:
        """The functions that set defaults, by type."""
        return {name: tuple(functions) for name, functions in self._registry.defaults.items()}

    def default(self, gvk: GroupVersionKind, obj: Obj) -> None:
        """Set the defaults of an object of that version, in place, as the storage decoder does."""
        self._defaulter.default(self.kind(gvk).type, obj, self.scope)

    def convert(self, source: GroupVersionKind, target: GroupVersionKind, obj: Obj) -> None:
        """
        Have an object in another version, in place, through the hub; `kind` and `apiVersion` say so afterwards.

        Even to its own version an object goes through the hub, as in the apiserver.

        Raises:
            UnknownKind: one of the versions does not exist.
            NotConvertible: the two have no hub in common, or a rule refuses the object.
        """
        left, right = self.kind(source), self.kind(target)
        if left.hub != right.hub or not left.hub:
            if source != target:
                raise NotConvertible(f"a {source} cannot be had as {target}: they share no internal version")
            self._canonicalize(left.type, obj)
        else:
            self._converter.convert(left.type, left.hub, obj, self.scope)
            self._canonicalize(left.hub, obj)
            self._converter.convert(right.hub, right.type, obj, self.scope)
        obj["kind"], obj["apiVersion"] = target.kind, target.api_version

    def there_and_back(self, gvk: GroupVersionKind, obj: Obj) -> None:
        """Have an object in its hub and in its own version again, in place, and nothing else done to it."""
        kind = self.kind(gvk)
        if kind.hub:
            self._converter.convert(kind.type, kind.hub, obj, self.scope)
            self._converter.convert(kind.hub, kind.type, obj, self.scope)

    def read_by(self, server: RunningServer, gvk: GroupVersionKind, obj: Obj) -> None:
        """Fill in what a running server fills in when it reads an object, in place: how its API then serves it."""
        kind = self.kind(gvk)
        self._updater.read(kind.hub or kind.type, obj, self.scope, server)

    def update_by(self, server: RunningServer, stored: GroupVersionKind, target: GroupVersionKind, obj: Obj) -> None:
        """
        Make of a converted object what a running server would write at its next update that changes nothing, in place.

        Args:
            server: how it was started.
            stored: the version in which the object was stored.
            target: the version that it has been converted to.
            obj: the object.
        """
        kind = self.kind(target)

        def default(obj: Obj) -> None:
            self.default(target, obj)
            self.convert(target, target, obj)

        self._updater.update(
            target, kind.hub or kind.type, obj, self.scope, server, default if stored != target else None
        )

    def counts(self, gvk: GroupVersionKind, before: Obj, after: Obj) -> bool:
        """Whether a server counts what differs between two objects of a kind as a change, which raises generation."""
        kind = self.kind(gvk)
        members = counted_members(kind.hub or kind.type, self.release)
        if not members or before == after:
            return False
        left, right = (without_none(self.typed.present(kind.type, one)) for one in (before, after))
        return any(left.get(name) != right.get(name) for name in members)

    def has_both(self, source: GroupVersionKind, target: GroupVersionKind) -> bool:
        """Whether the release itself has both versions: then its rules are the law, even in what they drop."""
        return self.catalog.holds(source) and self.catalog.holds(target)

    def losses(self, source: GroupVersionKind, target: GroupVersionKind, before: Obj, after: Obj) -> list[str]:
        """
        The paths of what a conversion lost.

        Args:
            source: the version before.
            target: the version after.
            before: the object before it was defaulted and converted.
            after: the object after that; it is not changed.
        """
        back = deepcopy(after)
        self.convert(target, source, back)
        type_name = self.kind(source).type
        return list(lost_members(self.typed.present(type_name, before), self.typed.present(type_name, back)))

    def _canonicalize(self, hub: str, obj: Obj) -> None:
        rule = self._registry.canonical.get(hub)
        if rule is not None:
            rule(obj, self.scope)

    def validate(self, gvk: GroupVersionKind, obj: Obj) -> list[str]:
        """
        What an extension's own validation says of a stored object; nothing of a kind that has none.

        Args:
            gvk: as it is stored.
            obj: the object, nothing defaulted; it is not changed.

        Returns:
            Each fault as `path: message`.

        Raises:
            NotConvertible: a rule failed on the object.
        """
        kind = self.kind(gvk)
        rules = self._registry.validations.get(kind.hub or kind.type, [])
        if not rules:
            return []
        hub = self.typed.read(kind.type, deepcopy(obj))
        self.default(gvk, hub)
        if kind.hub:
            self._converter.convert(kind.type, kind.hub, hub, self.scope)
        return [fault for rule in rules for fault in rule(hub, self.scope)]

    @cached_property
    def versions(self) -> frozenset[GroupVersion]:
        """The versions that have a kind at all."""
        return frozenset(GroupVersion(kind.group, kind.version) for kind in self.catalog.kinds)

    def require_version(self, wanted: GroupVersion, custom_groups: Collection[str] = ()) -> None:
        """
        Refuse a version that nothing can be had in.

        Args:
            wanted: the version that was asked for.
            custom_groups: the groups whose versions CRDs define.

        Raises:
            UsageError: no kind has it; the versions that the group has are named.
        """
        if wanted in self.versions or wanted.group in custom_groups:
            return
        group = wanted.group or wanted.version  # a group alone reads as a version of the core group
        others = [one for one in self.versions if one.group == group] or [
            one for one in self.versions if one.group == wanted.group
        ]
        hint = (
            f"known versions are {', '.join(sorted(map(str, others)))}"
            if others
            else "`store.resources()` lists all groups"
        )
        raise UsageError(f"no kind is known in {wanted}", hint=hint)

    def kind_in(self, gvk: GroupVersionKind, to: GroupVersion) -> GroupVersionKind:
        """
        The same kind in another version.

        Raises:
            NotConvertible: that version has no such kind, or one of another hub.
        """
        target = GroupVersionKind(to.group, to.version, gvk.kind)
        if not self.catalog.has_kind(target):
            raise NotConvertible(
                f"{to} has no kind {gvk.kind}",
                hint=f"a {gvk.kind} can be had in {', '.join(str(other.group_version) for other in self.targets(gvk))}",
            )
        return target

    def targets(self, gvk: GroupVersionKind) -> list[GroupVersionKind]:
        """The versions, other groups' included, in which a kind can be stored: those of the same hub."""
        try:
            own = self.kind(gvk)
        except UnknownKind:
            return []
        found = [
            GroupVersionKind(kind.group, kind.version, kind.kind)
            for kind in self.catalog.kinds
            if kind.kind == gvk.kind and kind.hub and kind.hub == own.hub
        ]
        return found or [gvk]
