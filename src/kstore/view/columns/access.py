"""
The cells of who may do what: RBAC, certificates, admission and priority.

Ports the printers of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from kstore.scalars.selectors import format_labels
from kstore.view.columns.ages import human_duration, since
from kstore.view.columns.reading import (
    NONE,
    UNSET,
    Object,
    created,
    items,
    name_of,
    number,
    optional,
    part,
    text,
)

_V1ALPHA1_RBAC = "rbac.authorization.k8s.io/v1alpha1"


def _subject(subject: Object, api_version: str) -> tuple[str, str]:
    """A subject's kind, and how it is written (`rbac.SubjectsStrings`)."""
    kind, name = text(subject, "kind"), text(subject, "name")
    if kind == "ServiceAccount":
        name = f"{text(subject, 'namespace')}/{name}"
    if api_version == _V1ALPHA1_RBAC and (kind, name) == ("User", "*"):
        # pkg/apis/rbac/v1alpha1/conversion.go: everybody was written as a user
        return "Group", "system:authenticated"
    return kind, name


def role_binding_cells(obj: Object, now: int) -> list[Any]:
    """`printRoleBinding` and `printClusterRoleBinding`."""
    role = part(obj, "roleRef")
    subjects = [_subject(subject, text(obj, "apiVersion")) for subject in items(obj, "subjects")]
    listed = [
        ", ".join(name for subject_kind, name in subjects if subject_kind == kind)
        for kind in ("User", "Group", "ServiceAccount")
    ]
    return [name_of(obj), f"{text(role, 'kind')}/{text(role, 'name')}", since(created(obj), now), *listed]


def _request_condition(obj: Object) -> str:
    """`extractCSRStatus`, in order of precedence."""
    found = {condition.get("type") for condition in items(obj, "status", "conditions")}
    status = "Denied" if "Denied" in found else "Approved" if "Approved" in found else "Pending"
    if "Failed" in found:
        status += ",Failed"
    return status + (",Issued" if text(obj, "status", "certificate") else "")


def certificate_signing_request_cells(obj: Object, now: int) -> list[Any]:
    """`printCertificateSigningRequest`."""
    spec = part(obj, "spec")
    seconds = spec.get("expirationSeconds")
    return [
        name_of(obj),
        since(created(obj), now),
        text(spec, "signerName") or NONE,
        text(spec, "username"),
        NONE if seconds is None else human_duration(seconds * 10**9),
        _request_condition(obj),
    ]


def cluster_trust_bundle_cells(obj: Object, now: int) -> list[Any]:
    """`printClusterTrustBundle`."""
    return [name_of(obj), text(obj, "spec", "signerName") or NONE]


def pod_certificate_request_cells(obj: Object, now: int) -> list[Any]:
    """`printPodCertificateRequest`: its last condition says the state."""
    spec = part(obj, "spec")
    states = [c.get("type") for c in items(obj, "status", "conditions")]
    state = next((s for s in reversed(states) if s in ("Issued", "Denied", "Failed")), "Pending")
    return [
        name_of(obj),
        text(spec, "podName"),
        text(spec, "serviceAccountName"),
        text(spec, "nodeName"),
        text(spec, "signerName"),
        state,
        format_labels(spec.get("unverifiedUserAnnotations")),
    ]


def webhook_configuration_cells(obj: Object, now: int) -> list[Any]:
    """`printMutatingWebhook` and `printValidatingWebhook`."""
    return [name_of(obj), len(items(obj, "webhooks")), since(created(obj), now)]


def _policy(obj: Object, now: int, rules: str) -> list[Any]:
    kind = part(obj, "spec").get("paramKind")
    shown = UNSET if kind is None else f"{text(kind, 'apiVersion')}/{text(kind, 'kind')}"
    return [name_of(obj), len(items(obj, "spec", rules)), shown, since(created(obj), now)]


def validating_admission_policy_cells(obj: Object, now: int) -> list[Any]:
    """`printValidatingAdmissionPolicy`."""
    return _policy(obj, now, "validations")


def mutating_admission_policy_cells(obj: Object, now: int) -> list[Any]:
    """`printMutatingAdmissionPolicy`."""
    return _policy(obj, now, "mutations")


def _go_string(selector: Object) -> str:
    """A LabelSelector as its generated `String` prints it (`apis/meta/v1/generated.pb.go`)."""
    labels = part(selector, "matchLabels")
    expressions = (
        f"LabelSelectorRequirement{{Key:{text(e, 'key')},Operator:{text(e, 'operator')},"
        f"Values:[{' '.join(items(e, 'values'))}],}},"
        for e in items(selector, "matchExpressions")
    )
    pairs = "".join(f"{key}: {labels[key]}," for key in sorted(labels))
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{''.join(expressions)}}},}}"
    )


def admission_policy_binding_cells(obj: Object, now: int) -> list[Any]:
    """`printValidatingAdmissionPolicyBinding` and `printMutatingAdmissionPolicyBinding`."""
    spec = part(obj, "spec")
    reference = part(spec, "paramRef")
    shown = UNSET
    if name := text(reference, "name"):
        shown = f"{text(reference, 'namespace') or '*'}/{name}"
    elif reference.get("selector") is not None:
        shown = _go_string(reference["selector"])
    return [name_of(obj), text(spec, "policyName"), shown, since(created(obj), now)]


def flow_schema_cells(obj: Object, now: int) -> list[Any]:
    """`printFlowSchema`."""
    spec = part(obj, "spec")
    method = spec.get("distinguisherMethod")
    dangling = (text(c, "status") for c in items(obj, "status", "conditions") if c.get("type") == "Dangling")
    return [
        name_of(obj),
        text(spec, "priorityLevelConfiguration", "name"),
        number(spec, "matchingPrecedence"),
        NONE if method is None else text(method, "type"),
        since(created(obj), now),
        next(dangling, "?"),
    ]


def flow_schema_order(obj: Object) -> tuple[int, str]:
    """What flow schemas are listed by (`pkg/apis/flowcontrol/util/helpers.go`, FlowSchemaSequence)."""
    return number(obj, "spec", "matchingPrecedence"), name_of(obj)


def priority_level_configuration_cells(obj: Object, now: int) -> list[Any]:
    """`printPriorityLevelConfiguration`; until v1beta2 the shares were called assured."""
    limited = part(obj, "spec").get("limited")
    shares: int | str = NONE
    queues: int | str = NONE
    hand_size: int | str = NONE
    length: int | str = NONE
    if limited is not None:
        shares = optional(limited, number(limited, "assuredConcurrencyShares"), "nominalConcurrencyShares")
        queuing = part(limited, "limitResponse").get("queuing")
        if queuing is not None:
            queues, hand_size, length = (number(queuing, n) for n in ("queues", "handSize", "queueLengthLimit"))
    kind = text(obj, "spec", "type")
    return [name_of(obj), kind, shares, queues, hand_size, length, since(created(obj), now)]


def priority_class_cells(obj: Object, now: int) -> list[Any]:
    """`printPriorityClass`."""
    return [
        name_of(obj),
        number(obj, "value"),
        optional(obj, False, "globalDefault"),
        since(created(obj), now),
        text(obj, "preemptionPolicy"),
    ]
