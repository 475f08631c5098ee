"""
Device requests and taints: defaults that the versions of resource.k8s.io have in common, and the flat old request.

(`pkg/apis/resource/<version>/defaults.go`, `v1beta1/conversion.go`, `v1alpha3/conversion.go`)
"""

from __future__ import annotations

from datetime import UTC

from kstore.scheme.groups.members import default_member, default_number, default_text
from kstore.scheme.registry import Auto, Obj, Scope

_OF_REQUEST = (
    "deviceClassName",
    "selectors",
    "allocationMode",
    "count",
    "adminAccess",
    "tolerations",
    "capacity",
    "derivedAttributes",
)
"""What v1beta1 has in the request itself, and the hub in `exactly`; what a release lacks is not there."""


def default_count(request: Obj, _scope: Scope) -> None:
    """Exactly one device."""
    default_text(request, "allocationMode", "ExactCount")
    if request["allocationMode"] == "ExactCount":
        default_number(request, "count", 1)


def default_flat_request(request: Obj, scope: Scope) -> None:
    """As `default_count`, but a request without a class has sub-requests (since 1.33)."""
    if request.get("deviceClassName") or scope.release.rules_minor < 33:
        default_count(request, scope)


def default_taint(taint: Obj, scope: Scope) -> None:
    """A taint was added now."""
    default_member(taint, "timeAdded", scope.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def default_multipliers(device: Obj, _scope: Scope) -> None:
    """Node resources that are mapped are mapped one to one."""
    for mapping in (device.get("nodeAllocatableResourceMappings") or {}).values():
        default_member(mapping, "allocationMultiplier", "1")


def request_to_hub(request: Obj, auto: Auto, _scope: Scope) -> None:
    """The members of an exact request move into `exactly`, if any of them is set."""
    taken = {name: request.pop(name) for name in _OF_REQUEST if name in request}
    auto(request)
    if any(_is_set(name, value) for name, value in taken.items()):
        if not taken.get("tolerations"):
            taken.pop("tolerations", None)
        request["exactly"] = taken


def _is_set(name: str, value: object) -> bool:
    return bool(value) if name in ("deviceClassName", "allocationMode", "count") else value is not None


def request_from_hub(request: Obj, auto: Auto, _scope: Scope) -> None:
    """What `exactly` holds stands in the request itself."""
    exactly = request.pop("exactly", None)
    auto(request)
    if exactly is not None:
        request.update((name, exactly[name]) for name in _OF_REQUEST if exactly.get(name) is not None)
