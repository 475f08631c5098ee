"""
The built-in resources: their names, where in etcd they are stored, and in which version each release stores them.

Reads the tables; finding a resource by what a person typed is `mapper.py`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kstore.catalog.emulation import emulated_version, is_overridden
from kstore.catalog.releases import Release, in_range, minor_of
from kstore.catalog.tables import read_table
from kstore.naming import GroupKind, GroupVersion, parse_group_version


@dataclass(frozen=True, slots=True)
class ResourceInfo:
    """A resource that an apiserver stores, or once stored, with what each release does with it."""

    group: str
    resource: str
    """The plural: `deployments`."""
    kind: str
    singular: str
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    namespaced: bool
    subresources: tuple[str, ...]
    """Those of `status` and `scale` that it has."""
    key_prefix: str
    """Where its objects are stored below the store's prefix: `services/specs`."""
    versions: tuple[str, ...]
    """Every version that any release has of it, the preferred one first."""
    storage: dict[str, str] = field(hash=False)
    """Range of releases (`1.17-1.26`) -> the `group/version` stored by then; another group's where two share a key."""

    @property
    def definition(self) -> dict[str, Any] | None:
        """The CRD of a custom resource: a built-in one has none."""
        return None

    def storage_version(self, release: Release) -> GroupVersion | None:
        """
        The version in which a release stores the resource, as its servers are started; None where the release does not
        have it.
        """
        if release.is_emulating and self.group not in JSON_ONLY_GROUPS and self.kind:
            emulated = self._emulated_version(release)
            if emulated is not None:
                return emulated
        for releases, version in self.storage.items():
            if in_range(releases, release.minor):
                return parse_group_version(version)
        return None

    def _emulated_version(self, release: Release) -> GroupVersion | None:
        """The version that emulation decides for; None where it does not."""
        own = [parse_group_version(version) for version in self.storage.values()]
        if is_overridden(self.group, self.resource, release.minor) or own[-1].group != self.group:
            return None
        version = emulated_version(
            self.group,
            self.kind,
            self.versions,
            minor=release.minor,
            emulated=release.emulated_minor,
            compatible=release.compatible_minor,
        )
        return GroupVersion(self.group, version) if version else None

    @property
    def first_release(self) -> str:
        """The first known release that stores it; empty where it is older than all that are known."""
        return next(iter(self.storage), "").split(",")[0].partition("-")[0]

    @property
    def last_release(self) -> str:
        """The last release that stores it; empty while the newest does."""
        last = next(reversed(self.storage), "").split(",")[-1]
        _, dash, end = last.partition("-")
        return end if dash else last


@lru_cache(maxsize=1)
def all_resources() -> tuple[ResourceInfo, ...]:
    """Every resource of every release: the core group first, `extensions` last, as discovery prefers them."""
    rows = read_table("resources.json")
    return tuple(sorted((read_resource(row) for row in rows), key=_preference))


def resources_of(release: Release) -> tuple[ResourceInfo, ...]:
    """
    All resources, those that the release stores before those that only others do.

    Resources that are gone, or newer, stay: a store may hold what its server no longer knows.
    """
    return tuple(sorted(all_resources(), key=lambda one: one.storage_version(release) is None))


def storage_version(kind: GroupKind, release: Release) -> GroupVersion | None:
    """The version in which a release stores a kind; None where it does not store it at all."""
    resource = _by_kind().get(kind)
    return resource.storage_version(release) if resource else None


def resource_of(kind: GroupKind) -> str:
    """The plural of a kind; empty for one that is not stored."""
    found = _by_kind().get(kind)
    return found.resource if found else ""


JSON_ONLY_GROUPS = frozenset({"apiextensions.k8s.io", "apiregistration.k8s.io"})
"""
Groups whose servers write JSON whatever `--storage-media-type` says: their storage codec is the legacy codec
(`pkg/controlplane/apiserver/apiextensions.go` and `aggregator.go`).
"""


def storage_media_type(group: str, media_type: str = "protobuf") -> str:
    """
    The encoding in which a kube-apiserver stores a built-in group.

    Args:
        group: the API group.
        media_type: what its `--storage-media-type` says, `protobuf` or `json`.
    """
    return "json" if group in JSON_ONLY_GROUPS else media_type


FIRST_CBOR = 32
"""The minor release from which servers read custom resources that are stored as CBOR, its gate on or off."""


def custom_media_type(stored: str, release: Release, wanted: str = "") -> str:
    """
    The encoding in which a custom resource is rewritten: as it is stored, where the release's servers can read that.

    Servers of 1.32 and newer read CBOR whether or not the gate `CBORServingAndStorage` has them write it
    (`apiextensions-apiserver/pkg/cmd/server/options/options.go`).

    Args:
        stored: `json` or `cbor`.
        release: the target; `gates` may say that the gate is off.
        wanted: `json` where that is asked for.
    """
    writes_cbor = release.minor >= FIRST_CBOR and release.gates.get("CBORServingAndStorage", True)
    return stored if stored == "cbor" and wanted != "json" and writes_cbor else "json"


@lru_cache(maxsize=1)
def _by_kind() -> dict[GroupKind, ResourceInfo]:
    """Kind -> the first resource of that kind (Endpoints are kept as master leases too, in the same version)."""
    found: dict[GroupKind, ResourceInfo] = {}
    for resource in all_resources():
        found.setdefault(GroupKind(resource.group, resource.kind), resource)
    return found


def _preference(resource: ResourceInfo) -> tuple[bool, str]:
    return resource.group == "extensions", resource.group


def read_resource(row: dict[str, Any]) -> ResourceInfo:
    """The resource that a row of the tables describes."""
    lists = ("short_names", "categories", "subresources", "versions")
    values: dict[str, Any] = {name: tuple(value) if name in lists else value for name, value in row.items()}
    values["storage"] = dict(sorted(row["storage"].items(), key=lambda item: _first_minor(item[0])))
    return ResourceInfo(**values)


def _first_minor(releases: str) -> int:
    first = releases.split(",")[0].partition("-")[0]
    return minor_of(first) if first else 0
