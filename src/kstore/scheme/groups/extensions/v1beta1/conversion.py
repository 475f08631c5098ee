"""
Conversions of extensions/v1beta1 (`pkg/apis/extensions/v1beta1/conversion.go`); its types' hubs lie in other groups.
"""

from __future__ import annotations

from kstore.scheme.groups.apps import scale
from kstore.scheme.groups.networking import ingress
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

ingress.declare(rules)
