"""
Checks of what a running server's next update does to an object, even one that asks for nothing, and a migration cannot.

What a migration does in its place stands in `scheme/groups/<group>/storage.py`; these it leaves: what is chosen at
random, what an admission plugin adds that a cluster may have switched off, and deletion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kstore.codec import Undecodable
from kstore.inspect.checks.advice import kstore
from kstore.inspect.checks.interface import Found
from kstore.inspect.survey import Seen, Survey, metadata_of
from kstore.naming import GroupVersionKind
from kstore.scheme.running_server import is_removed_by_update

_SERVICE = GroupVersionKind("", "v1", "Service")
_POD = GroupVersionKind("", "v1", "Pod")
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def removed_by_update(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects that are being deleted, whose time is up, and that no finalizer holds: any update removes them."""
    if isinstance(seen.read, Undecodable) or not is_removed_by_update(seen.read.gvk.kind, seen.read.object):
        return
    since = metadata_of(seen.read)["deletionTimestamp"]
    yield Found(seen.directory.label, seen.key, f"since {since}", (kstore("get", seen.key, "-o", "yaml"),), _COPY)


_COPY = "the next update removes it, and so does `kubectl delete`; keep a copy if it is still needed"


def unallocated(seen: Seen, survey: Survey) -> Iterator[Found]:
    """
    Services with a port that needs a port of the nodes and has none.

    `pkg/registry/core/service/storage/alloc.go`, updateNodePorts and shouldAllocateNodePorts.
    """
    if isinstance(seen.read, Undecodable) or seen.read.gvk != _SERVICE:
        return
    spec = seen.read.object.get("spec") or {}
    if not _needs_node_ports(spec):
        return
    lacking = [
        str(port.get("name") or port.get("port")) for port in spec.get("ports") or () if not port.get("nodePort")
    ]
    if lacking:
        detail = f"no nodePort: {', '.join(lacking)}"
        yield Found(
            f"Services of type {spec['type']}", seen.key, detail, (kstore("get", seen.key, "-o", "yaml"),), _ANY
        )


_ANY = "the server chooses one at the next update; if you need a certain one, set it first (`kubectl edit`)"


def _needs_node_ports(spec: dict[str, Any]) -> bool:
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return spec.get("type") == "NodePort"


def untolerating(seen: Seen, survey: Survey) -> Iterator[Found]:
    """
    Pods without the tolerations that the admission plugin DefaultTolerationSeconds adds.

    `plugin/pkg/admission/defaulttolerationseconds/admission.go`, Admit.
    """
    if isinstance(seen.read, Undecodable) or seen.read.gvk != _POD:
        return
    spec = seen.read.object.get("spec") or {}
    tolerations = spec.get("tolerations") or ()
    lacking = [taint for taint in _TAINTS if not any(_tolerates(one, taint) for one in tolerations)]
    if spec.get("containers") and lacking:
        show = kstore("get", seen.key, "-o", "yaml")
        yield Found(seen.directory.label, seen.key, f"no toleration of {' and '.join(lacking)}", (show,), _ADDED)


_ADDED = "the server adds them at the pod's next update, unless its admission plugin DefaultTolerationSeconds is off"


def _tolerates(toleration: dict[str, Any], taint: str) -> bool:
    """Whether a toleration is of a taint's key and of NoExecute, or of all keys or effects."""
    return (toleration.get("key") or taint) == taint and (toleration.get("effect") or "NoExecute") == "NoExecute"
