"""
What the server does to Birds: its DefaultingFunction, its conversions, and its strategy's Canonicalize and Validate.

`wingspan` became `wingspanCentimetres` in v1beta1: the tables say so (one Go name, two JSON names), no rule is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from kstore.plugin import Auto, Obj, Rules, Scope

v1alpha1 = Rules("demo.v1alpha1", hub="demo.v1beta1")


@v1alpha1.default("BirdSpec")
def default_spec(spec: Obj, _scope: Scope) -> None:
    """Birds have two wings unless they say otherwise (`DefaultingFunction`)."""
    if spec.get("wings") is None:
        spec["wings"] = 2


@v1alpha1.to_hub("BirdSpec")
def spec_to_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """v1alpha1 wrote habitats in one string, parted by commas."""
    habitat = spec.pop("habitat", "")
    auto(spec)
    if habitat:
        spec["habitats"] = habitat.split(",")


@v1alpha1.from_hub("BirdSpec")
def spec_from_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """And back into one string."""
    habitats = spec.pop("habitats", None)
    auto(spec)
    if habitats:
        spec["habitat"] = ",".join(habitats)


@v1alpha1.canonicalize("Bird")
def canonicalize(bird: Obj, _scope: Scope) -> None:
    """Habitats have no order, so they are stored sorted, each once (the strategy's `Canonicalize`)."""
    if bird["spec"].get("habitats"):
        bird["spec"]["habitats"] = sorted(set(bird["spec"]["habitats"]))


@v1alpha1.validate("Bird")
def validate(bird: Obj, _scope: Scope) -> Iterator[str]:
    """What the strategy's `Validate` refuses."""
    spec = bird["spec"]
    if not 0 <= (spec.get("wings") or 0) <= 2:
        yield "spec.wings: must be 0, 1 or 2"
    if (spec.get("wingspanCentimetres") or 0) < 0:
        yield "spec.wingspanCentimetres: must not be negative"
