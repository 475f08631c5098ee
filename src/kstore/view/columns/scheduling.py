"""
The cells of dynamic resources, pod groups, leases, runtime classes and evictions.

Ports the printers of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from kstore.view.columns.ages import UNKNOWN, instant, since, until
from kstore.view.columns.reading import (
    NONE,
    UNSET,
    Object,
    created,
    deleted,
    items,
    list_with_more,
    name_of,
    number,
    optional,
    part,
    text,
    trim,
)

_COUNTS = ("totalDevices", "availableDevices", "allocatedDevices", "unavailableDevices")


def name_and_age_cells(obj: Object, now: int) -> list[Any]:
    """`printDeviceClass`, `printResourceClaimTemplate`, `printWorkload`."""
    return [name_of(obj), since(created(obj), now)]


def resource_claim_cells(obj: Object, now: int) -> list[Any]:
    """`printResourceClaim`."""
    status = part(obj, "status")
    states = ["deleted"] if deleted(obj) else []
    if status.get("allocation") is not None:
        states.append("allocated")
        if items(status, "reservedFor"):
            states.append("reserved")
    elif not states:
        states = ["pending"]
    return [name_of(obj), ",".join(states), since(created(obj), now)]


def resource_slice_cells(obj: Object, now: int) -> list[Any]:
    """`printResourceSlice`."""
    spec = part(obj, "spec")
    names = [text(spec, "nodeName"), text(spec, "driver"), text(spec, "pool", "name")]
    return [name_of(obj), *names, since(created(obj), now)]


def _request_status(status: Object) -> tuple[str, str | None]:
    """What became of a request for the status of pools, and when it was completed."""
    for condition in items(status, "conditions"):
        if condition.get("status") == "True" and condition.get("type") in ("Complete", "Failed"):
            done = condition["type"] == "Complete"
            return condition["type"], text(condition, "lastTransitionTime") if done else None
    return "Pending", None


def resource_pool_status_request_cells(obj: Object, now: int) -> list[Any]:
    """`printResourcePoolStatusRequest`."""
    status = obj.get("status")
    state, completed, pool_count = "Pending", None, 0
    counts = ["-"] * (len(_COUNTS) + 1)
    if status is not None:
        pools = items(status, "pools")
        state, completed = _request_status(status)
        pool_count = number(status, "poolCount")
        if state != "Failed":
            counts = [str(_int32(sum(number(pool, name) for pool in pools))) for name in _COUNTS]
            counts.append(str(sum(pool.get("validationError") is not None for pool in pools)))
        if state == "Complete" and pool_count > len(pools):
            state = f"Complete ({len(pools)}/{pool_count} pools)"
    age = NONE if completed is None else since(completed, now)
    return [name_of(obj), text(obj, "spec", "driver"), *counts, pool_count, state, age]


def _int32(value: int) -> int:
    """What is left of a sum that Go keeps in 32 bits."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def device_taint_rule_cells(obj: Object, now: int) -> list[Any]:
    """`printDeviceTaint`."""
    taint = part(obj, "spec", "taint")
    added = taint.get("timeAdded")
    return [
        name_of(obj),
        text(taint, "key"),
        text(taint, "value"),
        text(taint, "effect"),
        "" if added is None else since(added, now),
        since(created(obj), now),
    ]


def runtime_class_cells(obj: Object, now: int) -> list[Any]:
    """`printRuntimeClass`; v1alpha1 kept the handler in a spec."""
    return [
        name_of(obj),
        text(obj, "handler") or text(obj, "spec", "runtimeHandler"),
        since(created(obj), now),
    ]


def lease_cells(obj: Object, now: int) -> list[Any]:
    """`printLease`."""
    return [name_of(obj), text(obj, "spec", "holderIdentity"), since(created(obj), now)]


def lease_candidate_cells(obj: Object, now: int) -> list[Any]:
    """`printLeaseCandidate`."""
    spec = part(obj, "spec")
    names = [text(spec, "leaseName"), text(spec, "binaryVersion"), text(spec, "emulationVersion")]
    return [name_of(obj), *names, since(created(obj), now)]


def _group_policy(spec: Object) -> str:
    return "Basic" if part(spec, "schedulingPolicy").get("gang") is None else "Gang"


def _group_workload(spec: Object) -> str:
    reference = spec.get("workloadRef")
    return NONE if reference is None else text(reference, "workloadName")


def _group_status(obj: Object) -> str:
    conditions = {c.get("type"): c for c in items(obj, "status", "conditions")}
    if (disrupted := conditions.get("DisruptionTarget")) is not None:
        return text(disrupted, "reason")
    if (scheduled := conditions.get("PodGroupInitiallyScheduled")) is not None:
        return "Scheduled" if scheduled.get("status") == "True" else "Unschedulable"
    return "Pending"


def pod_group_cells(obj: Object, now: int) -> list[Any]:
    """`printPodGroup`."""
    spec = part(obj, "spec")
    return [
        name_of(obj),
        _group_policy(spec),
        _group_workload(spec),
        _group_status(obj),
        since(created(obj), now),
    ]


def composite_pod_group_cells(obj: Object, now: int) -> list[Any]:
    """`printCompositePodGroup`."""
    spec = part(obj, "spec")
    return [name_of(obj), _group_policy(spec), _group_workload(spec), since(created(obj), now)]


# ---- evictions


def _eviction_target(obj: Object) -> list[str]:
    pod = part(obj, "spec", "target").get("pod")
    return [UNSET, UNSET] if pod is None else [text(pod, "name"), "Pod"]


def _eviction_status(obj: Object) -> str:
    """`resolveEvictionStatusConditions`."""
    status = part(obj, "status")
    state = "Progressing" if number(status, "observedGeneration") > 0 else "Pending"
    for kind in ("Failed", "TargetEvicted"):
        found = next((c for c in items(status, "conditions") if c.get("type") == kind), None)
        if found is not None and found.get("status") == "True":
            state = f"{kind} ({text(found, 'reason')})"
    return state


def eviction_request_cells(obj: Object, now: int) -> list[Any]:
    """`printEvictionRequest`."""
    spec = part(obj, "spec")
    return [
        name_of(obj),
        *_eviction_target(obj),
        _eviction_status(obj),
        text(spec, "requester"),
        text(spec, "intent"),
        since(created(obj), now),
    ]


def _active_responder(responders: list[Any]) -> tuple[Object | None, int]:
    """The responder at work, else the last that was; and how many were or are."""
    active = [r for r in responders if r.get("state") == "Active"]
    over = [r for r in responders if r.get("state") in ("Canceled", "Interrupted", "Completed")]
    chosen = active or over
    return (chosen[-1] if chosen else None), len(active) + len(over)


def _progress(state: str, report: Object, now: int) -> tuple[str, str]:
    """A responder's status, and when it is expected to finish."""
    if state in ("Canceled", "Interrupted"):
        return state, "-"
    if state == "Completed":
        done = report.get("completionTime")
        return (state if done is None else f"{state} ({since(done, now)} ago)"), "-"
    started, expected = report.get("startTime"), report.get("expectedCompletionTime")
    if state != "Active" or started is None:
        return state, UNKNOWN
    finish = UNKNOWN
    if expected is not None:
        ahead = (instant(expected) or -(1 << 80)) > now
        finish = f"in {until(expected, now)}" if ahead else f"{since(expected, now)} ago"
    return f"Started ({since(started, now)} ago)", finish


def _requesters(status: Object) -> str:
    every = items(status, "requesters")
    standing = sorted(text(r, "name") for r in every if r.get("intent") != "Withdrawn")
    if standing:
        return list_with_more(standing, 1)
    return "<withdrawn>" if every else NONE


def eviction_cells(obj: Object, now: int) -> list[Any]:
    """`printEviction`."""
    status = part(obj, "status")
    responders = items(status, "targetResponders")
    chosen, begun = _active_responder(responders)
    name = UNSET if chosen is None else text(chosen, "name")
    state, finish, heartbeat, message = UNSET, UNKNOWN, UNSET, UNSET
    report = next((r for r in items(status, "responders") if chosen is not None and text(r, "name") == name), None)
    if chosen is not None and report is not None:
        state, finish = _progress(text(chosen, "state"), report, now)
        beat = report.get("heartbeatTime")
        heartbeat = UNSET if beat is None else f"{since(beat, now)} ago"
        message = trim(optional(report, "", "message")) or UNSET
    return [
        name_of(obj),
        *_eviction_target(obj),
        _eviction_status(obj),
        f"{name} ({begun}/{len(responders)})",
        state,
        finish,
        _requesters(status),
        since(created(obj), now),
        heartbeat,
        message,
    ]
