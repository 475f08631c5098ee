"""
What releases before the newest print otherwise: the cells of a kind, up to and with a minor release.

Ports what changed in `pkg/printers/internalversion/printers.go` from 1.29 to 1.37; older releases are printed as 1.29
is. The columns beside these cells are `former_columns.json` (tools/generate_former_columns.py).
"""

from __future__ import annotations

import json
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from kstore.naming import GroupKind
from kstore.view.columns import access, core, networking, pods, scheduling, storage, workloads
from kstore.view.columns.ages import since
from kstore.view.columns.printer import Cells, Column
from kstore.view.columns.reading import Object, annotation, created, deleted, items, name_of, part, text

_DEFAULT_ATTRIBUTES_CLASS: Final = "volumeattributesclass.alpha.kubernetes.io/is-default-class"
_WITHOUT_STATUS, _WITHOUT_TIME_ZONE = 1, 2
"""Where the cell stands that was not there yet."""


def _without(cells: Cells, at: int) -> Cells:
    """The same cells but one."""

    def fewer(obj: Object, now: int) -> list[Any]:
        found = cells(obj, now)
        return [*found[:at], *found[at:][1:]]

    return fewer


def _job_cells(obj: Object, now: int) -> list[Any]:
    """1.30 to 1.33: that a job met its criteria of success was no state of its own."""
    return ["Running" if cell == "SuccessCriteriaMet" else cell for cell in workloads.job_cells(obj, now)]


def _service_account_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.34: how many Secrets it has."""
    return [name_of(obj), len(items(obj, "secrets")), since(created(obj), now)]


def _resource_quota_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.32: the age stood second."""
    name, requests, limits, age = core.resource_quota_cells(obj, now)
    return [name, age, requests, limits]


def _node_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.35: the kernel without its architecture."""
    plain = {
        **obj,
        "status": {**part(obj, "status"), "nodeInfo": {**part(obj, "status", "nodeInfo"), "architecture": ""}},
    }
    return core.node_cells(plain, now)


def _ingress_class_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.35: the default was not marked."""
    return [name_of(obj), *networking.ingress_class_cells(obj, now)[1:]]


def _storage_class_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.36: each that says that it is the default was marked."""
    name, *rest = storage.storage_class_cells(obj, now)
    return [f"{name} (default)" if storage.is_marked_default(obj) else name, *rest]


def _volume_attributes_class_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.33: a default could be marked, by an annotation that was alpha."""
    name, *rest = storage.volume_attributes_class_cells(obj, now)
    return [f"{name} (default)" if annotation(obj, _DEFAULT_ATTRIBUTES_CLASS) == "true" else name, *rest]


def _migration_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.34: the resource with its version, and no state."""
    resource = part(obj, "spec", "resource")
    return [name_of(obj), ".".join(text(resource, name) for name in ("resource", "version", "group"))]


def _pod_group_cells(obj: Object, now: int) -> list[Any]:
    """1.36: another condition, and another way to the workload (scheduling.k8s.io/v1alpha2)."""
    spec = part(obj, "spec")
    conditions = [
        {**one, "type": "PodGroupInitiallyScheduled"} if one.get("type") == "PodGroupScheduled" else one
        for one in items(obj, "status", "conditions")
        if one.get("type") != "PodGroupInitiallyScheduled"
    ]
    reference = spec.get("podGroupTemplateRef")
    workload = None if reference is None else part(reference, "workload")
    as_now = {**obj, "spec": {**spec, "workloadRef": workload}, "status": {"conditions": conditions}}
    return scheduling.pod_group_cells(as_now, now)


# ---- dynamic resources, while they were alpha


def _claim_state(obj: Object) -> str:
    """`resourceClaimState` up to 1.31: claims could be deallocated."""
    status = part(obj, "status")
    states = ["deleted"] if deleted(obj) else []
    if status.get("allocation") is None:
        return ",".join(states or ["pending"])
    states.append("allocated")
    if items(status, "reservedFor"):
        states.append("reserved")
    elif deleted(obj) or status.get("deallocationRequested"):
        states.append("deallocating")
    return ",".join(states)


def _claim_cells(obj: Object, now: int) -> list[Any]:
    return [name_of(obj), _claim_state(obj), since(created(obj), now)]


def _classified_claim_cells(obj: Object, now: int) -> list[Any]:
    """Up to 1.30, as resource.k8s.io/v1alpha2 has claims."""
    spec = part(obj, "spec")
    return [name_of(obj), *_class_and_mode(spec), _claim_state(obj), since(created(obj), now)]


def _claim_template_cells(obj: Object, now: int) -> list[Any]:
    return [name_of(obj), *_class_and_mode(part(obj, "spec", "spec")), since(created(obj), now)]


def _class_and_mode(spec: Object) -> list[str]:
    return [text(spec, "resourceClassName"), text(spec, "allocationMode")]


def _driver_cells(obj: Object, now: int) -> list[Any]:
    """`printResourceClass`."""
    return [name_of(obj), text(obj, "driverName"), since(created(obj), now)]


def _scheduling_context_cells(obj: Object, now: int) -> list[Any]:
    """`printPodSchedulingContext`."""
    return [name_of(obj), text(obj, "spec", "selectedNode"), since(created(obj), now)]


def _parameters_cells(obj: Object, now: int) -> list[Any]:
    """`printResourceClaimParameters` and `printResourceClassParameters`."""
    source = obj.get("generatedFrom")
    shown = "" if source is None else f"{text(source, 'kind')}.{text(source, 'apiGroup')} {text(source, 'name')}"
    return [name_of(obj), shown, since(created(obj), now)]


def _node_slice_cells(obj: Object, now: int) -> list[Any]:
    """`printResourceSlice` of 1.30."""
    return [name_of(obj), text(obj, "nodeName"), text(obj, "driverName"), since(created(obj), now)]


_FORMER: Final[dict[str, tuple[tuple[int, Cells], ...]]] = {
    "CronJob.batch": ((29, _without(workloads.cron_job_cells, _WITHOUT_TIME_ZONE)),),
    "HorizontalPodAutoscaler.autoscaling": ((29, partial(workloads.autoscaler_cells, named=False)),),
    "IngressClass.networking.k8s.io": ((35, _ingress_class_cells),),
    "Job.batch": ((29, _without(workloads.job_cells, _WITHOUT_STATUS)), (33, _job_cells)),
    "Node": ((35, _node_cells),),
    "Pod": (
        (30, partial(pods.printed_pod, failure_shows=False, ended_stays=False)),
        (34, partial(pods.printed_pod, failure_shows=False)),
    ),
    "PodCertificateRequest.certificates.k8s.io": ((34, _without(access.pod_certificate_request_cells, 6)),),
    "PodGroup.scheduling.k8s.io": ((36, _pod_group_cells),),
    "PodSchedulingContext.resource.k8s.io": ((31, _scheduling_context_cells),),
    "PriorityClass.scheduling.k8s.io": ((31, _without(access.priority_class_cells, 4)),),
    "ResourceClaim.resource.k8s.io": ((30, _classified_claim_cells), (31, _claim_cells)),
    "ResourceClaimParameters.resource.k8s.io": ((30, _parameters_cells),),
    "ResourceClaimTemplate.resource.k8s.io": ((30, _claim_template_cells),),
    "ResourceClass.resource.k8s.io": ((30, _driver_cells),),
    "ResourceClassParameters.resource.k8s.io": ((30, _parameters_cells),),
    "ResourceQuota": ((32, _resource_quota_cells),),
    "ResourceSlice.resource.k8s.io": ((30, _node_slice_cells),),
    "ServiceAccount": ((34, _service_account_cells),),
    "StorageClass.storage.k8s.io": ((36, _storage_class_cells),),
    "StorageVersionMigration.storagemigration.k8s.io": ((34, _migration_cells),),
    "VolumeAttributesClass.storage.k8s.io": ((33, _volume_attributes_class_cells),),
}
"""By kind: the last minor release that prints it so, and how; the oldest first."""


def former_cells(kind: GroupKind, minor: int) -> Cells | None:
    """The cells of a kind as a minor release prints them; None where it prints them as the newest does."""
    return next((cells for last, cells in _FORMER.get(str(kind), ()) if minor <= last), None)


def former_columns(kind: GroupKind, minor: int) -> tuple[Column, ...] | None:
    """The columns of a kind as a minor release has them; None where they are those of the newest."""
    return next((columns for last, columns in _columns().get(str(kind), ()) if minor <= last), None)


@cache
def _columns() -> dict[str, list[tuple[int, tuple[Column, ...]]]]:
    facts = json.loads(Path(__file__).with_name("former_columns.json").read_bytes())
    told = facts["descriptions"]
    return {
        kind: [
            (
                last,
                tuple(Column(name, type_, form, told[index], priority) for name, type_, form, priority, index in rows),
            )
            for last, rows in spans
        ]
        for kind, spans in facts["kinds"].items()
    }
