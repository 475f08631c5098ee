"""
Defaults and conversions of autoscaling/v2beta2
(`pkg/apis/autoscaling/v2beta2/{defaults,conversion}.go` of 1.35 and before).
"""

from __future__ import annotations

from kstore.errors import NotConvertible
from kstore.scalars.quantity import canonical
from kstore.scheme.groups.autoscaling import defaulting, hpa_annotations
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("autoscaling.v2beta2")

rules.default("HorizontalPodAutoscaler")(defaulting.default_metrics)


@rules.to_hub("HorizontalPodAutoscaler")
def autoscaler_to_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """The tolerances of scaling rules come back from their annotations."""
    auto(hpa)
    if scope.release.rules_minor >= hpa_annotations.FIRST_TOLERANCE:
        for side, name in hpa_annotations.TOLERANCES.items():
            text = hpa_annotations.text(hpa, name)
            if text is not None:
                _set_tolerance(hpa["spec"], side, name, text)
    hpa_annotations.drop(hpa, scope)


def _set_tolerance(spec: Obj, side: str, annotation: str, text: str) -> None:
    try:
        tolerance = canonical(text)
    except ValueError as error:
        raise NotConvertible(f"failed to parse annotation {annotation!r}: {error}") from None
    behavior = spec.get("behavior")
    if behavior is None:
        behavior = spec["behavior"] = {}
    if behavior.get(side) is None:
        behavior[side] = {}
    behavior[side]["tolerance"] = tolerance


@rules.from_hub("HorizontalPodAutoscaler")
def autoscaler_from_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """The tolerances of scaling rules are kept in annotations."""
    behavior = hpa["spec"].get("behavior") or {}
    names = hpa_annotations.TOLERANCES.items()
    tolerances = {name: (behavior.get(side) or {}).get("tolerance") for side, name in names}
    auto(hpa)
    hpa_annotations.drop(hpa, scope)
    for name, tolerance in tolerances.items():
        if tolerance is not None:
            hpa_annotations.put_text(hpa, name, tolerance)
