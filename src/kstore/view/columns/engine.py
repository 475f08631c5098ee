"""
Which kind is printed by what: the columns and cells of `kubectl get`, kind by kind, and whole tables.

Knows the kinds (not their fields: the modules beside this one do) and the meta.k8s.io/v1 Table. What a person sees
of a table is `text_table`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from kstore.catalog.releases import Release, known_releases, minor_of
from kstore.naming import GroupKind, GroupVersionKind
from kstore.view.columns import access, core, extensions, networking, pods, scheduling, storage, workloads
from kstore.view.columns.ages import nanoseconds
from kstore.view.columns.custom import custom_printer
from kstore.view.columns.former import former_cells, former_columns
from kstore.view.columns.printer import Cells, Column, Printer, default_columns, printed_columns
from kstore.view.columns.reading import Object, part


def _storage_class_list(classes: list[Object], now: int) -> Iterator[tuple[Object, list[Any]]]:
    """`printStorageClassList`: the default in effect is marked."""
    default = storage.default_storage_class(classes)
    for obj in classes:
        cells = storage.storage_class_cells(obj, now)
        if default and cells[0] == default:
            cells[0] += " (default)"
        yield obj, cells


def _flow_schema_list(schemas: list[Object], now: int) -> Iterator[tuple[Object, list[Any]]]:
    """`printFlowSchemaList`: in order of precedence."""
    return ((obj, access.flow_schema_cells(obj, now)) for obj in sorted(schemas, key=access.flow_schema_order))


_CELLS: dict[str, dict[str, Cells]] = {
    "": {
        "ComponentStatus": core.component_status_cells,
        "ConfigMap": core.config_map_cells,
        "Endpoints": core.endpoints_cells,
        "Event": core.event_cells,
        "Namespace": core.namespace_cells,
        "Node": core.node_cells,
        "PersistentVolume": core.persistent_volume_cells,
        "PersistentVolumeClaim": core.persistent_volume_claim_cells,
        "Pod": pods.pod_cells,
        "PodTemplate": pods.pod_template_cells,
        "ReplicationController": core.replication_controller_cells,
        "ResourceQuota": core.resource_quota_cells,
        "Secret": core.secret_cells,
        "Service": core.service_cells,
        "ServiceAccount": core.service_account_cells,
    },
    "admissionregistration.k8s.io": {
        "MutatingAdmissionPolicy": access.mutating_admission_policy_cells,
        "MutatingAdmissionPolicyBinding": access.admission_policy_binding_cells,
        "MutatingWebhookConfiguration": access.webhook_configuration_cells,
        "ValidatingAdmissionPolicy": access.validating_admission_policy_cells,
        "ValidatingAdmissionPolicyBinding": access.admission_policy_binding_cells,
        "ValidatingWebhookConfiguration": access.webhook_configuration_cells,
    },
    "apiextensions.k8s.io": {"CustomResourceDefinition": extensions.custom_resource_definition_cells},
    "apiregistration.k8s.io": {"APIService": extensions.api_service_cells},
    "apps": {
        "ControllerRevision": workloads.controller_revision_cells,
        "DaemonSet": workloads.daemon_set_cells,
        "Deployment": workloads.deployment_cells,
        "ReplicaSet": workloads.replica_set_cells,
        "StatefulSet": workloads.stateful_set_cells,
    },
    "autoscaling": {"HorizontalPodAutoscaler": workloads.horizontal_pod_autoscaler_cells},
    "batch": {"CronJob": workloads.cron_job_cells, "Job": workloads.job_cells},
    "certificates.k8s.io": {
        "CertificateSigningRequest": access.certificate_signing_request_cells,
        "ClusterTrustBundle": access.cluster_trust_bundle_cells,
        "PodCertificateRequest": access.pod_certificate_request_cells,
    },
    "coordination.k8s.io": {
        "Lease": scheduling.lease_cells,
        "LeaseCandidate": scheduling.lease_candidate_cells,
    },
    "discovery.k8s.io": {"EndpointSlice": networking.endpoint_slice_cells},
    "events.k8s.io": {"Event": core.event_cells},
    "extensions": {
        "DaemonSet": workloads.daemon_set_cells,
        "Deployment": workloads.deployment_cells,
        "Ingress": networking.ingress_cells,
        "NetworkPolicy": networking.network_policy_cells,
        "ReplicaSet": workloads.replica_set_cells,
    },
    "flowcontrol.apiserver.k8s.io": {
        "FlowSchema": access.flow_schema_cells,
        "PriorityLevelConfiguration": access.priority_level_configuration_cells,
    },
    "internal.apiserver.k8s.io": {"StorageVersion": storage.storage_version_cells},
    "lifecycle.k8s.io": {
        "Eviction": scheduling.eviction_cells,
        "EvictionRequest": scheduling.eviction_request_cells,
    },
    "networking.k8s.io": {
        "IPAddress": networking.ip_address_cells,
        "Ingress": networking.ingress_cells,
        "IngressClass": networking.ingress_class_cells,
        "NetworkPolicy": networking.network_policy_cells,
        "ServiceCIDR": networking.service_cidr_cells,
    },
    "node.k8s.io": {"RuntimeClass": scheduling.runtime_class_cells},
    "policy": {"PodDisruptionBudget": workloads.pod_disruption_budget_cells},
    "rbac.authorization.k8s.io": {
        "ClusterRoleBinding": access.role_binding_cells,
        "RoleBinding": access.role_binding_cells,
    },
    "resource.k8s.io": {
        "DeviceClass": scheduling.name_and_age_cells,
        "DeviceTaintRule": scheduling.device_taint_rule_cells,
        "ResourceClaim": scheduling.resource_claim_cells,
        "ResourceClaimTemplate": scheduling.name_and_age_cells,
        "ResourcePoolStatusRequest": scheduling.resource_pool_status_request_cells,
        "ResourceSlice": scheduling.resource_slice_cells,
    },
    "scheduling.k8s.io": {
        "CompositePodGroup": scheduling.composite_pod_group_cells,
        "PodGroup": scheduling.pod_group_cells,
        "PriorityClass": access.priority_class_cells,
        "Workload": scheduling.name_and_age_cells,
    },
    "storage.k8s.io": {
        "CSIDriver": storage.csi_driver_cells,
        "CSINode": storage.csi_node_cells,
        "StorageClass": storage.storage_class_cells,
        "VolumeAttachment": storage.volume_attachment_cells,
        "VolumeAttributesClass": storage.volume_attributes_class_cells,
    },
    "storagemigration.k8s.io": {"StorageVersionMigration": storage.storage_version_migration_cells},
}
_WHOLE_LISTS = {
    GroupKind("storage.k8s.io", "StorageClass"): _storage_class_list,
    GroupKind("flowcontrol.apiserver.k8s.io", "FlowSchema"): _flow_schema_list,
}
_CONDITIONS = {GroupKind("", "Pod"): pods.pod_row_conditions}
_AS_STORED = frozenset({GroupKind("", "Pod")})
"""Kinds that stores have many of, and whose printers look at no default; tests try each with random objects."""

_AUTOSCALING = "autoscaling.alpha.kubernetes.io/"
_CONVERSION_ANNOTATIONS = {
    "DaemonSet": frozenset({"deprecated.daemonset.template.generation"}),
    "Deployment": frozenset({"deprecated.deployment.rollback.to"}),
    "HorizontalPodAutoscaler": frozenset(
        _AUTOSCALING + name
        for name in (
            "behavior",
            "conditions",
            "current-metrics",
            "metrics",
            "scale-down-tolerance",
            "scale-up-tolerance",
        )
    ),
}
"""Where versions keep what only the hub has fields for (`pkg/apis/apps/v1`, `pkg/apis/autoscaling/annotations.go`)."""


NEWEST = minor_of(known_releases()[-1])


@cache
def _built_in(kind: GroupKind, minor: int) -> Printer:
    cells = _CELLS.get(kind.group, {}).get(kind.kind)
    columns = printed_columns().get(str(kind))
    whole_list = _WHOLE_LISTS.get(kind)
    if minor < NEWEST:
        former = former_cells(kind, minor)
        columns = former_columns(kind, minor) or columns
        cells = former or cells
        whole_list = None if former else whole_list
    if cells is None or columns is None:
        return Printer(default_columns(), extensions.default_cells)
    return Printer(columns, cells, whole_list, _CONDITIONS.get(kind), kind in _AS_STORED)


def printer_for(gvk: GroupVersionKind, crd: Mapping[str, Any] | None = None, release: Release | None = None) -> Printer:
    """
    How the server prints a kind; the kinds it has no printer for show name and time of creation.

    Args:
        gvk: the kind, in the version that its objects are passed in.
        crd: the CustomResourceDefinition of a custom kind, whose additionalPrinterColumns are its columns.
        release: whose server prints; None for the newest's.
    """
    if crd is not None:
        return custom_printer(crd, gvk.version)
    return _built_in(gvk.group_kind, NEWEST if release is None else minor_of(release.name))


def columns_for(gvk: GroupVersionKind, crd: Mapping[str, Any] | None = None) -> tuple[Column, ...]:
    """The columns that the server prints a kind with."""
    return printer_for(gvk, crd).columns


def cells_for(gvk: GroupVersionKind, obj: Object, now: datetime, crd: Mapping[str, Any] | None = None) -> list[Any]:
    """The cells of one object, printed alone; there may be more than columns (an IPAddress has an age)."""
    return printer_for(gvk, crd).cells(obj, nanoseconds(now))


def table(
    gvk: GroupVersionKind,
    objects: Iterable[Object],
    now: datetime,
    crd: Mapping[str, Any] | None = None,
    *,
    resource_version: str = "",
    release: Release | None = None,
) -> dict[str, Any]:
    """
    The meta.k8s.io/v1 Table that the server answers for a list of objects (`includeObject=Metadata`).

    Args:
        gvk: the kind of all the objects.
        objects: the objects, in that version, as the API serves them.
        now: the time that ages are counted to.
        crd: the CustomResourceDefinition of a custom kind.
        resource_version: the revision that the list was read at.
        release: whose server answers; None for the newest's.
    """
    printer = printer_for(gvk, crd, release)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": resource_version} if resource_version else {},
        "columnDefinitions": [column.as_json() for column in printer.columns],
        "rows": [_table_row(printer, obj, cells) for obj, cells in printer.rows(objects, now)],
    }


def _table_row(printer: Printer, obj: Object, cells: list[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": cells}
    if printer.conditions is not None and (conditions := printer.conditions(obj)):
        row["conditions"] = conditions
    row["object"] = {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": _hub_metadata(obj),
    }
    return row


def _hub_metadata(obj: Object) -> dict[str, Any]:
    """The metadata of the hub's object, which the rows carry: without what only conversion puts there."""
    metadata = dict(part(obj, "metadata"))
    annotations = part(obj, "metadata", "annotations")
    dropped = _CONVERSION_ANNOTATIONS.get(obj.get("kind", ""), frozenset()) & annotations.keys()
    if dropped:
        metadata["annotations"] = {key: value for key, value in annotations.items() if key not in dropped}
        if not metadata["annotations"]:
            del metadata["annotations"]
    return metadata
