"""
Tables as former releases print them: columns and cells go together, and each change is there from its release on.

tests/e2e/test_tables.py holds them against a real 1.29 and 1.37.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kstore.catalog.releases import Release, known_releases
from kstore.naming import GroupVersionKind
from kstore.view.columns import printer_for
from kstore.view.columns.engine import _CELLS
from kstore.view.columns.former import _FORMER, _columns

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(release: str, group: str, kind: str, **obj: Any) -> dict[str, Any]:
    """An object's cells by column, as a release's server prints a list of it alone."""
    printer = printer_for(GroupVersionKind(group, "v1", kind), None, Release(release))
    whole = {"metadata": {"name": "a", **obj.pop("metadata", {})}, **obj}
    ((_, cells),) = printer.rows([whole], NOW)
    return dict(zip((column.name for column in printer.columns), cells, strict=True))


def job(condition: str) -> dict[str, Any]:
    """The status of a job with one condition that holds."""
    return {"conditions": [{"type": condition, "status": "True"}]}


@pytest.mark.parametrize("release", known_releases())
def test_as_many_cells_as_columns(release: str) -> None:
    """Of every kind and release; an IPAddress and a kind without a printer are printed with what has no column."""
    kinds = {f"{kind}.{group}".rstrip(".") for group, cells in _CELLS.items() for kind in cells}
    for name in sorted(kinds | set(_FORMER) | set(_columns())):
        kind, _, group = name.partition(".")
        printer = printer_for(GroupVersionKind(group, "v1", kind), None, Release(release))
        ((_, cells),) = printer.rows([{"metadata": {"name": "a"}}], NOW)
        assert len(cells) - (kind == "IPAddress") == len(printer.columns), (name, release)


def test_columns_that_came() -> None:
    """A job's status, a CronJob's time zone, a class's preemption policy; the age's place in a quota."""
    assert list(row("1.29", "batch", "Job"))[:3] == ["Name", "Completions", "Duration"]
    assert row("1.30", "batch", "Job", status=job("Failed"))["Status"] == "Failed"
    assert "Timezone" not in row("1.29", "batch", "CronJob")
    assert row("1.30", "batch", "CronJob", spec={"timeZone": "UTC"})["Timezone"] == "UTC"
    assert "PreemptionPolicy" not in row("1.31", "scheduling.k8s.io", "PriorityClass")
    assert row("1.32", "scheduling.k8s.io", "PriorityClass", preemptionPolicy="Never")["PreemptionPolicy"] == "Never"
    assert list(row("1.32", "", "ResourceQuota")) == ["Name", "Age", "Request", "Limit"]
    assert list(row("1.33", "", "ResourceQuota")) == ["Name", "Request", "Limit", "Age"]


def test_columns_that_went() -> None:
    """The Secrets of a ServiceAccount, and what dynamic resources had while they were alpha."""
    assert row("1.34", "", "ServiceAccount", secrets=[{"name": "t"}])["Secrets"] == 1
    assert "Secrets" not in row("1.35", "", "ServiceAccount")
    claim = {"spec": {"resourceClassName": "gpu", "allocationMode": "Immediate"}}
    assert row("1.30", "resource.k8s.io", "ResourceClaim", **claim)["ResourceClassName"] == "gpu"
    assert list(row("1.31", "resource.k8s.io", "ResourceClaim")) == ["Name", "State", "Age"]


def test_states_that_are_said_otherwise() -> None:
    """Of jobs, claims, and pods that are over or that failed beside a container that is done."""
    assert row("1.33", "batch", "Job", status=job("SuccessCriteriaMet"))["Status"] == "Running"
    assert row("1.34", "batch", "Job", status=job("SuccessCriteriaMet"))["Status"] == "SuccessCriteriaMet"
    freed = {"status": {"allocation": {}, "deallocationRequested": True}}
    assert row("1.31", "resource.k8s.io", "ResourceClaim", **freed)["State"] == "allocated,deallocating"
    assert row("1.32", "resource.k8s.io", "ResourceClaim", **freed)["State"] == "allocated"
    over = {"metadata": {"deletionTimestamp": "2025-12-31T23:00:00Z"}, "status": {"phase": "Succeeded"}}
    assert row("1.30", "", "Pod", **over)["Status"] == "Terminating"
    assert row("1.31", "", "Pod", **over)["Status"] == "Succeeded"
    done, failed = (
        {"state": {"terminated": {"exitCode": code, "reason": why}}} for code, why in ((0, "Completed"), (1, "Error"))
    )
    mixed = {"status": {"phase": "Failed", "containerStatuses": [done, failed]}}
    assert row("1.34", "", "Pod", **mixed)["Status"] == "Completed"
    assert row("1.35", "", "Pod", **mixed)["Status"] == "Error"


def test_marks_of_defaults() -> None:
    """Until 1.36 every StorageClass that says so is the default; IngressClasses are marked since 1.36."""
    marked = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
    printer = printer_for(GroupVersionKind("storage.k8s.io", "v1", "StorageClass"), None, Release("1.36"))
    two = [{"metadata": {"name": name, **marked["metadata"]}} for name in ("a", "b")]
    assert [cells[0] for _, cells in printer.rows(two, NOW)] == ["a (default)", "b (default)"]
    assert row("1.37", "storage.k8s.io", "StorageClass", **marked)["Name"] == "a (default)"
    default = {"metadata": {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}}
    assert row("1.35", "networking.k8s.io", "IngressClass", **default)["Name"] == "a"
    assert row("1.36", "networking.k8s.io", "IngressClass", **default)["Name"] == "a (default)"


def test_values_that_are_written_otherwise() -> None:
    """The names of an autoscaler's resources since 1.30, a node's architecture since 1.36."""
    target = {"type": "Utilization", "averageUtilization": 80}
    scaled = {"spec": {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]}}
    assert row("1.29", "autoscaling", "HorizontalPodAutoscaler", **scaled)["Targets"] == "<unknown>/80%"
    assert row("1.30", "autoscaling", "HorizontalPodAutoscaler", **scaled)["Targets"] == "cpu: <unknown>/80%"
    node = {"status": {"nodeInfo": {"kernelVersion": "6.8", "architecture": "arm64"}}}
    assert row("1.35", "", "Node", **node)["Kernel-Version"] == "6.8"
    assert row("1.36", "", "Node", **node)["Kernel-Version"] == "6.8 (arm64)"


def test_older_than_the_oldest_known_exactly() -> None:
    """They are printed as 1.29 is."""
    assert row("1.17", "batch", "Job") == row("1.29", "batch", "Job")


@pytest.mark.parametrize(("sidecar", "ready"), [(True, "2/2"), (False, "1/1")])
def test_sidecars_are_containers_of_a_pod(sidecar: bool, ready: str) -> None:
    """An init container that goes on running is counted among those that are ready, and among all; others are not."""
    init: dict[str, Any] = {"name": "proxy", **({"restartPolicy": "Always"} if sidecar else {})}
    state = {"running": {}} if sidecar else {"terminated": {"exitCode": 0}}
    cells = row(
        "1.37", "", "Pod",
        spec={"containers": [{"name": "web"}], "initContainers": [init]},
        status={
            "phase": "Running",
            "initContainerStatuses": [{"name": "proxy", "ready": sidecar, "started": sidecar, "state": state}],
            "containerStatuses": [{"name": "web", "ready": True, "state": {"running": {}}}],
        },
    )  # fmt: skip
    assert (cells["Ready"], cells["Status"]) == (ready, "Running")
