"""
What an update adds to apps (`pkg/registry/apps/<resource>/strategy.go`, PrepareForUpdate).
"""

from __future__ import annotations

from kstore.scheme.groups.pod_templates import update_template
from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("apps.v1")

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation that keeps the hub's `spec.templateGeneration` in apps/v1."""
_update = update_template("spec", "template")

rules.on_update("Deployment")(_update)
rules.on_update("ReplicaSet")(_update)
rules.on_update("StatefulSet")(_update)


@rules.on_update("DaemonSet")
def update_daemon_set(obj: Obj, scope: Scope, server: RunningServer) -> bool:
    """A changed template is counted by itself, too."""
    if not _update(obj, scope, server):
        return False
    if obj["apiVersion"] == "extensions/v1beta1":
        obj["spec"]["templateGeneration"] = (obj["spec"].get("templateGeneration") or 0) + 1
        return True
    annotations = obj["metadata"].setdefault("annotations", {})
    annotations[_TEMPLATE_GENERATION] = str(int(annotations.get(_TEMPLATE_GENERATION) or 0) + 1)
    return True
