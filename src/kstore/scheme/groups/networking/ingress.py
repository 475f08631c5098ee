"""
An Ingress as v1beta1 had it, in extensions and in networking.k8s.io: a backend of name and port.

(`pkg/apis/networking/v1beta1/conversion.go`, `pkg/apis/extensions/v1beta1/conversion.go`)
"""

from __future__ import annotations

from kstore.scalars.int_or_string import halves
from kstore.scheme.registry import Auto, Obj, Rules, Scope


def declare(rules: Rules) -> None:
    """Declare the conversions of a version's Ingress."""
    rules.to_hub("IngressBackend")(backend_to_hub)
    rules.from_hub("IngressBackend")(backend_from_hub)
    rules.to_hub("IngressSpec")(_spec_to_hub)
    rules.from_hub("IngressSpec")(_spec_from_hub)


def backend_to_hub(backend: Obj, auto: Auto, _scope: Scope) -> None:
    """Name and port become a service, if either is set."""
    name, port = backend.pop("serviceName", ""), backend.pop("servicePort", 0)
    auto(backend)
    number, text = halves(port)
    if name or number or text or isinstance(port, str):
        backend["service"] = {"name": name, "port": {"name": text, "number": number}}


def backend_from_hub(backend: Obj, auto: Auto, _scope: Scope) -> None:
    """A service becomes name and port."""
    service = backend.pop("service", None)
    auto(backend)
    if service is not None:
        port = service.get("port") or {}
        backend["serviceName"] = service.get("name", "")
        backend["servicePort"] = port.get("name") or port.get("number") or 0


def _spec_to_hub(spec: Obj, auto: Auto, scope: Scope) -> None:
    """`backend` was renamed."""
    backend = spec.pop("backend", None)
    auto(spec)
    if backend is not None:
        backend_to_hub(backend, lambda _: None, scope)
        spec["defaultBackend"] = backend


def _spec_from_hub(spec: Obj, auto: Auto, scope: Scope) -> None:
    """`defaultBackend` was renamed."""
    backend = spec.pop("defaultBackend", None)
    auto(spec)
    if backend is not None:
        backend_from_hub(backend, lambda _: None, scope)
        spec["backend"] = backend
