"""
Resources of a whole pod, filled in from those of its containers (`pkg/apis/core/v1/defaults.go`, defaultPodRequests).

How containers add up is `component-helpers/resource/helpers.go`: those that run side by side are summed, and each init
container needs what it asks for beside the sidecars started before it.
"""

from __future__ import annotations

from fractions import Fraction

from kstore.scalars.quantity import Quantity, parse_quantity
from kstore.scheme.registry import Obj

_HUGE_PAGES = "hugepages-"
_SUPPORTED = ("cpu", "memory")
FIRST_HUGE_PAGES = 33
"""The minor release that began to default limits of huge pages."""


def default_pod_resources(pod: Obj, minor: int) -> None:
    """Fill in the pod's own limits and requests, where it has any of them."""
    resources = pod["spec"].get("resources")
    if resources is None:
        return
    if minor >= FIRST_HUGE_PAGES:
        _default_huge_page_limits(pod["spec"], resources, minor)
    _default_requests(pod["spec"], resources, minor)


def _default_huge_page_limits(spec: Obj, resources: Obj, minor: int) -> None:
    """Limits of huge pages are the containers', all together."""
    limits, requests = dict(resources.get("limits") or {}), resources.get("requests") or {}
    if not limits and not requests:
        return
    for name, amount in _aggregate(spec, "limits").items():
        if name.startswith(_HUGE_PAGES) and name not in limits and (minor < 34 or name not in requests):
            limits[name] = str(amount)
    if limits:
        resources["limits"] = limits


def _default_requests(spec: Obj, resources: Obj, minor: int) -> None:
    """Requests are the containers', all together; for what no container asks they are the pod's limits."""
    limits = resources.get("limits")
    if not limits:
        return
    requests = dict(resources.get("requests") or {})
    for name, amount in _aggregate(spec, "requests").items():
        huge = name.startswith(_HUGE_PAGES)
        if name not in requests and (name in _SUPPORTED or (huge and minor < FIRST_HUGE_PAGES)):
            requests[name] = str(amount)
    for name, limit in limits.items():
        if name in _SUPPORTED or name.startswith(_HUGE_PAGES):
            requests.setdefault(name, limit)
    if requests:
        resources["requests"] = requests


Amounts = dict[str, Quantity]


def _aggregate(spec: Obj, member: str) -> Amounts:
    """What all containers together need (`AggregateContainerRequests`, `AggregateContainerLimits`)."""
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _amounts(container, member))
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _amounts(container, member)
        if container.get("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            own = dict(sidecars)
        else:
            _add(own, sidecars)
        _raise(starting, own)
    _raise(total, starting)
    return total


def _amounts(container: Obj, member: str) -> Amounts:
    found = container["resources"].get(member) or {}
    return {name: parse_quantity(text) for name, text in found.items()}


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = _sum(total[name], amount) if name in total else amount


def _raise(total: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        if name not in total or _value(amount) > _value(total[name]):
            total[name] = amount


def _sum(left: Quantity, right: Quantity) -> Quantity:
    """`Quantity.Add`: the sum keeps the left format, unless the left is zero."""
    scale = min(left.scale, right.scale)
    unscaled = left.unscaled * 10 ** (left.scale - scale) + right.unscaled * 10 ** (right.scale - scale)
    return Quantity(unscaled, scale, left.format if left.unscaled else right.format)


def _value(amount: Quantity) -> Fraction:
    return amount.unscaled * Fraction(10) ** amount.scale
