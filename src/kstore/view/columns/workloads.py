"""
The cells of what runs pods: apps, batch, autoscaling and policy.

Ports the printers of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from kstore.scalars.selectors import format_labels, format_selector
from kstore.view.columns.ages import between, since
from kstore.view.columns.metrics import format_metrics, hub_metrics
from kstore.view.columns.reading import (
    NONE,
    UNSET,
    Object,
    condition_true,
    container_cells,
    created,
    deleted,
    items,
    name_of,
    number,
    optional,
    part,
    text,
)


def _template_cells(spec: Object) -> list[Any]:
    """Containers, images and selector of a workload."""
    return [*container_cells(part(spec, "template", "spec")), format_selector(spec.get("selector"))]


def deployment_cells(obj: Object, now: int) -> list[Any]:
    """`printDeployment`: an unreadable selector is `<invalid>`, an empty one empty."""
    spec, status = part(obj, "spec"), part(obj, "status")
    return [
        name_of(obj),
        f"{number(status, 'readyReplicas')}/{number(spec, 'replicas')}",
        number(status, "updatedReplicas"),
        number(status, "availableReplicas"),
        since(created(obj), now),
        *container_cells(part(spec, "template", "spec")),
        format_selector(spec.get("selector"), invalid="<invalid>", empty=""),
    ]


def replica_set_cells(obj: Object, now: int) -> list[Any]:
    """`printReplicaSet`."""
    spec, status = part(obj, "spec"), part(obj, "status")
    return [
        name_of(obj),
        number(spec, "replicas"),
        number(status, "replicas"),
        number(status, "readyReplicas"),
        since(created(obj), now),
        *_template_cells(spec),
    ]


def stateful_set_cells(obj: Object, now: int) -> list[Any]:
    """`printStatefulSet`."""
    spec = part(obj, "spec")
    return [
        name_of(obj),
        f"{number(obj, 'status', 'readyReplicas')}/{number(spec, 'replicas')}",
        since(created(obj), now),
        *container_cells(part(spec, "template", "spec")),
    ]


def daemon_set_cells(obj: Object, now: int) -> list[Any]:
    """`printDaemonSet`."""
    spec, status = part(obj, "spec"), part(obj, "status")
    return [
        name_of(obj),
        number(status, "desiredNumberScheduled"),
        number(status, "currentNumberScheduled"),
        number(status, "numberReady"),
        number(status, "updatedNumberScheduled"),
        number(status, "numberAvailable"),
        format_labels(part(spec, "template", "spec").get("nodeSelector")),
        since(created(obj), now),
        *_template_cells(spec),
    ]


def controller_revision_cells(obj: Object, now: int) -> list[Any]:
    """`printControllerRevision`."""
    owner = next((o for o in items(obj, "metadata", "ownerReferences") if o.get("controller")), None)
    controller = NONE
    if owner is not None:
        group = text(owner, "apiVersion").rpartition("/")[0]
        kind = text(owner, "kind")
        group_kind = f"{kind}.{group}" if group else kind
        controller = f"{group_kind.lower()}/{text(owner, 'name')}" if group_kind else text(owner, "name")
    return [name_of(obj), controller, number(obj, "revision"), since(created(obj), now)]


_JOB_STATES = (
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)


def _job_status(obj: Object) -> str:
    conditions = items(obj, "status", "conditions")
    if condition_true(conditions, "Complete"):
        return "Complete"
    if condition_true(conditions, "Failed"):
        return "Failed"
    if deleted(obj):
        return "Terminating"
    return next((state for kind, state in _JOB_STATES if condition_true(conditions, kind)), "Running")


def _job_completions(obj: Object) -> str:
    spec, succeeded = part(obj, "spec"), number(obj, "status", "succeeded")
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = number(spec, "parallelism")
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(obj: Object, now: int) -> str:
    start, end = part(obj, "status").get("startTime"), part(obj, "status").get("completionTime")
    if start is None:
        return ""
    return since(start, now) if end is None else between(start, end)


def job_cells(obj: Object, now: int) -> list[Any]:
    """`printJob`."""
    return [
        name_of(obj),
        _job_status(obj),
        _job_completions(obj),
        _job_duration(obj, now),
        since(created(obj), now),
        *_template_cells(part(obj, "spec")),
    ]


def cron_job_cells(obj: Object, now: int) -> list[Any]:
    """`printCronJob`."""
    spec, status = part(obj, "spec"), part(obj, "status")
    suspend = spec.get("suspend")
    last = status.get("lastScheduleTime")
    return [
        name_of(obj),
        text(spec, "schedule"),
        optional(spec, NONE, "timeZone"),
        UNSET if suspend is None else str(bool(suspend)),
        len(items(status, "active")),
        NONE if last is None else since(last, now),
        since(created(obj), now),
        *_template_cells(part(spec, "jobTemplate", "spec")),
    ]


def horizontal_pod_autoscaler_cells(obj: Object, now: int) -> list[Any]:
    """`printHorizontalPodAutoscaler`."""
    return autoscaler_cells(obj, now, named=True)


def autoscaler_cells(obj: Object, now: int, *, named: bool) -> list[Any]:
    """An autoscaler with or without the names of resources in front of their values, which 1.30 began with."""
    spec = part(obj, "spec")
    target = part(spec, "scaleTargetRef")
    return [
        name_of(obj),
        f"{text(target, 'kind')}/{text(target, 'name')}",
        format_metrics(*hub_metrics(obj), named=named),
        str(optional(spec, UNSET, "minReplicas")),
        number(spec, "maxReplicas"),
        number(obj, "status", "currentReplicas"),
        since(created(obj), now),
    ]


def pod_disruption_budget_cells(obj: Object, now: int) -> list[Any]:
    """`printPodDisruptionBudget`."""
    spec = part(obj, "spec")
    return [
        name_of(obj),
        str(optional(spec, "N/A", "minAvailable")),
        str(optional(spec, "N/A", "maxUnavailable")),
        number(obj, "status", "disruptionsAllowed"),
        since(created(obj), now),
    ]
