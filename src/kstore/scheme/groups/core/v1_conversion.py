"""
Conversions of core/v1 (`pkg/apis/core/v1/conversion.go`); its defaults are in `v1.py`.
"""

from __future__ import annotations

import base64

from kstore.scheme.groups.pod_templates import drop_init_container_annotations
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("core.v1")


@rules.to_hub("NodeSpec")
def node_spec_to_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The one address range counts when it is not the first of the list."""
    single = spec.pop("podCIDR", "")
    auto(spec)
    ranges = spec.get("podCIDRs")
    if single and (not ranges or ranges[0] != single):
        spec["podCIDRs"] = [single]


@rules.from_hub("NodeSpec")
def node_spec_from_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The first of the list is the one address range, too."""
    auto(spec)
    if spec.get("podCIDRs"):
        spec["podCIDR"] = spec["podCIDRs"][0]


@rules.to_hub("Secret")
def secret_to_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """Strings are written over data; they are never stored by themselves."""
    strings = obj.pop("stringData", None)
    auto(obj)
    if strings:
        data = obj.get("data")
        if data is None:
            data = obj["data"] = {}
        data.update((name, base64.b64encode(text.encode()).decode()) for name, text in strings.items())


# ---- pods until 1.36: since then defaulting does what of this is left


@rules.to_hub("PodSpec", releases="-1.36")
def pod_spec_to_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The old name of the service account counts when the new one is empty; the host's namespaces moved."""
    account = spec.get("serviceAccount")
    moved = {name: spec.get(name) for name in _IN_SECURITY_CONTEXT}
    auto(spec)
    if not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = account or ""
    context = spec.get("securityContext")
    if context is None:
        context = spec["securityContext"] = {}
    context.update((name, value) for name, value in moved.items() if value is not None)


@rules.from_hub("PodSpec", releases="-1.36")
def pod_spec_from_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The service account under both names; the host's namespaces beside the security context."""
    context = spec.get("securityContext")
    moved = {} if context is None else {name: context.get(name) for name in _IN_SECURITY_CONTEXT}
    auto(spec)
    spec["serviceAccount"] = spec.get("serviceAccountName") or ""
    spec.update((name, value) for name, value in moved.items() if value is not None)


_IN_SECURITY_CONTEXT = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
"""What the hub keeps in the security context."""


@rules.to_hub("PodTemplateSpec", releases="-1.36")
@rules.from_hub("PodTemplateSpec", releases="-1.36")
def pod_template(template: Obj, auto: Auto, _scope: Scope) -> None:
    """Without the annotations of init containers."""
    auto(template)
    drop_init_container_annotations(template["metadata"])


@rules.to_hub("Pod", releases="-1.36")
@rules.from_hub("Pod", releases="-1.36")
def pod(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """Without the annotations of init containers, and with a second to end in at least."""
    auto(obj)
    drop_init_container_annotations(obj["metadata"])
    grace = obj["spec"].get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        obj["spec"]["terminationGracePeriodSeconds"] = 1


@rules.to_hub("PodStatus", releases="-1.36")
def pod_status_to_hub(status: Obj, auto: Auto, _scope: Scope) -> None:
    """The one address counts when it is not the first of the list."""
    address = status.get("podIP")
    auto(status)
    addresses = status.get("podIPs")
    if address and (not addresses or addresses[0].get("ip", "") != address):
        status["podIPs"] = [{"ip": address}]


@rules.from_hub("PodStatus", releases="-1.36")
def pod_status_from_hub(status: Obj, auto: Auto, _scope: Scope) -> None:
    """The first of the list is the one address, too."""
    auto(status)
    if status.get("podIPs"):
        status["podIP"] = status["podIPs"][0].get("ip", "")
