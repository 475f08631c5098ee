"""
Conversions of core/v1 (`pkg/apis/core/v1/conversion.go`).
"""

from __future__ import annotations

import base64

from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("core.v1")


@rules.to_hub("NodeSpec")
def node_spec_to_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The one address range counts when it is not the first of the list."""
    single = spec.pop("podCIDR", "")
    auto(spec)
    ranges = spec.get("podCIDRs")
    if single and (not ranges or ranges[0] != single):
        spec["podCIDRs"] = [single]


@rules.from_hub("NodeSpec")
def node_spec_from_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The first of the list is the one address range, too."""
    auto(spec)
    if spec.get("podCIDRs"):
        spec["podCIDR"] = spec["podCIDRs"][0]


@rules.to_hub("Secret")
def secret_to_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """Strings are written over data; they are never stored by themselves."""
    strings = obj.pop("stringData", None)
    auto(obj)
    if strings:
        data = obj.get("data")
        if data is None:
            data = obj["data"] = {}
        data.update((name, base64.b64encode(text.encode()).decode()) for name, text in strings.items())
