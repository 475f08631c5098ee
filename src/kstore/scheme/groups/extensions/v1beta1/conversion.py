"""
Conversions of extensions/v1beta1 (`pkg/apis/extensions/v1beta1/conversion.go`); its types' hubs lie in other groups.
"""

from __future__ import annotations

from kstore.scheme.groups.apps import scale
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("extensions.v1beta1", hub="networking.internal")

rules.to_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_to_hub)
rules.from_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_from_hub)


def _set_lists(*names: str) -> None:
    """Lists that upstream makes empty where they are unset, in both directions, as its older conversions did."""

    def convert(obj: Obj, auto: Auto, _scope: Scope) -> None:
        auto(obj)
        for name in names[1:]:
            if obj.get(name) is None:
                obj[name] = []

    rules.to_hub(names[0])(convert)
    rules.from_hub(names[0])(convert)


_set_lists("NetworkPolicySpec", "ingress", "egress")
_set_lists("NetworkPolicyIngressRule", "ports")
_set_lists("NetworkPolicyEgressRule", "ports", "to")
_set_lists("IPBlock", "except")


@rules.to_hub("IngressBackend")
def ingress_backend_to_hub(backend: Obj, auto: Auto, _scope: Scope) -> None:
    """Name and port become a service, if either is set."""
    name, port = backend.pop("serviceName", ""), backend.pop("servicePort", 0)
    auto(backend)
    if name or port or isinstance(port, str):
        named = isinstance(port, str)
        backend["service"] = {
            "name": name,
            "port": {"name": port if named else "", "number": 0 if named else port},
        }


@rules.from_hub("IngressBackend")
def ingress_backend_from_hub(backend: Obj, auto: Auto, _scope: Scope) -> None:
    """A service becomes name and port."""
    service = backend.pop("service", None)
    auto(backend)
    if service is not None:
        port = service.get("port") or {}
        backend["serviceName"] = service.get("name", "")
        backend["servicePort"] = port.get("name") or port.get("number") or 0


@rules.to_hub("IngressSpec")
def ingress_spec_to_hub(spec: Obj, auto: Auto, scope: Scope) -> None:
    """`backend` was renamed."""
    backend = spec.pop("backend", None)
    auto(spec)
    if backend is not None:
        ingress_backend_to_hub(backend, lambda _: None, scope)
        spec["defaultBackend"] = backend


@rules.from_hub("IngressSpec")
def ingress_spec_from_hub(spec: Obj, auto: Auto, scope: Scope) -> None:
    """`defaultBackend` was renamed."""
    backend = spec.pop("defaultBackend", None)
    auto(spec)
    if backend is not None:
        ingress_backend_from_hub(backend, lambda _: None, scope)
        spec["backend"] = backend
