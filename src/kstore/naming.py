"""
Groups, versions, kinds and resources, and how people write them: `apps/v1`, `deployments.apps`, `v1`.

Knows the notations only; which of them exist is the catalog's business.
"""

from __future__ import annotations

from typing import NamedTuple

from kstore.errors import UsageError


class GroupVersion(NamedTuple):
    """An API group and version; the core group is the empty string."""

    group: str
    version: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class GroupKind(NamedTuple):
    """A kind within its group, in no particular version."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


class GroupResource(NamedTuple):
    """A resource (the plural of the path) within its group."""

    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


class GroupVersionKind(NamedTuple):
    """What an object's `apiVersion` and `kind` say together."""

    group: str
    version: str
    kind: str

    @property
    def group_version(self) -> GroupVersion:
        """The group and version without the kind."""
        return GroupVersion(self.group, self.version)

    @property
    def group_kind(self) -> GroupKind:
        """The group and kind without the version."""
        return GroupKind(self.group, self.kind)

    @property
    def api_version(self) -> str:
        """The value of the object's `apiVersion`."""
        return str(self.group_version)

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


def parse_group_version(text: str) -> GroupVersion:
    """
    Read `apps/v1` or `v1`, as `schema.ParseGroupVersion` does.

    Raises:
        UsageError: there is more than one slash, or nothing at all.
    """
    parts = text.split("/")
    if len(parts) == 1 and parts[0]:
        return GroupVersion("", parts[0])
    if len(parts) == 2 and all(parts):
        return GroupVersion(parts[0], parts[1])
    raise UsageError(f"{text!r} is not a group and version", hint="write apps/v1, or v1 for the core group")


def gvk(api_version: str, kind: str) -> GroupVersionKind:
    """The `GroupVersionKind` of an object's `apiVersion` and `kind`, however odd they are."""
    group, _, version = api_version.rpartition("/")
    return GroupVersionKind(group, version, kind)
