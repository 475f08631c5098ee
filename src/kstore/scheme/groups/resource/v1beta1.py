"""
Defaults and conversions of resource.k8s.io/v1beta1 (`pkg/apis/resource/v1beta1/{defaults,conversion}.go`).

The conversions are there since 1.33.
"""

from __future__ import annotations

from kstore.scheme.groups.resource import devices, requests
from kstore.scheme.registry import Rules

rules = Rules("resource.v1beta1")

rules.default("DeviceRequest")(requests.default_flat_request)
rules.default("DeviceSubRequest")(requests.default_count)
rules.default("DeviceTaint")(requests.default_taint)
rules.default("BasicDevice", releases="1.36")(requests.default_multipliers)


rules.to_hub("DeviceRequest", releases="1.33-")(requests.request_to_hub)
rules.from_hub("DeviceRequest", releases="1.33-")(requests.request_from_hub)
rules.to_hub("ResourceSliceSpec", releases="1.33-")(devices.slice_spec_to_hub)
rules.to_hub("Device", releases="1.33-")(devices.device_to_hub)
rules.from_hub("Device", releases="1.33-")(devices.device_from_hub)
