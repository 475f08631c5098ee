"""
Defaults of resource.k8s.io/v1 (`pkg/apis/resource/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.resource import requests
from kstore.scheme.registry import Rules

rules = Rules("resource.v1")

rules.default("ExactDeviceRequest")(requests.default_count)
rules.default("DeviceSubRequest")(requests.default_count)
rules.default("DeviceTaint")(requests.default_taint)
rules.default("Device", releases="1.36")(requests.default_multipliers)
