"""
Pods, and what makes pods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kstore.catalog.releases import Release
from kstore.naming import gvk
from kstore.scalars.selectors import format_selector
from kstore.view.columns import printer_for
from kstore.view.columns.ages import since
from kstore.view.columns.reading import items, number, part, quantity, text
from kstore.view.describe.fields import fields, label_for, scalar
from kstore.view.describe.heading import moment, pairs
from kstore.view.describe.page import Page, Table, Value

Object = Mapping[str, Any]

_TOLERATION_OPERATORS = {"": "=", "Equal": "=", "Exists": ""}


def cell(obj: Object, now: int, column: str, release: Release | None) -> str:
    """What a release's server prints of an object in one of its columns; None is the newest."""
    name = gvk(text(obj, "apiVersion"), text(obj, "kind"))
    printer = printer_for(name, release=release)
    names = [one.name for one in printer.columns]
    return str(printer.cells(obj, now)[names.index(column)])


def conditions(obj: Object, now: int) -> Page:
    """The conditions of an object's status as a table."""
    rows = [
        (
            text(one, "type"),
            text(one, "status"),
            since(one.get("lastTransitionTime"), now) if one.get("lastTransitionTime") else "",
            text(one, "reason"),
            text(one, "message"),
        )
        for one in items(obj, "status", "conditions")
    ]
    return [("Conditions", Table(("Type", "Status", "Since", "Reason", "Message"), rows))] if rows else []


# ---- pods


def pod(obj: Object, now: int, release: Release | None) -> Page:
    """A Pod: where it runs, its containers with their state, conditions, volumes."""
    spec, status = part(obj, "spec"), part(obj, "status")
    page: Page = [
        ("Status", f"{cell(obj, now, 'Status', release)}, ready {cell(obj, now, 'Ready', release)}"),
        ("Node", text(spec, "nodeName") or "<none>"),
        ("IPs", [text(one, "ip") for one in items(status, "podIPs")] or ([text(status, "podIP")] if status else [])),
    ]
    optional = {
        "Started": moment(text(status, "startTime"), now) if status.get("startTime") else "",
        "Service Account": text(spec, "serviceAccountName"),
        "Priority": " ".join(filter(None, (scalar(spec.get("priority", "")), text(spec, "priorityClassName")))),
        "QoS Class": text(status, "qosClass"),
        "Runtime Class": text(spec, "runtimeClassName"),
        "Reason": text(status, "reason"),
        "Message": text(status, "message"),
    }
    page += [(label, value) for label, value in optional.items() if value]
    return page + _pod_spec(spec, status, now) + conditions(obj, now) + _placement(spec)


def _pod_spec(spec: Object, status: Object, now: int) -> Page:
    """The containers of a pod or a template, and its volumes."""
    page: Page = []
    for label, member in (
        ("Init Containers", "initContainers"),
        ("Containers", "containers"),
        ("Ephemeral Containers", "ephemeralContainers"),
    ):
        states = {text(one, "name"): one for one in items(status, f"{member.removesuffix('s')}Statuses")}
        if found := items(spec, member):
            pages: Page = [
                (name, _container(one, states.get(name), now)) for one in found if (name := text(one, "name"))
            ]
            page.append((label, pages))
    if volumes := items(spec, "volumes"):
        page.append(("Volumes", [(text(volume, "name"), _volume(volume)) for volume in volumes]))
    return page


def _container(container: Object, state: Object | None, now: int) -> Page:
    page: Page = [("Image", text(container, "image"))]
    optional: dict[str, Value] = {
        "Command": _shell(items(container, "command")),
        "Arguments": _shell(items(container, "args")),
        "Ports": [_port(port) for port in items(container, "ports")],
    }
    if state is not None:
        optional["State"] = _state(part(state, "state"), now)
        optional["Last State"] = _state(part(state, "lastState"), now)
        optional["Ready"] = f"{scalar(bool(state.get('ready')))}, {number(state, 'restartCount')} restarts"
    for label, member in (("Requests", "requests"), ("Limits", "limits")):
        found = part(container, "resources", member)
        optional[label] = ", ".join(f"{name} {quantity(found[name])}" for name in sorted(found))
    for label, member in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
        optional[label] = _probe(part(container, member))
    optional["Environment From"] = [_env_from(one) for one in items(container, "envFrom")]
    optional["Environment"] = [f"{text(one, 'name')}={_env(one)}" for one in items(container, "env")]
    optional["Mounts"] = [
        f"{text(one, 'mountPath')} from {text(one, 'name')}{' (read only)' if one.get('readOnly') else ''}"
        for one in items(container, "volumeMounts")
    ]
    return page + [(label, value) for label, value in optional.items() if value]


def _shell(words: list[Any]) -> str:
    import shlex

    return shlex.join(map(str, words))


def _port(port: Object) -> str:
    name = f" ({text(port, 'name')})" if text(port, "name") else ""
    host = f", host port {port['hostPort']}" if port.get("hostPort") else ""
    return f"{number(port, 'containerPort')}/{text(port, 'protocol') or 'TCP'}{name}{host}"


def _state(state: Object, now: int) -> str:
    if "running" in state:
        return f"running since {moment(text(state, 'running', 'startedAt'), now)}"
    if "terminated" in state:
        ended = part(state, "terminated")
        finished = moment(text(ended, "finishedAt"), now)
        return f"terminated: {text(ended, 'reason')}, exit code {number(ended, 'exitCode')}, {finished}"
    if "waiting" in state:
        waiting = part(state, "waiting")
        return ": ".join(filter(None, ("waiting", text(waiting, "reason"), text(waiting, "message"))))
    return ""


def _probe(probe: Object) -> str:
    if not probe:
        return ""
    actions: dict[str, Callable[[Object], str]] = {
        "httpGet": lambda a: f"{text(a, 'scheme') or 'HTTP'} GET {text(a, 'path') or '/'} on {a.get('port')}",
        "tcpSocket": lambda a: f"TCP on {a.get('port')}",
        "grpc": lambda a: f"gRPC on {a.get('port')}",
        "exec": lambda a: f"exec {_shell(items(a, 'command'))}",
    }
    action = next((show(part(probe, name)) for name, show in actions.items() if name in probe), "nothing")
    every = number(probe, "periodSeconds") or 10
    return f"{action}, every {every}s after {number(probe, 'initialDelaySeconds')}s"


def _env_from(source: Object) -> str:
    for member, label in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if member in source:
            return f"{label} {text(source, member, 'name')}"
    return ""


def _env(variable: Object) -> str:
    source = part(variable, "valueFrom")
    if not source:
        return text(variable, "value")
    for member, label in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if member in source:
            return f"<key {text(source, member, 'key')} of {label} {text(source, member, 'name')}>"
    if "fieldRef" in source:
        return f"<{text(source, 'fieldRef', 'fieldPath')}>"
    return f"<{', '.join(source)}>"


def _volume(volume: Object) -> Value:
    """The volume's source: its kind, and what of it is set."""
    source = next((name for name in volume if name != "name"), "")
    if not source:
        return "emptyDir"
    if source == "projected":
        return [_projection(one) for one in items(volume, source, "sources")]
    details = part(volume, source)
    shown = ", ".join(
        f"{label_for(name).lower()} {scalar(value)}"
        for name, value in details.items()
        if not isinstance(value, dict | list)
    )
    return f"{source}{f' ({shown})' if shown else ''}"


def _projection(source: Object) -> str:
    kind = next(iter(source), "")
    detail = text(source, kind, "name") or text(source, kind, "path")
    return f"projected {kind} {detail}".rstrip()


def _placement(spec: Object) -> Page:
    """Where a pod may run."""
    page: Page = []
    if spec.get("nodeSelector"):
        page.append(("Node Selectors", pairs(spec["nodeSelector"])))
    if tolerations := items(spec, "tolerations"):
        page.append(("Tolerations", [_toleration(one) for one in tolerations]))
    if spec.get("affinity"):
        page.append(("Affinity", fields(part(spec, "affinity"))))
    return page


def _toleration(one: Object) -> str:
    operator = _TOLERATION_OPERATORS.get(text(one, "operator"), f" {text(one, 'operator')} ")
    value = f"{operator}{text(one, 'value')}" if operator else ""
    effect = f":{text(one, 'effect')}" if text(one, "effect") else ""
    seconds = f" for {one['tolerationSeconds']}s" if one.get("tolerationSeconds") is not None else ""
    return (text(one, "key") or "everything") + value + effect + seconds


# ---- what makes pods


def controller(obj: Object, now: int) -> Page:
    """A Deployment, DaemonSet, StatefulSet, ReplicaSet, ReplicationController or Job."""
    spec, status = part(obj, "spec"), part(obj, "status")
    page: Page = [("Selector", _selector(spec))]
    if counts := _counts(spec, status):
        page.append(("Pods", counts))
    strategy = part(spec, "strategy") or part(spec, "updateStrategy")
    if strategy:
        page.append(("Strategy", _strategy(strategy)))
    skip = ("selector", "replicas", "strategy", "updateStrategy", "template", "volumeClaimTemplates")
    page += fields(spec, skip=skip)
    template = part(spec, "template")
    inner: Page = [("Labels", pairs(part(template, "metadata").get("labels")))]
    if annotations := part(template, "metadata").get("annotations"):
        inner.append(("Annotations", pairs(annotations)))
    if account := text(template, "spec", "serviceAccountName"):
        inner.append(("Service Account", account))
    inner += _pod_spec(part(template, "spec"), {}, now) + _placement(part(template, "spec"))
    page.append(("Pod Template", inner))
    for claim in items(spec, "volumeClaimTemplates"):
        page.append((f"Volume Claim {text(claim, 'metadata', 'name')}", fields(part(claim, "spec"))))
    return page + conditions(obj, now)


def _selector(spec: Object) -> str:
    """The labels selected: of a LabelSelector, or of the older plain map."""
    selector = spec.get("selector")
    if not selector:
        return "<none>"
    if "matchLabels" in selector or "matchExpressions" in selector:
        return format_selector(selector)
    return format_selector({"matchLabels": selector})


def _counts(spec: Object, status: Object) -> str:
    """How many pods are wanted, and how many there are of each sort."""
    wanted = spec.get("replicas", status.get("desiredNumberScheduled", spec.get("completions")))
    counts = [] if wanted is None else [f"{wanted} desired"]
    for name in (
        "updatedReplicas", "replicas", "currentReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas",
        "currentNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable", "numberMisscheduled",
        "active", "succeeded", "failed",
    ):  # fmt: skip
        if name in status:
            short = label_for(name).lower().replace("number ", "").replace(" replicas", "").replace("replicas", "total")
            counts.append(f"{status[name]} {short}")
    return ", ".join(counts)


def _strategy(strategy: Object) -> str:
    rolling = part(strategy, "rollingUpdate")
    details = ", ".join(f"{label_for(name).lower()} {scalar(value)}" for name, value in rolling.items())
    kind = text(strategy, "type") or "RollingUpdate"
    return f"{kind} ({details})" if details else kind
