"""
Defaults of resource.k8s.io/v1beta1 (`pkg/apis/resource/v1beta1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.resource import requests
from kstore.scheme.registry import Rules

rules = Rules("resource.v1beta1")

rules.default("DeviceRequest")(requests.default_flat_request)
rules.default("DeviceSubRequest")(requests.default_count)
rules.default("DeviceTaint")(requests.default_taint)
rules.default("BasicDevice", releases="1.36")(requests.default_multipliers)
