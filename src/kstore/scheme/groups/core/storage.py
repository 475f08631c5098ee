"""
What a running server adds to core/v1 (`pkg/registry/core/<resource>/storage/storage.go` and `strategy.go`).

The members named here are the same in the hub's form and in v1.
"""

from __future__ import annotations

from kstore.scheme.groups.core.pod_status import drop_disabled_status
from kstore.scheme.groups.pod_templates import drop_init_container_annotations, update_template
from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("core.v1")

_PLURAL_CLUSTER_IPS = 20
"""The minor release from which a Service has clusterIPs, ipFamilies and ipFamilyPolicy."""
_DATA_SOURCE_REF = 24
"""The minor release from which dataSourceRef is there unless it is switched off."""
_OTHER = {"IPv4": "IPv6", "IPv6": "IPv4"}


# ---- Service (`service/storage/storage.go`, defaultOnRead; `service/strategy.go`, dropTypeDependentFields)


@rules.on_read("Service")
def read_service(obj: Obj, scope: Scope, server: RunningServer) -> None:
    """The plural of clusterIP, and the families and policy of a Service that was written before these were there."""
    spec = obj.get("spec")
    if not spec or scope.release.minor < _PLURAL_CLUSTER_IPS:
        return
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    if spec.get("type") == "ExternalName":
        spec.pop("internalTrafficPolicy", None)
    elif not spec.get("ipFamilies"):
        _read_families(spec, server.service_family)


def _read_families(spec: Obj, primary: str) -> None:
    """
    The families, from the addresses; a headless Service has none, and gets the primary one of the cluster.

    What has no address at all is left as it is when it is read.
    """
    policy = "SingleStack"
    if is_headless(spec):
        families = [primary]
        if not spec.get("selector"):
            families.append(_OTHER[primary])
            policy = "RequireDualStack"
    else:
        families = [family_of(address) for address in spec.get("clusterIPs") or ()]
        if len(families) == 2:
            policy = "RequireDualStack"
    if not families:
        return
    spec["ipFamilies"] = families
    if len(families) <= 2:
        spec["ipFamilyPolicy"] = policy


def is_headless(spec: Obj) -> bool:
    """Whether a Service was asked to have no address."""
    return spec.get("clusterIP") == "None"


def needs_first_family(spec: Obj) -> bool:
    """Whether the family of a Service is told by nothing in it: neither a family nor an address."""
    has_address = bool(spec.get("clusterIP") or spec.get("clusterIPs")) and not is_headless(spec)
    return spec.get("type") != "ExternalName" and not spec.get("ipFamilies") and not has_address


def family_of(address: str) -> str:
    """The family of an address; what is no address counts as IPv4, as for the server."""
    return "IPv6" if ":" in address else "IPv4"


@rules.on_update("Service")
def update_service(obj: Obj, scope: Scope, server: RunningServer) -> bool:
    """A Service has families and a policy of them, and without a load balancer no status of one."""
    spec = obj.get("spec") or {}
    if spec and scope.release.minor >= _PLURAL_CLUSTER_IPS:
        _update_families(spec, server.service_family)
    if spec.get("type") != "LoadBalancer" and (obj.get("status") or {}).get("loadBalancer"):
        obj["status"]["loadBalancer"] = {}
    return False


def _update_families(spec: Obj, primary: str) -> None:
    """
    The addresses, their families and the policy, as far as they are known (`service/storage/alloc.go`,
    initIPFamilyFields). What has no address at all gets none by an update, but a family; a policy that asks for two is
    left, as its server may have addresses to give.
    """
    if spec.get("type") == "ExternalName":
        spec.pop("internalTrafficPolicy", None)  # which a read drops; without it neither of the two writes anything
        return
    addresses = spec.get("clusterIPs") or [spec["clusterIP"]] if spec.get("clusterIP") else []
    families = list(spec.get("ipFamilies") or ())
    policy = spec.get("ipFamilyPolicy") or _policy_of(spec, families, addresses)
    if not addresses:
        if policy == "SingleStack":
            spec.update(ipFamilies=families[:1] or [primary], ipFamilyPolicy=policy)
        return
    spec["clusterIPs"] = addresses
    if policy == "PreferDualStack" and families:
        return
    if policy == "SingleStack":
        addresses, families = addresses[:1], families[:1]
    if not is_headless(spec):
        families += map(family_of, addresses[len(families) :])
    families = families or [primary]
    if _is_without_pods(spec) and len(families) == 1 and policy != "SingleStack":
        families.append(_OTHER[families[0]])
    spec.update(clusterIPs=addresses, ipFamilies=families, ipFamilyPolicy=policy)


def _policy_of(spec: Obj, families: list[str], addresses: list[str]) -> str:
    """The policy of a Service that has none: one of two addresses, or of pods that nobody knows, has both families."""
    both = _is_without_pods(spec) or (not families and len(addresses) == 2)
    return "RequireDualStack" if both else "SingleStack"


def _is_without_pods(spec: Obj) -> bool:
    return is_headless(spec) and not spec.get("selector")


# ---- PersistentVolumeClaim (`api/persistentvolumeclaim/util.go`, NormalizeDataSources)


@rules.on_update("PersistentVolumeClaim")
def update_claim(obj: Obj, scope: Scope, server: RunningServer) -> bool:
    """The same as when it is read."""
    read_claim(obj, scope, server)
    return False


@rules.on_read("PersistentVolumeClaim")
def read_claim(obj: Obj, scope: Scope, _server: RunningServer) -> None:
    """dataSource and dataSourceRef say the same, but for a source in another namespace, which only the latter can."""
    spec = obj.get("spec")
    if not spec or scope.release.minor < _DATA_SOURCE_REF:
        return
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is None:
        spec["dataSourceRef"] = _same_source(source)
    elif reference is not None and source is None and not reference.get("namespace"):
        spec["dataSource"] = _same_source(reference)


def _same_source(source: Obj) -> Obj:
    return {name: source[name] for name in ("apiGroup", "kind", "name") if source.get(name) is not None}


# ---- ServiceAccount (`serviceaccount/strategy.go`, cleanSecretReferences)


@rules.on_update("ServiceAccount")
def update_service_account(obj: Obj, _scope: Scope, _server: RunningServer) -> bool:
    """Secrets are named by name alone."""
    secrets = obj.get("secrets")
    if secrets:
        obj["secrets"] = [{"name": secret["name"]} if secret.get("name") else {} for secret in secrets]
    return False


# ---- Pods and templates of them (`api/pod/util.go`, DropInitContainerAnnotations)


@rules.on_update("Pod")
def update_pod(obj: Obj, scope: Scope, _server: RunningServer) -> bool:
    """Init containers in annotations, as in 1.5 to 1.7, are no concern of anybody's any more; nor what is disabled."""
    drop_init_container_annotations(obj.get("metadata"))
    drop_disabled_status(obj, scope.release)
    return False


rules.on_update("PodTemplate")(update_template("template"))
rules.on_update("ReplicationController")(update_template("spec", "template"))
