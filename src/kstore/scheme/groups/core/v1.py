"""
Defaults of core/v1 (`pkg/apis/core/v1/defaults.go`); its conversions are beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from kstore.scalars.int_or_string import is_zero
from kstore.scalars.quantity import MILLI, parse_quantity
from kstore.scheme.groups.core.image_name import image_tag
from kstore.scheme.groups.core.pod_resources import default_pod_resources
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("core.v1")


def _default(obj: Obj, **values: Any) -> None:
    """Set members that are unset, or empty where Go cannot tell."""
    for name, value in values.items():
        if not obj.get(name):
            obj[name] = value


def _default_pointer(obj: Obj, name: str, value: Any) -> None:
    """Set a pointer member that is unset; one that points to zero stays."""
    if obj.get(name) is None:
        obj[name] = value


def _add_missing(target: dict[str, Any], source: dict[str, Any] | None) -> None:
    """Add the entries that the target lacks."""
    for name, value in (source or {}).items():
        target.setdefault(name, value)


@rules.default("ResourceList")
def default_resource_list(resources: Obj, _scope: Scope) -> None:
    """Amounts are rounded up to milli, as they always were."""
    for name, amount in resources.items():
        resources[name] = _rounded_up(amount)


@lru_cache(maxsize=4096)
def _rounded_up(amount: str) -> str:
    if "m" in amount or amount.isdecimal():
        return amount
    return str(parse_quantity(amount).rounded_up(MILLI))


@rules.default("ReplicationController")
def default_replication_controller(obj: Obj, _scope: Scope) -> None:
    """Selector and labels come from the template."""
    template = obj["spec"].get("template")
    labels = template["metadata"].get("labels") if template is not None else None
    if labels is not None:
        _default(obj["spec"], selector=dict(labels))
        _default(obj["metadata"], labels=dict(labels))


@rules.default("ReplicationController", releases="-1.32")
def default_replication_controller_replicas(obj: Obj, _scope: Scope) -> None:
    """One replica; a marker of the type says so since."""
    _default_pointer(obj["spec"], "replicas", 1)


@rules.default("Volume")
def default_volume(volume: Obj, scope: Scope) -> None:
    """A volume without a source is an empty directory; an image volume is pulled like a container's image."""
    if volume.keys() <= {"name"}:
        volume["emptyDir"] = {}
    image = volume.get("image")
    if image is not None and not image.get("pullPolicy") and scope.release.enabled("ImageVolume"):
        image["pullPolicy"] = _pull_policy(image.get("reference", ""))


def _pull_policy(image: str) -> str:
    return "Always" if image_tag(image) == "latest" else "IfNotPresent"


@rules.default("Container")
def default_container(container: Obj, _scope: Scope) -> None:
    """An image of tag latest is always pulled."""
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = _pull_policy(container.get("image", ""))
    _default(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")


rules.default("EphemeralContainer")(default_container)


@rules.default("Service")
def default_service(obj: Obj, _scope: Scope) -> None:
    """Affinity, type, ports and traffic policies."""
    spec = obj["spec"]
    _default(spec, sessionAffinity="None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if client.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    _default(spec, type="ClusterIP")
    for port in spec.get("ports") or ():
        _default(port, protocol="TCP")
        if is_zero(port.get("targetPort")):
            port["targetPort"] = port.get("port", 0)
    exposed = spec["type"] in ("LoadBalancer", "NodePort")
    if exposed or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        _default(spec, externalTrafficPolicy="Cluster")
    if exposed or spec["type"] == "ClusterIP":
        _default_pointer(spec, "internalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        _default_pointer(spec, "allocateLoadBalancerNodePorts", True)


@rules.default("Service")
def default_service_ip_mode(obj: Obj, scope: Scope) -> None:
    """An address of a load balancer is a virtual one; behind a gate until 1.34."""
    if obj["spec"]["type"] != "LoadBalancer":
        return
    if scope.release.rules_minor < 35 and not scope.release.enabled("LoadBalancerIPMode"):
        return
    for ingress in obj["status"]["loadBalancer"].get("ingress") or ():
        if ingress.get("ip"):
            _default_pointer(ingress, "ipMode", "VIP")


@rules.default("Pod")
def default_pod(obj: Obj, scope: Scope) -> None:
    """Requests from limits, service links, and host ports."""
    spec = obj["spec"]
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    for container in containers:
        limits = container["resources"].get("limits")
        if limits is not None:
            _default_pointer(container["resources"], "requests", {})
            _add_missing(container["resources"]["requests"], limits)
    if scope.release.rules_minor <= 32 and scope.release.enabled("InPlacePodVerticalScaling"):
        _default_resize_policy(spec.get("containers") or ())
    if scope.release.enabled("PodLevelResources") and not scope.release.enabled("PodLevelResourcesFixDefaulting"):
        default_pod_resources(obj, scope.release.rules_minor)
    _default_pointer(spec, "enableServiceLinks", True)
    if spec.get("hostNetwork"):
        default_host_network_ports(containers)


def _default_resize_policy(containers: Iterable[Obj]) -> None:
    """A container that requests CPU or memory need not be restarted when that changes."""
    for container in containers:
        policies = list(container.get("resizePolicy") or ())
        known = {policy.get("resourceName") for policy in policies}
        requested = [name for name in ("cpu", "memory") if name in (container["resources"].get("requests") or {})]
        policies += [{"resourceName": name, "restartPolicy": "NotRequired"} for name in requested if name not in known]
        if policies:
            container["resizePolicy"] = policies


@rules.default("Pod", releases="1.37-")
def default_grace_period(obj: Obj, _scope: Scope) -> None:
    """At least a second to end in; conversion did this before 1.37."""
    grace = obj["spec"].get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        obj["spec"]["terminationGracePeriodSeconds"] = 1


def default_host_network_ports(containers: list[Obj]) -> None:
    """On the host's network a container's port is the host's."""
    for container in containers:
        for port in container.get("ports") or ():
            _default(port, hostPort=port.get("containerPort", 0))


@rules.default("Pod")
def default_probe_protocol(obj: Obj, scope: Scope) -> None:
    """HTTP/1 for probes and hooks, where the release knows others."""
    if not scope.release.enabled("H2CContainerProbe"):
        return
    for containers in ("containers", "initContainers", "ephemeralContainers"):
        for container in obj["spec"].get(containers) or ():
            lifecycle = container.get("lifecycle") or {}
            probes = [container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
            for handler in [*probes, lifecycle.get("postStart"), lifecycle.get("preStop")]:
                if handler is not None and handler.get("httpGet") is not None:
                    _default_pointer(handler["httpGet"], "protocol", "HTTP1")


@rules.default("PodStatus", releases="1.37-")
def default_pod_status(status: Obj, _scope: Scope) -> None:
    """The one address and the list say the same, the one counts when they differ; before 1.37 conversion did this."""
    address, addresses = status.get("podIP"), status.get("podIPs")
    if addresses and not address:
        status["podIP"] = addresses[0].get("ip", "")
    elif address and (not addresses or addresses[0].get("ip", "") != address):
        status["podIPs"] = [{"ip": address}]


@rules.default("PodSpec")
def default_pod_spec(spec: Obj, scope: Scope) -> None:
    """The defaults that templates have, too."""
    _default(spec, dnsPolicy="ClusterFirst", restartPolicy="Always", schedulerName="default-scheduler")
    if spec.get("hostNetwork") and scope.release.enabled("DefaultHostNetworkHostPortsInPodTemplates"):
        default_host_network_ports([*(spec.get("containers") or ()), *(spec.get("initContainers") or ())])
    _default_pointer(spec, "securityContext", {})
    _default_pointer(spec, "terminationGracePeriodSeconds", 30)


@rules.default("PodSpec", releases="1.37-")
def default_service_account(spec: Obj, _scope: Scope) -> None:
    """The service account under its old name too; conversion did this before 1.37."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount") or ""
    spec["serviceAccountName"] = spec["serviceAccount"] = name


@rules.default("Probe")
def default_probe(probe: Obj, _scope: Scope) -> None:
    """Times and thresholds."""
    _default(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)


def _default_mode(source: Obj, _scope: Scope) -> None:
    """Files of a volume are readable by all (0644)."""
    _default_pointer(source, "defaultMode", 0o644)


for _name in (
    "SecretVolumeSource",
    "ConfigMapVolumeSource",
    "DownwardAPIVolumeSource",
    "ProjectedVolumeSource",
):
    rules.default(_name)(_default_mode)


@rules.default("Secret")
def default_secret(obj: Obj, _scope: Scope) -> None:
    """A secret of no special kind."""
    _default(obj, type="Opaque")


@rules.default("ServiceAccountTokenProjection")
def default_token_projection(projection: Obj, _scope: Scope) -> None:
    """A token is valid for an hour."""
    _default_pointer(projection, "expirationSeconds", 3600)


# ---- volume sources whose defaults are markers of the types since 1.31


def _default_iscsi(source: Obj, _scope: Scope) -> None:
    """The default interface."""
    _default(source, iscsiInterface="default")


def _default_rbd(source: Obj, _scope: Scope) -> None:
    """Pool, user and key ring of Ceph."""
    _default(source, pool="rbd", user="admin", keyring="/etc/ceph/keyring")


def _default_scale_io(source: Obj, _scope: Scope) -> None:
    """Thin, and XFS."""
    _default(source, storageMode="ThinProvisioned", fsType="xfs")


@rules.default("AzureDiskVolumeSource", releases="-1.30")
def default_azure_disk(source: Obj, _scope: Scope) -> None:
    """A shared blob disk, cached both ways."""
    for name, value in (("cachingMode", "ReadWrite"), ("kind", "Shared"), ("fsType", "ext4"), ("readOnly", False)):
        _default_pointer(source, name, value)


for _name, _rule in (
    ("ISCSIVolumeSource", _default_iscsi),
    ("ISCSIPersistentVolumeSource", _default_iscsi),
    ("RBDVolumeSource", _default_rbd),
    ("RBDPersistentVolumeSource", _default_rbd),
    ("ScaleIOVolumeSource", _default_scale_io),
    ("ScaleIOPersistentVolumeSource", _default_scale_io),
):
    rules.default(_name, releases="-1.30")(_rule)


@rules.default("PersistentVolume")
def default_persistent_volume(obj: Obj, _scope: Scope) -> None:
    """Kept when released, and a file system."""
    _default(obj["status"], phase="Pending")
    _default(obj["spec"], persistentVolumeReclaimPolicy="Retain")
    _default_pointer(obj["spec"], "volumeMode", "Filesystem")


@rules.default("PersistentVolumeClaim")
def default_persistent_volume_claim(obj: Obj, _scope: Scope) -> None:
    """Not bound yet."""
    _default(obj["status"], phase="Pending")


@rules.default("PersistentVolumeClaimSpec")
def default_persistent_volume_claim_spec(spec: Obj, _scope: Scope) -> None:
    """A file system."""
    _default_pointer(spec, "volumeMode", "Filesystem")


@rules.default("Endpoints")
def default_endpoints(obj: Obj, _scope: Scope) -> None:
    """TCP."""
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            _default(port, protocol="TCP")


@rules.default("HTTPGetAction")
def default_http_get_action(action: Obj, _scope: Scope) -> None:
    """The root, without TLS."""
    _default(action, path="/", scheme="HTTP")


@rules.default("Namespace")
def default_namespace(obj: Obj, _scope: Scope) -> None:
    """A namespace is labelled with its name."""
    name = obj["metadata"].get("name")
    if name:
        _default_pointer(obj["metadata"], "labels", {})
        obj["metadata"]["labels"]["kubernetes.io/metadata.name"] = name


@rules.default("NamespaceStatus")
def default_namespace_status(status: Obj, _scope: Scope) -> None:
    """Not going away."""
    _default(status, phase="Active")


@rules.default("NodeStatus")
def default_node_status(status: Obj, _scope: Scope) -> None:
    """All of the capacity can be allocated."""
    if status.get("allocatable") is None and status.get("capacity") is not None:
        status["allocatable"] = dict(status["capacity"])


@rules.default("ObjectFieldSelector")
def default_object_field_selector(selector: Obj, _scope: Scope) -> None:
    """A field of the v1 object."""
    _default(selector, apiVersion="v1")


@rules.default("LimitRangeItem")
def default_limit_range_item(item: Obj, _scope: Scope) -> None:
    """For containers: the maximum is the default limit, that the default request, and for the rest the minimum."""
    if item.get("type") != "Container":
        return
    _default_pointer(item, "default", {})
    _default_pointer(item, "defaultRequest", {})
    _add_missing(item["default"], item.get("max"))
    _add_missing(item["defaultRequest"], item["default"])
    _add_missing(item["defaultRequest"], item.get("min"))


@rules.default("ConfigMap")
def default_config_map(obj: Obj, _scope: Scope) -> None:
    """No data rather than none."""
    _default_pointer(obj, "data", {})


@rules.default("HostPathVolumeSource")
def default_host_path(source: Obj, _scope: Scope) -> None:
    """Nothing is checked before mounting."""
    _default_pointer(source, "type", "")
