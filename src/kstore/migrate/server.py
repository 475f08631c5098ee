"""
The server that a migrated store is for: what its flags decide about stored objects is told, found, or assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kstore.codec import StoredObject
from kstore.errors import KstoreError
from kstore.naming import GroupVersionKind
from kstore.object_codec import ObjectCodec
from kstore.scheme.groups.core.storage import family_of, needs_first_family
from kstore.scheme.registry import RunningServer
from kstore.store import Store

_SERVICE = GroupVersionKind("", "v1", "Service")
_FIRST_RANGE = ("services/specs/default/kubernetes", "servicecidrs/kubernetes")
"""
What says which family is the first: the apiserver's own Service has an address of it, and its own ServiceCIDR, of 1.31
and newer, names the ranges in their order.
"""


@dataclass(frozen=True, slots=True)
class AssumedServer:
    """A server's flags, and which of them nobody has named."""

    running: RunningServer = field(default_factory=RunningServer)
    family_assumed: bool = False
    """Whether the family of Services is neither asked for nor told by the store."""

    def assumption(self, codec: ObjectCodec, read: StoredObject) -> str:
        """What a change of an object rests on that was only assumed; empty where nothing was."""
        if not self.family_assumed or read.gvk != _SERVICE:
            return ""
        spec = codec.decode(read.plain).object.get("spec") or {}
        if not needs_first_family(spec):
            return ""
        return f"service-family={self.running.service_family}"


def server_of(store: Store, service_family: str = "") -> AssumedServer:
    """
    The server that a store belongs to.

    Args:
        store: where its own Service and ServiceCIDR are.
        service_family: the first family of its `--service-cluster-ip-range`, where it is known.
    """
    if service_family:
        return AssumedServer(RunningServer(service_family))
    found = next(_families(store), None)
    return AssumedServer(RunningServer(found)) if found else AssumedServer(family_assumed=True)


def _families(store: Store) -> Iterator[str]:
    for place in _FIRST_RANGE:
        try:
            read = store.get(f"{store.prefix}/{place}".encode())
        except KstoreError:
            continue
        if isinstance(read, StoredObject):
            yield from map(family_of, _addresses(read.object.get("spec") or {}))


def _addresses(spec: Mapping[str, Any]) -> Iterator[str]:
    """The first address of a Service, or the first range of a ServiceCIDR."""
    for address in (spec.get("clusterIP"), *(spec.get("cidrs") or ())[:1]):
        if address and address != "None":
            yield address
