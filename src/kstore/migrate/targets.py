"""
What a migration aims at: in which version, and in which encoding, an object is to be stored.

Knows versions and releases; what an object becomes there is `plan.py`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from kstore.customresource.definition import CustomDefinition
from kstore.errors import NotConvertible
from kstore.naming import GroupVersion, GroupVersionKind
from kstore.scheme.scheme import Scheme


class Targets(Protocol):
    """Says where objects go."""

    def built_in(self, stored: GroupVersionKind) -> GroupVersion | None:
        """The version for an object of a built-in kind; None if the migration does not concern it."""
        ...

    def custom(self, stored: GroupVersionKind, definition: CustomDefinition) -> GroupVersion | None:
        """The version for a custom resource; None if the migration does not concern it."""
        ...


@dataclass(frozen=True)
class VersionTargets:
    """
    `--to apps/v1`: everything that can be stored in one of these versions.

    Args:
        scheme: what decides whether a kind can be had there: a Deployment of extensions/v1beta1 in apps/v1.
        versions: the first one that fits is taken.

    Raises:
        UsageError: the scheme has none of the groups' kinds in a version, and no custom resource can have it.
    """

    scheme: Scheme
    versions: Sequence[GroupVersion]
    custom_groups: frozenset[str] = frozenset()
    """The groups that CRDs of the store define."""

    def __post_init__(self) -> None:
        for wanted in self.versions:
            self.scheme.require_version(wanted, self.custom_groups)

    def built_in(self, stored: GroupVersionKind) -> GroupVersion | None:
        """
        The first of the versions that has the kind, under whichever group it is the same one.

        Else the first of the kind's own group: it cannot be had there (an EndpointSlice of discovery.k8s.io/v1alpha1,
        which no release converts), which is to be said of each object, and not passed over.
        """
        hub, of_group = self.scheme.kind(stored).hub, None
        for wanted in self.versions:
            target = GroupVersionKind(wanted.group, wanted.version, stored.kind)
            if self.scheme.catalog.has_kind(target):
                if self.scheme.kind(target).hub == hub:
                    return wanted
                if wanted.group == stored.group:
                    of_group = of_group or wanted
        return of_group

    def custom(self, stored: GroupVersionKind, definition: CustomDefinition) -> GroupVersion | None:
        """The first of the versions that the CRD has."""
        for wanted in self.versions:
            if wanted.group == definition.kind.group and wanted.version in definition.versions:
                return wanted
        return None


@dataclass(frozen=True)
class ReleaseTargets:
    """`--to-release 1.34`: each resource in the version that this release's apiserver stores it in, up or down."""

    scheme: Scheme

    def built_in(self, stored: GroupVersionKind) -> GroupVersion | None:
        """
        The storage version.

        Raises:
            NotConvertible: the release does not store the kind at all.
        """
        target = self.scheme.stored_as(stored)
        if target is None:
            raise NotConvertible(
                f"release {self.scheme.release} does not store {stored.kind} of {stored.group or 'core'}"
            )
        return target

    def custom(self, stored: GroupVersionKind, definition: CustomDefinition) -> GroupVersion | None:
        """The storage version that the CRD names."""
        return GroupVersion(definition.kind.group, definition.storage_version)


@dataclass(frozen=True)
class OnlyStoredIn:
    """`--only-stored-version GLOB`: other targets, for objects that are stored in such a version."""

    targets: Targets
    pattern: str

    def built_in(self, stored: GroupVersionKind) -> GroupVersion | None:
        """What the other targets say, where the version matches."""
        return self.targets.built_in(stored) if fnmatchcase(stored.api_version, self.pattern) else None

    def custom(self, stored: GroupVersionKind, definition: CustomDefinition) -> GroupVersion | None:
        """What the other targets say, where the version matches."""
        return self.targets.custom(stored, definition) if fnmatchcase(stored.api_version, self.pattern) else None
