"""
The cells of claims, and of a request for the status of resource pools, from what its server has told so far.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW, TIME

from kstore.view.columns.ages import nanoseconds
from kstore.view.columns.scheduling import resource_claim_cells, resource_pool_status_request_cells

COMPLETE = [{"type": "Complete", "status": "True", "lastTransitionTime": TIME}]
FAILED = [{"type": "Failed", "status": "True", "lastTransitionTime": TIME}]
POOL = {"totalDevices": 8, "availableDevices": 5, "allocatedDevices": 2, "unavailableDevices": 1}


@pytest.mark.parametrize(
    ("status", "cells"),
    [
        (None, ["-", "-", "-", "-", "-", 0, "Pending", "<none>"]),
        ({"pools": [POOL], "poolCount": 1}, ["8", "5", "2", "1", "0", 1, "Pending", "<none>"]),
        ({"pools": [POOL, POOL], "poolCount": 2, "conditions": COMPLETE},
         ["16", "10", "4", "2", "0", 2, "Complete", "5m"]),
        ({"pools": [POOL], "poolCount": 3, "conditions": COMPLETE},
         ["8", "5", "2", "1", "0", 3, "Complete (1/3 pools)", "5m"]),
        ({"pools": [POOL, {"validationError": "none"}], "poolCount": 2, "conditions": COMPLETE},
         ["8", "5", "2", "1", "1", 2, "Complete", "5m"]),
        ({"pools": [POOL], "poolCount": 3, "conditions": FAILED}, ["-", "-", "-", "-", "-", 3, "Failed", "<none>"]),
        ({"pools": [{"totalDevices": (1 << 31) - 1}, {"totalDevices": 1}], "poolCount": 2},
         [str(-(1 << 31)), "0", "0", "0", "0", 2, "Pending", "<none>"]),
    ],
)  # fmt: skip
def test_what_a_request_has_come_to(status: dict[str, Any] | None, cells: list[Any]) -> None:
    """Sums over the pools, as soon as there are any; of a part of them how many of how many."""
    obj = {"metadata": {"name": "all", "creationTimestamp": TIME}, "spec": {"driver": "gpu"}}
    found = resource_pool_status_request_cells(obj if status is None else {**obj, "status": status}, nanoseconds(NOW))
    assert found == ["all", "gpu", *cells]


@pytest.mark.parametrize(
    ("gone", "status", "cell"),
    [
        (False, {}, "pending"),
        (True, {}, "deleted"),
        (False, {"reservedFor": [{"name": "p"}]}, "pending"),
        (False, {"allocation": {}}, "allocated"),
        (True, {"allocation": {}, "reservedFor": [{"name": "p"}]}, "deleted,allocated,reserved"),
    ],
)
def test_the_state_of_a_claim(gone: bool, status: dict[str, Any], cell: str) -> None:
    """What is being deleted and not allocated is not pending."""
    metadata = {"name": "c", **({"deletionTimestamp": TIME} if gone else {})}
    assert resource_claim_cells({"metadata": metadata, "status": status}, nanoseconds(NOW))[1] == cell
