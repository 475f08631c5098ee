"""
What a running server does to stored objects beyond its scheme: when it reads them, and when it updates them unchanged.

A server reads an object from etcd, applies an update, has its registry's storage and strategy fill in what older ones
left out, and writes the object back if its bytes differ. `Updater` does so for an update that asks for nothing: an
empty merge patch, as the in-tree storage version migrator sends it. The rules of single kinds stand in
`groups/<group>/storage.py`; what holds for every object (`metadata`, `generation`, defaults of the new version) is here
and in `managed_fields.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kstore.catalog.loader import Catalog
from kstore.naming import GroupVersionKind
from kstore.naming import gvk as kind_in
from kstore.scheme.field_ownership import FieldOwnership
from kstore.scheme.groups.generations import counted_members
from kstore.scheme.managed_fields import settled_entries
from kstore.scheme.registry import Obj, Registry, RunningServer, Scope

Serves = Callable[[str], bool]
"""Whether a server has the kind of the object at hand in a version, given as `group/version`."""


KEEPS_WHAT_FAILS: Final = 37
"""
The first release in which managedFields stay as they were where a server cannot say who owns what; those before drop
all of them (`apimachinery/pkg/util/managedfields/internal/fieldmanager.go`, UpdateNoErrors).
"""


class Updater:
    """
    Reads and updates of one release's servers, on objects in a version of their kind.

    Args:
        catalog: the release's types.
        registry: its rules.
    """

    def __init__(self, catalog: Catalog, registry: Registry) -> None:
        self._catalog = catalog
        self._registry = registry
        self._ownership = FieldOwnership(catalog)

    def read(self, hub: str, obj: Obj, scope: Scope, server: RunningServer) -> None:
        """
        Fill in what a server fills in before it answers with an object (a registry store's `Decorator`), in place; what
        an update finds in the store is not filled in so.
        """
        for rule in self._registry.reads.get(hub, ()):
            rule(obj, scope, server)

    def update(
        self,
        gvk: GroupVersionKind,
        hub: str,
        obj: Obj,
        scope: Scope,
        server: RunningServer,
        default: Callable[[Obj], None] | None,
    ) -> None:
        """
        Make of an object what a server writes at an update that changes nothing, in place.

        Args:
            gvk: the version that it is stored in from now on.
            hub: the hub type of the kind.
            obj: decoded, defaulted and converted; `kind` and `apiVersion` say what it is.
            scope: what rules may ask for.
            server: how the server was started.
            default: sets the defaults of the version, for an object that was stored in another: what is stored is read
                in the new version from now on, and has the new version's defaults then. None for one that was not.
        """
        counted = counted_members(hub, scope.release)
        before = [copied(obj.get(name)) for name in counted] if default is not None else []
        if default is not None:
            default(obj)
        raised = False
        for rule in self._registry.updates.get(hub, ()):
            raised |= rule(obj, scope, server)
        if default is not None:
            raised |= before != [obj.get(name) for name in counted]
        if counted and raised:
            _raise_generation(obj)
        metadata = obj.get("metadata")
        if metadata:
            self._settle(gvk, obj, metadata, scope)

    def _settle(self, gvk: GroupVersionKind, obj: Obj, metadata: Obj, scope: Scope) -> None:
        """Bring an object's metadata into the form in which updates leave it."""
        held = metadata.get("managedFields") or []
        served = [version for one in held if self._serves(gvk, version := str(one.get("apiVersion")))]
        keeps = scope.release.rules_minor >= KEEPS_WHAT_FAILS
        if held and not keeps and not self._ownership.can_be_told(gvk, obj, served):
            del metadata["managedFields"]
        settle_metadata(
            metadata,
            lambda version: self._serves(gvk, version),
            lambda version, fields: self._ownership.reconciled(kind_in(version, gvk.kind), fields),
        )
        # an owner that was named twice is named once by the first update, and so does not hinder the second
        if held and keeps and not self._ownership.can_be_told(gvk, obj, served):
            metadata["managedFields"] = held

    def _serves(self, gvk: GroupVersionKind, api_version: str) -> bool:
        """
        Whether the server that an object is updated through knows its kind in a version.

        The core group and the named groups are installed apart, with types of their own: neither takes entries that
        speak of the other's. Events alone are updated through both; their entries stay, as for the group that they
        speak of.
        """
        named = kind_in(api_version, gvk.kind)
        other_server = bool(named.group) != bool(gvk.group)
        return self._catalog.serves(named) and (not other_server or gvk.kind == "Event")


def is_removed_by_update(kind: str, obj: Obj) -> bool:
    """
    Whether any update of an object removes it, also one that asks for nothing: it is being deleted, its time is up, and
    no finalizer holds it.

    `apiserver/pkg/registry/generic/registry/store.go`, ShouldDeleteDuringUpdate;
    `pkg/registry/core/namespace/storage/storage.go`, ShouldDeleteNamespaceDuringUpdate.
    """
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        return False
    if kind == "Namespace" and (obj.get("spec") or {}).get("finalizers"):
        return False
    return bool(
        metadata.get("deletionTimestamp")
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
    )


def settle_metadata(
    metadata: Obj, serves: Serves, reconciled: Callable[[str, Any], Any] = lambda _, fields: fields
) -> None:
    """
    Bring metadata into the form in which a server writes it, in place.

    `selfLink` and `resourceVersion` are never stored (`apiserver/pkg/storage/api_object_versioner.go`,
    PrepareObjectForStorage), an owner is named once (`endpoints/handlers/rest.go`, dedupOwnerReferences), and
    managedFields have one order, no entries of versions that are gone, and sets of fields by the server's schemas.
    """
    if "selfLink" in metadata:
        del metadata["selfLink"]
    if "resourceVersion" in metadata:
        del metadata["resourceVersion"]
    owners = metadata.get("ownerReferences")
    if owners and len(owners) > 1:
        metadata["ownerReferences"] = _each_once(owners)
    entries = metadata.get("managedFields")
    if entries is not None:
        settled = settled_entries(entries, serves, reconciled)
        if settled:
            metadata["managedFields"] = settled
        else:
            del metadata["managedFields"]


def _each_once(owners: list[Obj]) -> list[Obj]:
    """References without those that are equal to an earlier one."""
    found: list[Obj] = []
    for owner in owners:
        if owner not in found:
            found.append(owner)
    return found


def _raise_generation(obj: Obj) -> None:
    raise_generation(obj.setdefault("metadata", {}))


def raise_generation(metadata: Obj) -> None:
    """Count one more change, in place; a server refuses what is beyond the last number that it can count to."""
    metadata["generation"] = min((metadata.get("generation") or 0) + 1, _LAST_GENERATION)


_LAST_GENERATION = (1 << 63) - 1


def copied(value: Any) -> Any:
    """A deep copy of plain dicts and lists; what they hold beside these is never changed in place, and shared."""
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value
