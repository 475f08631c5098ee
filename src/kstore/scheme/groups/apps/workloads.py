"""
What the workloads' rules of apps and extensions have in common, version for version.

Upstream repeats these in each version's `defaults.go` and `conversion.go`; the versions differ in the values only.
"""

from __future__ import annotations

from kstore.errors import NotConvertible
from kstore.scheme.groups.members import default_member, default_text
from kstore.scheme.registry import Auto, Obj, Scope

ROLLBACK_TO = "deprecated.deployment.rollback.to"
"""Where a Deployment of apps/v1 and apps/v1beta2 keeps `spec.rollbackTo`."""
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""Where a DaemonSet of apps/v1 and apps/v1beta2 keeps `spec.templateGeneration`."""


def default_replicas(obj: Obj, _scope: Scope) -> None:
    """One replica."""
    default_member(obj["spec"], "replicas", 1)


def default_labels(obj: Obj) -> None:
    """Selector and labels from the pod template's labels, as versions before apps/v1beta2 had it."""
    labels = obj["spec"]["template"]["metadata"].get("labels")
    if labels is None:
        return
    if obj["spec"].get("selector") is None:
        obj["spec"]["selector"] = {"matchLabels": dict(labels)}
    if not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def default_rolling_update(strategy: Obj, max_unavailable: int | str, max_surge: int | str) -> None:
    """The limits of a rolling update."""
    default_member(strategy, "rollingUpdate", {})
    default_member(strategy["rollingUpdate"], "maxUnavailable", max_unavailable)
    default_member(strategy["rollingUpdate"], "maxSurge", max_surge)


def default_deployment(obj: Obj, revision_history_limit: int) -> None:
    """What apps' versions of a Deployment have in common."""
    spec = obj["spec"]
    default_member(spec, "replicas", 1)
    strategy = spec["strategy"]
    default_text(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        default_rolling_update(strategy, "25%", "25%")
    default_member(spec, "revisionHistoryLimit", revision_history_limit)
    default_member(spec, "progressDeadlineSeconds", 600)


def default_daemon_set(obj: Obj, strategy_type: str) -> None:
    """What all versions of a DaemonSet have in common."""
    strategy = obj["spec"]["updateStrategy"]
    default_text(strategy, "type", strategy_type)
    if strategy["type"] == "RollingUpdate":
        default_rolling_update(strategy, 1, 0)
    default_member(obj["spec"], "revisionHistoryLimit", 10)


def default_stateful_set(obj: Obj, scope: Scope) -> None:
    """What all versions of a StatefulSet have in common, once the strategy's type is set."""
    spec = obj["spec"]
    default_text(spec, "podManagementPolicy", "OrderedReady")
    strategy = spec["updateStrategy"]
    if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        default_member(strategy["rollingUpdate"], "partition", 0)
        if scope.release.enabled("MaxUnavailableStatefulSet"):
            default_member(strategy["rollingUpdate"], "maxUnavailable", 1)
    if scope.release.rules_minor >= 32 or scope.release.enabled("StatefulSetAutoDeletePVC"):
        default_member(spec, "persistentVolumeClaimRetentionPolicy", {})
        default_text(spec["persistentVolumeClaimRetentionPolicy"], "whenDeleted", "Retain")
        default_text(spec["persistentVolumeClaimRetentionPolicy"], "whenScaled", "Retain")
    default_member(spec, "replicas", 1)
    default_member(spec, "revisionHistoryLimit", 10)


def default_rolling_stateful_set(obj: Obj, scope: Scope) -> None:
    """A StatefulSet of apps/v1 and apps/v1beta2: a rolling update unless something else is said."""
    strategy = obj["spec"]["updateStrategy"]
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        default_member(strategy, "rollingUpdate", {})
    default_stateful_set(obj, scope)


# ---- conversion


def deployment_to_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """The annotation becomes `spec.rollbackTo`."""
    auto(obj)
    annotations = obj["metadata"].get("annotations") or {}
    revision = annotations.get(ROLLBACK_TO)
    if revision:
        obj["spec"]["rollbackTo"] = {"revision": parse_int64(revision, ROLLBACK_TO)}
    else:
        obj["spec"].pop("rollbackTo", None)
        return
    del annotations[ROLLBACK_TO]


def deployment_from_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """`spec.rollbackTo` becomes an annotation."""
    rollback = obj["spec"].get("rollbackTo")
    auto(obj)
    annotations = obj["metadata"].get("annotations")
    if annotations is None:
        annotations = obj["metadata"]["annotations"] = {}
    if rollback is not None:
        annotations[ROLLBACK_TO] = str(rollback.get("revision") or 0)
    else:
        annotations.pop(ROLLBACK_TO, None)


def daemon_set_to_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """The annotation becomes `spec.templateGeneration`."""
    auto(obj)
    annotations = obj["metadata"].get("annotations") or {}
    if TEMPLATE_GENERATION in annotations:
        generation = annotations.pop(TEMPLATE_GENERATION)
        obj["spec"]["templateGeneration"] = parse_int64(generation, TEMPLATE_GENERATION)


def daemon_set_from_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    """`spec.templateGeneration` becomes an annotation, even when it is zero."""
    generation = obj["spec"].get("templateGeneration") or 0
    auto(obj)
    annotations = obj["metadata"].get("annotations")
    if annotations is None:
        annotations = obj["metadata"]["annotations"] = {}
    annotations[TEMPLATE_GENERATION] = str(generation)


def stateful_set_spec_from_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """Claim templates say what they are, as they did when conversion was by reflection."""
    auto(spec)
    for template in spec.get("volumeClaimTemplates") or ():
        template["apiVersion"] = "v1"
        template["kind"] = "PersistentVolumeClaim"


def parse_int64(text: str, name: str) -> int:
    """
    Go's `strconv.ParseInt(text, 10, 64)`.

    Raises:
        NotConvertible: the annotation `name` holds something else.
    """
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit() and -(1 << 63) <= int(text) < 1 << 63):
        raise NotConvertible(f"the annotation {name} is {text!r}, not a whole number of 64 bits")
    return int(text)
