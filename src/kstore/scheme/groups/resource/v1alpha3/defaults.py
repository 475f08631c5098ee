"""
Defaults of resource.k8s.io/v1alpha3 (`pkg/apis/resource/v1alpha3/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.groups.resource import requests
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("resource.v1alpha3")

rules.default("DeviceRequest")(requests.default_flat_request)
rules.default("DeviceSubRequest")(requests.default_count)
rules.default("DeviceTaint")(requests.default_taint)


@rules.default("ResourcePoolStatusRequestSpec")
def default_pool_status_request(spec: Obj, _scope: Scope) -> None:
    """A hundred pools."""
    default_member(spec, "limit", 100)
