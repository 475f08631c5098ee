"""
Defaults and conversions of resource.k8s.io/v1alpha3 (`pkg/apis/resource/v1alpha3/{defaults,conversion}.go`).

The conversions are those of 1.32 and 1.33.
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.groups.resource import devices, requests
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("resource.v1alpha3")

rules.default("DeviceRequest")(requests.default_flat_request)
rules.default("DeviceSubRequest")(requests.default_count)
rules.default("DeviceTaint")(requests.default_taint)


@rules.default("ResourcePoolStatusRequestSpec")
def default_pool_status_request(spec: Obj, _scope: Scope) -> None:
    """A hundred pools."""
    default_member(spec, "limit", 100)


rules.to_hub("DeviceRequest", releases="1.33")(requests.request_to_hub)
rules.from_hub("DeviceRequest", releases="1.33")(requests.request_from_hub)
rules.to_hub("ResourceSliceSpec", releases="1.33")(devices.slice_spec_to_hub)
rules.to_hub("Device", releases="1.33")(devices.plain_device_to_hub)
rules.from_hub("Device", releases="1.33")(devices.plain_device_from_hub)
rules.to_hub("BasicDevice", releases="1.32")(devices.plain_capacity_to_hub)
rules.from_hub("BasicDevice", releases="1.32")(devices.plain_capacity_from_hub)
