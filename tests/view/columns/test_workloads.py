"""
What a job's status says, by its conditions and its deletion.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW, TIME

from kstore.view.columns.ages import nanoseconds
from kstore.view.columns.workloads import job_cells


@pytest.mark.parametrize(
    ("conditions", "going", "status"),
    [
        ((), False, "Running"), ((), True, "Terminating"), (("Suspended",), False, "Suspended"),
        (("Suspended",), True, "Terminating"), (("Complete",), True, "Complete"), (("Failed",), True, "Failed"),
        (("FailureTarget", "Suspended"), False, "Suspended"), (("FailureTarget",), False, "FailureTarget"),
        (("SuccessCriteriaMet", "Complete"), False, "Complete"), (("SuccessCriteriaMet",), False, "SuccessCriteriaMet"),
        (("Failed", "Complete"), False, "Complete"),
    ],
)  # fmt: skip
def test_the_status_of_a_job(conditions: tuple[str, ...], going: bool, status: str) -> None:
    """What is over says how; what is being deleted is going before it is suspended (`printJob`)."""
    metadata: dict[str, Any] = {"name": "j", "deletionTimestamp": TIME} if going else {"name": "j"}
    found = [{"type": one, "status": "True"} for one in conditions]
    assert job_cells({"metadata": metadata, "status": {"conditions": found}}, nanoseconds(NOW))[1] == status


@pytest.mark.parametrize(
    ("spec", "cell"),
    [
        ({"completions": 5, "parallelism": 2}, "3/5"), ({"completions": 0}, "3/0"), ({"parallelism": 4}, "3/1 of 4"),
        ({"parallelism": 1}, "3/1"), ({}, "3/1"),
    ],
)  # fmt: skip
def test_how_many_have_completed(spec: dict[str, Any], cell: str) -> None:
    """Of so many; of a work queue beside how many run at once."""
    assert job_cells({"metadata": {"name": "j"}, "spec": spec, "status": {"succeeded": 3}}, nanoseconds(NOW))[2] == cell


@pytest.mark.parametrize(
    ("status", "cell"),
    [
        ({}, ""), ({"startTime": TIME}, "5m"),
        ({"startTime": TIME, "completionTime": "2026-01-02T03:04:47Z"}, "42s"),
    ],
)  # fmt: skip
def test_how_long_it_ran(status: dict[str, Any], cell: str) -> None:
    """To its end, or until now."""
    assert job_cells({"metadata": {"name": "j"}, "status": status}, nanoseconds(NOW))[3] == cell
