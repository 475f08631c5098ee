"""
What the sample-apiserver does to Flunders between versions (`pkg/apis/wardle/v1alpha1/{defaults,conversion}.go`).

v1alpha1 has one reference and its type, v1beta1 a reference of each type. v1beta1 serves as the hub.
"""

from __future__ import annotations

from collections.abc import Iterator

from kstore.plugin import Auto, Obj, Rules, Scope

v1alpha1 = Rules("wardle.v1alpha1", hub="wardle.v1beta1")

_REFERENCES = {"Flunder": "flunderReference", "Fischer": "fischerReference"}


@v1alpha1.default("FlunderSpec")
def default_spec(spec: Obj, _scope: Scope) -> None:
    """A reference without a type is one to a Flunder."""
    if not spec.get("referenceType") and spec.get("reference"):
        spec["referenceType"] = "Flunder"


@v1alpha1.to_hub("FlunderSpec")
def spec_to_hub(spec: Obj, _auto: Auto, _scope: Scope) -> None:
    """The reference goes to the member of its type; a type that is neither loses both, as upstream has it."""
    reference, kind = spec.pop("reference", ""), spec.pop("referenceType", None)
    if kind in _REFERENCES:
        spec.update({"referenceType": kind, _REFERENCES[kind]: reference})


@v1alpha1.from_hub("FlunderSpec")
def spec_from_hub(spec: Obj, _auto: Auto, _scope: Scope) -> None:
    """The member of the type becomes the reference."""
    references = {name: spec.pop(name, "") for name in _REFERENCES.values()}
    kind = spec.pop("referenceType", "")
    if kind in _REFERENCES:
        spec.update({"referenceType": kind, "reference": references[_REFERENCES[kind]]})


@v1alpha1.validate("Flunder")
def validate_flunder(flunder: Obj, _scope: Scope) -> Iterator[str]:
    """One reference, and of the type that is said (`pkg/apis/wardle/validation/validation.go`)."""
    spec = flunder["spec"]
    kind = spec.get("referenceType") or ""
    if kind and kind not in _REFERENCES:
        yield "spec.referenceType: must be Flunder or Fischer"
    if all(spec.get(name) for name in _REFERENCES.values()):
        yield "spec.fischerReference: cannot be set with flunderReference at the same time"
        return
    for other, name in _REFERENCES.items():
        if bool(spec.get(name)) != (kind == other):
            yield f"spec.{name}: must be set if, and only if, referenceType is {other}"
