"""
Jobs and CronJobs: what is filled in, by which release.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web"}], "restartPolicy": "Never"}}


def job(release: str = "1.37", **spec: Any) -> dict[str, Any]:
    """What is stored for a Job."""
    return stored(example("Job", "batch/v1", spec={"template": TEMPLATE, **spec}), "batch/v1", release)


def test_a_plain_job() -> None:
    """One pod, six tries, the template's labels."""
    found = job()
    del found["spec"]["template"]
    assert found["metadata"]["labels"] == LABELS
    assert found["spec"] == {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "manualSelector": False,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }


def test_parallelism_alone_makes_no_completions() -> None:
    """A work queue: completions stay unset when only parallelism is said."""
    assert "completions" not in job(parallelism=3)["spec"]
    assert job(completions=3)["spec"]["parallelism"] == 1


def test_a_limit_per_index_replaces_the_limit() -> None:
    """Then the whole Job has none."""
    assert job(backoffLimitPerIndex=1)["spec"]["backoffLimit"] == (1 << 31) - 1


def test_a_failure_policy_waits_for_pods_that_failed() -> None:
    """Otherwise terminating pods are replaced at once."""
    assert job(podFailurePolicy={"rules": []})["spec"]["podReplacementPolicy"] == "Failed"


@pytest.mark.parametrize(("release", "status"), [("1.29", ""), ("1.33", ""), ("1.34", "True"), ("1.37", "True")])
def test_conditions_are_true_ones(release: str, status: str) -> None:
    """A Job's are in every release; a CronJob's only since the type itself has the default."""
    policy = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}

    def first(spec: dict[str, Any]) -> Any:
        return spec["podFailurePolicy"]["rules"][0]["onPodConditions"][0]["status"]

    assert first(job(release, podFailurePolicy=policy)["spec"]) == "True"
    template = {"spec": {"template": TEMPLATE, "podFailurePolicy": policy}}
    cron = example("CronJob", "batch/v1", spec={"schedule": "@daily", "jobTemplate": template})
    assert first(stored(cron, "batch/v1", release)["spec"]["jobTemplate"]["spec"]) == status


@pytest.mark.parametrize("version", ["batch/v1", "batch/v1beta1"])
def test_a_cron_job(version: str) -> None:
    """Runs beside each other; a template is no Job, so nothing is filled in there but the pod."""
    cron = example("CronJob", version, spec={"schedule": "@daily", "jobTemplate": {"spec": {"template": TEMPLATE}}})
    spec = stored(cron, "batch/v1")["spec"]
    template = spec.pop("jobTemplate")
    assert spec == {
        "schedule": "@daily",
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    assert list(template["spec"]) == ["template"]
    assert template["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
