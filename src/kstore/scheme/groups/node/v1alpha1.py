"""
Conversions of node.k8s.io/v1alpha1 (`pkg/apis/node/v1alpha1/conversion.go`): a RuntimeClass with a spec.

The package has no defaulting functions: not even the amounts of an overhead are rounded.
"""

from __future__ import annotations

from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("node.v1alpha1", defaulted=False)

_MEMBERS = ("overhead", "scheduling")


@rules.to_hub("RuntimeClass")
def runtime_class_to_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """The spec's members stand in the object."""
    spec = obj.pop("spec", {})
    auto(obj)
    obj["handler"] = spec.get("runtimeHandler", "")
    obj.update((name, spec[name]) for name in _MEMBERS if spec.get(name) is not None)


@rules.from_hub("RuntimeClass")
def runtime_class_from_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """The object's members stand in a spec."""
    spec = {name: obj.pop(name) for name in _MEMBERS if obj.get(name) is not None}
    handler = obj.pop("handler", "")
    auto(obj)
    obj["spec"] = {"runtimeHandler": handler, **spec}
