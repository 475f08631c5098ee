"""
The cells of the core group, pods apart (`pods.py`), and of the Events of `events.k8s.io`.

Ports the printers of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from kstore.scalars.selectors import format_labels
from kstore.view.columns.ages import UNKNOWN, instant, since
from kstore.view.columns.reading import (
    NONE,
    UNSET,
    Object,
    annotation,
    container_cells,
    created,
    deleted,
    items,
    name_of,
    number,
    optional,
    part,
    quantity,
    text,
    trim,
)

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"
_BETA_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"
_ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def replication_controller_cells(obj: Object, now: int) -> list[Any]:
    """`printReplicationController`."""
    spec, status = part(obj, "spec"), part(obj, "status")
    return [
        name_of(obj),
        number(spec, "replicas"),
        number(status, "replicas"),
        number(status, "readyReplicas"),
        since(created(obj), now),
        *container_cells(part(spec, "template", "spec")),
        format_labels(spec.get("selector")),
    ]


def load_balancer_address(status: Object) -> str:
    """The addresses of a load balancer, sorted (`loadBalancerStatusStringer`, not clipped)."""
    found = {text(point, "ip") or text(point, "hostname") for point in items(status, "loadBalancer", "ingress")}
    return ",".join(sorted(found - {""}))


def _external_ip(obj: Object) -> str:
    """`getServiceExternalIP`."""
    spec = part(obj, "spec")
    addresses = items(spec, "externalIPs")
    match text(spec, "type"):
        case "ClusterIP" | "NodePort":
            return ",".join(addresses) if addresses else NONE
        case "LoadBalancer":
            balancer = load_balancer_address(part(obj, "status"))
            if addresses:
                return ",".join([balancer, *addresses] if balancer else addresses)
            return balancer or "<pending>"
        case "ExternalName":
            return text(spec, "externalName")
    return UNKNOWN


def _port(port: Object) -> str:
    node_port = number(port, "nodePort")
    numbers = f"{number(port, 'port')}:{node_port}" if node_port > 0 else str(number(port, "port"))
    return f"{numbers}/{text(port, 'protocol')}"


def service_cells(obj: Object, now: int) -> list[Any]:
    """`printService`."""
    spec = part(obj, "spec")
    addresses = items(spec, "clusterIPs") or [text(spec, "clusterIP") or NONE]
    return [
        name_of(obj),
        text(spec, "type"),
        addresses[0],
        _external_ip(obj),
        ",".join(map(_port, items(spec, "ports"))) or NONE,
        since(created(obj), now),
        format_labels(spec.get("selector")),
    ]


def _join_host_port(host: str, port: int) -> str:
    """`net.JoinHostPort`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _endpoint_list(obj: Object) -> str:
    """`formatEndpoints`."""
    subsets = items(obj, "subsets")
    if not subsets:
        return NONE
    found: list[str] = []
    for subset in subsets:
        addresses = [text(address, "ip") for address in items(subset, "addresses")]
        ports = items(subset, "ports")
        if ports:
            found += [_join_host_port(address, number(port, "port")) for port in ports for address in addresses]
        else:
            found += addresses
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return ",".join(found[:3]) + more


def endpoints_cells(obj: Object, now: int) -> list[Any]:
    """`printEndpoints`."""
    return [name_of(obj), _endpoint_list(obj), since(created(obj), now)]


def _node_roles(obj: Object) -> str:
    """`findNodeRoles`."""
    roles = set()
    for key, value in part(obj, "metadata", "labels").items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL:
            roles.add(value)
    return ",".join(sorted(roles - {""})) or NONE


def _node_address(obj: Object, kind: str) -> str:
    found = (text(a, "address") for a in items(obj, "status", "addresses") if a.get("type") == kind)
    return next(found, NONE)


def node_cells(obj: Object, now: int) -> list[Any]:
    """`printNode`."""
    ready = [c.get("status") == "True" for c in items(obj, "status", "conditions") if c.get("type") == "Ready"]
    status = ("Ready" if ready[-1] else "NotReady") if ready else "Unknown"
    if part(obj, "spec").get("unschedulable"):
        status += ",SchedulingDisabled"
    info = part(obj, "status", "nodeInfo")
    kernel = text(info, "kernelVersion") or UNKNOWN
    if architecture := text(info, "architecture"):
        kernel += f" ({architecture})"
    return [
        name_of(obj),
        status,
        _node_roles(obj),
        since(created(obj), now),
        text(info, "kubeletVersion"),
        _node_address(obj, "InternalIP"),
        _node_address(obj, "ExternalIP"),
        text(info, "osImage") or UNKNOWN,
        kernel,
        text(info, "containerRuntimeVersion") or UNKNOWN,
    ]


def _either(*values: Any) -> Any:
    """The first value that is not empty, else the last."""
    return next(filter(None, values), values[-1])


def event_cells(obj: Object, now: int) -> list[Any]:
    """
    `printEvent`, for the core Event and that of `events.k8s.io`.

    The two name the same fields differently (`pkg/apis/events/v1/conversion.go`).
    """
    involved = _either(obj.get("involvedObject"), obj.get("regarding"), {})
    source = _either(obj.get("source"), obj.get("deprecatedSource"), {})
    first_time = _either(obj.get("firstTimestamp"), obj.get("deprecatedFirstTimestamp"))
    last_time = _either(obj.get("lastTimestamp"), obj.get("deprecatedLastTimestamp"))
    count = _either(obj.get("count"), obj.get("deprecatedCount"), 0)
    if instant(first_time) is None:
        first_time = obj.get("eventTime")
    if instant(last_time) is None:
        last_time = first_time
    series = obj.get("series")
    if series is not None:
        last_time, count = series.get("lastObservedTime"), number(series, "count")
    kind, name = text(involved, "kind").lower(), text(involved, "name")
    component = _either(text(source, "component"), text(obj, "reportingComponent"), text(obj, "reportingController"))
    host = text(source, "host") or text(obj, "reportingInstance")
    return [
        since(last_time, now),
        text(obj, "type"),
        text(obj, "reason"),
        f"{kind}/{name}" if name else kind,
        text(involved, "fieldPath"),
        f"{component}, {host}" if host else component,
        trim(text(obj, "message") or text(obj, "note")),
        since(first_time, now),
        count if series is not None else count or 1,
        name_of(obj),
    ]


def namespace_cells(obj: Object, now: int) -> list[Any]:
    """`printNamespace`."""
    return [name_of(obj), text(obj, "status", "phase"), since(created(obj), now)]


def secret_cells(obj: Object, now: int) -> list[Any]:
    """`printSecret`."""
    return [name_of(obj), text(obj, "type"), len(part(obj, "data")), since(created(obj), now)]


def config_map_cells(obj: Object, now: int) -> list[Any]:
    """`printConfigMap`."""
    return [name_of(obj), len(part(obj, "data")) + len(part(obj, "binaryData")), since(created(obj), now)]


def service_account_cells(obj: Object, now: int) -> list[Any]:
    """`printServiceAccount`."""
    return [name_of(obj), since(created(obj), now)]


def _access_modes(modes: list[str]) -> str:
    """`helper.GetAccessModesAsString`: always in the same order, each once."""
    return ",".join(short for mode, short in _ACCESS_MODES.items() if mode in modes)


def _storage_class(obj: Object) -> str:
    """The beta annotation before the field (`helper.GetPersistentVolumeClass`)."""
    beta = annotation(obj, _BETA_STORAGE_CLASS)
    return text(obj, "spec", "storageClassName") if beta is None else beta


def _volume_phase(obj: Object) -> str:
    return "Terminating" if deleted(obj) else text(obj, "status", "phase")


def persistent_volume_cells(obj: Object, now: int) -> list[Any]:
    """`printPersistentVolume`."""
    spec = part(obj, "spec")
    claim = spec.get("claimRef")
    return [
        name_of(obj),
        quantity(part(spec, "capacity").get("storage")),
        _access_modes(items(spec, "accessModes")),
        text(spec, "persistentVolumeReclaimPolicy"),
        _volume_phase(obj),
        "" if claim is None else f"{text(claim, 'namespace')}/{text(claim, 'name')}",
        _storage_class(obj),
        optional(spec, UNSET, "volumeAttributesClassName"),
        text(obj, "status", "reason"),
        since(created(obj), now),
        optional(spec, UNSET, "volumeMode"),
    ]


def persistent_volume_claim_cells(obj: Object, now: int) -> list[Any]:
    """`printPersistentVolumeClaim`: what is bound shows the volume's capacity and modes."""
    spec, status = part(obj, "spec"), part(obj, "status")
    volume = text(spec, "volumeName")
    return [
        name_of(obj),
        _volume_phase(obj),
        volume,
        quantity(part(status, "capacity").get("storage")) if volume else "",
        _access_modes(items(status, "accessModes")) if volume else "",
        _storage_class(obj),
        optional(spec, UNSET, "volumeAttributesClassName"),
        since(created(obj), now),
        optional(spec, UNSET, "volumeMode"),
    ]


def component_status_cells(obj: Object, now: int) -> list[Any]:
    """`printComponentStatus`."""
    healthy = next((c for c in items(obj, "conditions") if c.get("type") == "Healthy"), None)
    if healthy is None:
        return [name_of(obj), "Unknown", "", ""]
    status = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
    return [name_of(obj), status, text(healthy, "message"), text(healthy, "error")]


def resource_quota_cells(obj: Object, now: int) -> list[Any]:
    """`printResourceQuota`: `limits.` apart from the rest."""
    hard, used = part(obj, "status", "hard"), part(obj, "status", "used")
    requests: list[str] = []
    limits: list[str] = []
    for resource in sorted(hard):
        target = limits if resource.startswith("limits.") else requests
        target.append(f"{resource}: {quantity(used.get(resource))}/{quantity(hard[resource])}")
    return [name_of(obj), ", ".join(requests), ", ".join(limits), since(created(obj), now)]
