"""
The cells of pods and pod templates.

Ports `printPod` of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from kstore.scalars.selectors import format_labels
from kstore.view.columns.ages import instant, since
from kstore.view.columns.reading import (
    NONE,
    Object,
    condition_true,
    container_cells,
    created,
    deleted,
    items,
    name_of,
    number,
    part,
    text,
)


class _Tally:
    """What is counted while the containers of a pod are walked."""

    def __init__(self, ready: int = 0) -> None:
        self.ready = ready
        self.restarts = 0
        self.last_restart: str | None = None

    def restarted(self, status: Object) -> None:
        """Add a container's restarts, and remember the latest."""
        self.restarts += number(status, "restartCount")
        finished = part(status, "lastState", "terminated").get("finishedAt")
        if (instant(finished) or _NEVER) > (instant(self.last_restart) or _NEVER):
            self.last_restart = finished


_NEVER = -(1 << 80)


def _restartable(container: Object | None) -> bool:
    """Whether an init container is a sidecar (`podutil.IsRestartableInitContainer`)."""
    return container is not None and container.get("restartPolicy") == "Always"


def _ended(state: Object, prefix: str = "") -> str:
    """Why a container has ended, as STATUS says it."""
    terminated = part(state, "terminated")
    if reason := text(terminated, "reason"):
        return prefix + reason
    if signal := number(terminated, "signal"):
        return f"{prefix}Signal:{signal}"
    return f"{prefix}ExitCode:{number(terminated, 'exitCode')}"


def _init_reason(pod: Object, sidecars: _Tally, every: _Tally) -> str | None:
    """Walk the init containers; the STATUS of the first that holds the pod up, or None when all are done."""
    specs = items(pod, "spec", "initContainers")
    by_name = {text(spec, "name"): spec for spec in specs}
    for index, status in enumerate(items(pod, "status", "initContainerStatuses")):
        every.restarted(status)
        sidecar = _restartable(by_name.get(text(status, "name")))
        if sidecar:
            sidecars.restarted(status)
        state = part(status, "state")
        terminated = state.get("terminated")
        if terminated is not None and not number(terminated, "exitCode"):
            continue
        if sidecar and status.get("started"):
            sidecars.ready += bool(status.get("ready"))
            continue
        if terminated is not None:
            return _ended(state, "Init:")
        waiting = text(state, "waiting", "reason")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{len(specs)}"
    return None


def _running_reason(pod: Object, reason: str, tally: _Tally, *, failure_shows: bool) -> str:
    """Walk the containers, last first; the pod's STATUS once it is initialized."""
    running, failure = False, ""
    for status in reversed(items(pod, "status", "containerStatuses")):
        tally.restarted(status)
        state = part(status, "state")
        if waiting := text(state, "waiting", "reason"):
            reason = waiting
        elif state.get("terminated") is not None:
            reason = _ended(state)
            if number(state, "terminated", "exitCode"):
                failure = reason
        elif status.get("ready") and state.get("running") is not None:
            running = True
            tally.ready += 1
    if reason != "Completed":
        return reason
    failure = failure if failure_shows else ""
    if running and any(
        c.get("type") == "Ready" and c.get("status") == "True" for c in items(pod, "status", "conditions")
    ):
        return "Running"
    return failure or ("NotReady" if running else reason)


def _status(
    pod: Object, tallies: tuple[_Tally, _Tally], *, failure_shows: bool, ended_stays: bool
) -> tuple[str, _Tally]:
    """A pod's STATUS, and the tally whose restarts count."""
    status = part(pod, "status")
    phase = text(status, "phase")
    reason = text(status, "reason") or phase
    conditions = items(status, "conditions")
    if any(c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in conditions):
        reason = "SchedulingGated"
    sidecars, tally = tallies
    held_up = _init_reason(pod, sidecars, tally)
    if held_up is not None:
        reason = held_up
    if held_up is None or condition_true(conditions, "Initialized"):
        tally = sidecars
        reason = _running_reason(pod, reason, tally, failure_shows=failure_shows)
    if deleted(pod) and text(status, "reason") == "NodeLost":
        reason = "Unknown"
    elif deleted(pod) and not (ended_stays and phase in ("Failed", "Succeeded")):
        reason = "Terminating"
    return reason, tally


def _readiness_gates(pod: Object) -> str:
    gates = items(pod, "spec", "readinessGates")
    if not gates:
        return NONE
    conditions = items(pod, "status", "conditions")
    return f"{sum(condition_true(conditions, text(gate, 'conditionType')) for gate in gates)}/{len(gates)}"


def pod_ip(pod: Object) -> str:
    """The first address; `podIP` wins over `podIPs` (`pkg/apis/core/v1/conversion.go`, PodStatus)."""
    addresses = items(pod, "status", "podIPs")
    return text(pod, "status", "podIP") or (text(addresses[0], "ip") if addresses else "")


def pod_cells(pod: Object, now: int) -> list[Any]:
    """`printPod`."""
    return printed_pod(pod, now)


def printed_pod(pod: Object, now: int, *, failure_shows: bool = True, ended_stays: bool = True) -> list[Any]:
    """
    A pod's cells as a release prints them.

    Args:
        pod: the pod.
        now: nanoseconds since 1970.
        failure_shows: a container's failure is told although another is done (since 1.35).
        ended_stays: a pod that is over is so while it is deleted, too, and not terminating (since 1.31).
    """
    spec = part(pod, "spec")
    total = len(items(spec, "containers")) + sum(map(_restartable, items(spec, "initContainers")))
    sidecars = _Tally()
    reason, tally = _status(pod, (sidecars, _Tally()), failure_shows=failure_shows, ended_stays=ended_stays)
    restarts = str(tally.restarts)
    if tally.restarts and instant(tally.last_restart) is not None:
        restarts = f"{restarts} ({since(tally.last_restart, now)} ago)"
    return [
        name_of(pod),
        f"{sidecars.ready}/{total}",
        reason,
        restarts,
        since(created(pod), now),
        pod_ip(pod) or NONE,
        text(spec, "nodeName") or NONE,
        text(pod, "status", "nominatedNodeName") or NONE,
        _readiness_gates(pod),
    ]


def pod_template_cells(obj: Object, now: int) -> list[Any]:
    """`printPodTemplate`."""
    template = part(obj, "template")
    return [
        name_of(obj),
        *container_cells(part(template, "spec")),
        format_labels(part(template, "metadata").get("labels")),
    ]


_COMPLETED = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}


def pod_row_conditions(pod: Object) -> list[dict[str, str]]:
    """The conditions of a pod's row: whether it is over (`podSuccessConditions`, `podFailedConditions`)."""
    phase = text(pod, "status", "phase")
    if phase not in _COMPLETED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _COMPLETED[phase]}]
