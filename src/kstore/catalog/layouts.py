"""
How keys are built below a store's prefix: a table of the servers that build them differently.

Facts only: which resources there are, and where their objects are found, others know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kstore.catalog.resources import ResourceInfo

_IDENTITY = re.compile(r"[0-9a-f]{64}\Z")
"""The hash of an APIExport's identity."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What one kind of server puts into its keys."""

    name: str
    keys: str
    """How a key goes on behind the prefix, in words."""
    mark: str = ""
    """The directory below the prefix that no other layout has."""
    clusters: bool = False
    """Whether a logical cluster stands in the key, before namespace and name."""

    def directory(self, resource: ResourceInfo) -> str:
        """Where the objects of a built-in resource are, below the prefix."""
        return f"{resource.group or self.mark}/{resource.resource}" if self.clusters else resource.key_prefix

    def take_cluster(self, rest: list[str], *, custom: bool) -> str:
        """
        The logical cluster of a key, taken off what follows its resource; empty where there is none.

        Args:
            rest: the path elements behind the resource; those that are taken are removed.
            custom: the resource is no built-in one, so that `customresources` or an identity stands before the cluster.
        """
        if not self.clusters or not rest:
            return ""
        if custom or rest[0] == _SEGMENT or _IDENTITY.match(rest[0]):
            rest.pop(0)
        return rest.pop(0) if rest else ""


_SEGMENT = "customresources"
APISERVER: Final = Layout("apiserver", "RESOURCE/[NAMESPACE/]NAME; of a custom resource GROUP/RESOURCE/…")
OPENSHIFT: Final = Layout("openshift", "as an apiserver's, below two prefixes: /kubernetes.io and /openshift.io")
EXTENSION: Final = Layout("extension server", "as an apiserver's, below a prefix of its own: the name of its group")
KCP: Final = Layout(
    "kcp",
    "GROUP/RESOURCE/[customresources or IDENTITY/]CLUSTER/[NAMESPACE/]NAME; the core group is `core`",
    mark="core",
    clusters=True,
)
"""`pkg/etcd/keys.go` and `docs/content/developers/internals/etcd-structure.md` of kcp-dev/kcp."""
LAYOUTS: Final = (APISERVER, OPENSHIFT, EXTENSION, KCP)
