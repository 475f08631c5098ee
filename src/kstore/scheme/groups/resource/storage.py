"""
What an update adds to resource.k8s.io (`pkg/registry/resource/<resource>/strategy.go`, PrepareForUpdate).
"""

from __future__ import annotations

from kstore.decode.json import go_json
from kstore.decode.json.raw_json import RawJSON
from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("resource.v1")


@rules.on_update("DeviceClass")
def update_device_class(obj: Obj, _scope: Scope, _server: RunningServer) -> bool:
    """
    Parameters of drivers, raw JSON, are compacted, and that counts as a change.

    A patch goes over the object's JSON, where encoding/json compacts what RawExtension.MarshalJSON returns
    (`apimachinery/pkg/runtime/extension.go`). Claims have such parameters, too; theirs are immutable.
    """
    changed = False
    for config in (obj.get("spec") or {}).get("config") or ():
        opaque = config.get("opaque") or {}
        stored = opaque.get("parameters")
        if not isinstance(stored, RawJSON):
            continue
        try:
            compact = go_json.compacted(stored)
        except ValueError:
            continue  # the server cannot show it, and refuses the update
        if compact != stored.data:
            opaque["parameters"] = RawJSON(compact)
            changed = True
    return changed
