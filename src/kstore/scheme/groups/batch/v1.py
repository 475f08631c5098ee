"""
Defaults of batch/v1 (`pkg/apis/batch/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member, default_text
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("batch.v1")


@rules.default("Job")
def default_job(obj: Obj, scope: Scope) -> None:
    """One pod at a time, six tries, and the template's labels."""
    spec = obj["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    default_member(spec, "parallelism", 1)
    default_member(spec, "backoffLimit", 6 if spec.get("backoffLimitPerIndex") is None else (1 << 31) - 1)
    labels = spec["template"]["metadata"].get("labels")
    if labels is not None and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)
    default_member(spec, "completionMode", "NonIndexed")
    default_member(spec, "suspend", False)
    policy = spec.get("podFailurePolicy")
    if scope.release.rules_minor >= 37 or scope.release.enabled("JobPodReplacementPolicy"):
        default_member(spec, "podReplacementPolicy", "TerminatingOrFailed" if policy is None else "Failed")
    default_member(spec, "manualSelector", False)


@rules.default("Job", releases="-1.33")
def default_job_conditions(obj: Obj, scope: Scope) -> None:
    """Conditions that pods are matched by are true ones; of Jobs only, until the type had the default."""
    for rule in (obj["spec"].get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            default_condition(pattern, scope)


@rules.default("PodFailurePolicyOnPodConditionsPattern", releases="1.34-")
def default_condition(pattern: Obj, _scope: Scope) -> None:
    """A condition that is true."""
    default_text(pattern, "status", "True")


@rules.default("CronJob")
def default_cron_job(obj: Obj, _scope: Scope) -> None:
    """Runs beside each other, three successes and one failure remembered."""
    spec = obj["spec"]
    default_text(spec, "concurrencyPolicy", "Allow")
    default_member(spec, "suspend", False)
    default_member(spec, "successfulJobsHistoryLimit", 3)
    default_member(spec, "failedJobsHistoryLimit", 1)
