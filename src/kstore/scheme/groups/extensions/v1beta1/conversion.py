"""
Conversions of extensions/v1beta1 (`pkg/apis/extensions/v1beta1/conversion.go`); its types' hubs lie in other groups.
"""

from __future__ import annotations

from kstore.scheme.groups.apps import scale
from kstore.scheme.groups.networking import ingress
from kstore.scheme.registry import Rules

rules = Rules("extensions.v1beta1", hub="networking.internal")

rules.to_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_to_hub)
rules.from_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_from_hub)
ingress.declare(rules)
