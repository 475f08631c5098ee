"""
Devices and slices as v1beta1 and v1alpha3 had them: a device's properties in `basic`, node and scope never unset.

(`pkg/apis/resource/v1beta1/conversion.go`, `v1alpha3/conversion.go`)
"""

from __future__ import annotations

from typing import Any

from kstore.scheme.registry import Auto, Obj, Scope


def slice_spec_to_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """An empty node and a false flag are unset in the hub."""
    auto(spec)
    for name in ("nodeName", "allNodes"):
        if not spec.get(name):
            spec.pop(name, None)


def device_to_hub(device: Obj, auto: Auto, _scope: Scope) -> None:
    """What `basic` holds stands in the device itself."""
    basic = device.pop("basic", None)
    auto(device)
    device.update((name, value) for name, value in (basic or {}).items() if _is_kept(name, value))


def device_from_hub(device: Obj, auto: Auto, _scope: Scope) -> None:
    """All but the name stands in `basic`, which is always there."""
    basic = {name: device.pop(name) for name in list(device) if name != "name"}
    auto(device)
    device["basic"] = {name: value for name, value in basic.items() if _is_kept(name, value)}


def _is_kept(name: str, value: Any) -> bool:
    """Empty maps and lists of these are made anew, and are unset then."""
    if name in ("attributes", "capacity", "consumesCounters", "taints"):
        return bool(value)
    return value is not None


def plain_capacity_to_hub(device: Obj, auto: Auto, _scope: Scope) -> None:
    """In v1alpha3 a capacity is a quantity, in the hub an object with one; the rule of whatever has the capacity."""
    auto(device)
    if device.get("capacity"):
        device["capacity"] = {name: {"value": amount} for name, amount in device["capacity"].items()}


def plain_capacity_from_hub(device: Obj, auto: Auto, _scope: Scope) -> None:
    """And back; what else a capacity holds is lost."""
    if device.get("capacity"):
        device["capacity"] = {name: one.get("value") or "0" for name, one in device["capacity"].items()}
    auto(device)


def plain_device_to_hub(device: Obj, auto: Auto, scope: Scope) -> None:
    """A device of v1alpha3 in a hub without `basic`."""
    plain_capacity_to_hub(device, lambda inner: device_to_hub(inner, auto, scope), scope)


def plain_device_from_hub(device: Obj, auto: Auto, scope: Scope) -> None:
    """And back."""
    plain_capacity_from_hub(device, lambda inner: device_from_hub(inner, auto, scope), scope)
