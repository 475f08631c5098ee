"""
From a name that a person writes, or from a key, to the resource: what client-go calls a RESTMapper.

Knows kubectl's grammar of resource names and how keys are built of prefix, namespace and name. Which resources there
are it is told: the catalog's, and those of the store's CRDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from kstore.catalog.layouts import APISERVER, Layout
from kstore.errors import UnknownResource
from kstore.naming import GroupKind
from kstore.similar import did_you_mean


class NamedResource(Protocol):
    """What the mapper must know of a resource."""

    @property
    def group(self) -> str:
        """Its API group; empty for the core group."""
        ...

    @property
    def resource(self) -> str:
        """Its name in paths: plural, in lower case."""
        ...

    @property
    def kind(self) -> str:
        """The kind of its objects; empty where it is not known."""
        ...

    @property
    def singular(self) -> str:
        """Its name for one object."""
        ...

    @property
    def short_names(self) -> Sequence[str]:
        """What else it is called, as in kubectl: `po`, `deploy`."""
        ...

    @property
    def categories(self) -> Sequence[str]:
        """What groups of resources it belongs to: `all`."""
        ...

    @property
    def namespaced(self) -> bool:
        """Whether its objects are in namespaces."""
        ...

    @property
    def key_prefix(self) -> str:
        """Where its keys begin, below the prefix of the store."""
        ...

    @property
    def versions(self) -> Sequence[str]:
        """The versions that it is served in."""
        ...

    @property
    def definition(self) -> dict[str, Any] | None:
        """Its CRD; None where it is built in, or only keys tell of it."""
        ...


R = TypeVar("R", bound=NamedResource)


@dataclass(frozen=True, slots=True)
class Place(Generic[R]):
    """What a key says: the resource, and where in it."""

    resource: R
    namespace: str
    """Empty for a cluster-wide resource, or where the key ends before it."""
    name: str
    """Empty where the key ends before it."""
    cluster: str = ""
    """The logical cluster that it is in; empty where a store has none, as all but kcp's."""


class ResourceMapper(Generic[R]):
    """
    Finds resources by name, kind or key.

    Args:
        resources: in order of preference: a plain name means the first that has it, as kubectl takes the first group
            that discovery lists.
        layout: how keys are built.
    """

    def __init__(self, resources: Iterable[R], layout: Layout = APISERVER) -> None:
        self.resources = tuple(resources)
        self._layout = layout
        self._by_prefix: dict[str, R] = {}
        self._by_kind: dict[GroupKind, R] = {}
        for resource in self.resources:
            self._by_prefix.setdefault(resource.key_prefix, resource)
            self._by_kind.setdefault(GroupKind(resource.group, resource.kind), resource)

    def find(self, text: str) -> list[R]:
        """
        The resources that a name stands for, each place in the store once.

        Args:
            text: plural, singular, short name or kind, with or without its group (`deploy.apps`, a part from the
                group's beginning is enough) or version and group (`deployments.v1.apps`); a category (`all`);
                several joined by commas.

        Raises:
            UnknownResource: nothing answers to one of the names.
        """
        found: dict[str, R] = {}
        for name in text.split(","):
            for resource in self._find_one(name.strip()):
                found.setdefault(resource.key_prefix, resource)
        return list(found.values())

    def _find_one(self, name: str) -> list[R]:
        wanted, _, rest = name.lower().partition(".")
        for group in _groups(rest):
            matches = self._named(wanted, group, rest)
            if matches:
                return matches
        in_category = [] if rest else [one for one in self.resources if wanted in one.categories]
        if in_category:
            return in_category
        raise UnknownResource(
            f"there is no resource {name!r}: it is not built in, and no CRD defines it", hint=self._hint(wanted)
        )

    def _named(self, wanted: str, group: str, rest: str) -> list[R]:
        """The resource of that name: the plural or singular before a short name, a whole group before its beginning."""
        version = rest.partition(".")[0] if rest != group else ""
        named = [one for one in self.resources if wanted in (one.resource, one.singular, one.kind.lower())]
        for candidates in (named, [one for one in self.resources if wanted in one.short_names]):
            served = [one for one in candidates if not version or version in one.versions]
            for fitting in (
                [one for one in served if not rest or one.group == group],
                [one for one in served if one.group.startswith(group)],
            ):
                if fitting:
                    return fitting[:1]
        return []

    def _hint(self, wanted: str) -> str:
        """What was probably meant."""
        names = {name for one in self.resources for name in (one.resource, one.singular, *one.short_names)}
        return did_you_mean(wanted, names, likeness=0.7)

    def of_kind(self, kind: GroupKind) -> R | None:
        """The resource of a kind."""
        return self._by_kind.get(kind)

    def place(self, path: str) -> Place[R] | None:
        """
        What a key means.

        Args:
            path: the key below the store's prefix, without a slash at its beginning: `services/specs/default/web`.

        Returns:
            None where no known resource keeps its objects there.
        """
        parts = path.rstrip("/").split("/")
        for length in range(min(len(parts), 3), 0, -1):
            resource = self._by_prefix.get("/".join(parts[:length]))
            if resource is not None:
                rest = parts[length:]
                custom = resource.definition is not None or not resource.kind
                cluster = self._layout.take_cluster(rest, custom=custom)
                namespace = rest.pop(0) if resource.namespaced and rest else ""
                return Place(resource, namespace, "/".join(rest), cluster)
        return None


def _groups(rest: str) -> list[str]:
    """The groups that what follows the name may mean: `v1.apps` first as version and group (ParseResourceArg)."""
    _, dot, group = rest.partition(".")
    return [group, rest] if dot else [rest]
