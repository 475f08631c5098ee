"""
Cells of the core group where one member wins over another.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW

from kstore.view.columns import core
from kstore.view.columns.ages import nanoseconds

BETA = "volume.beta.kubernetes.io/storage-class"


@pytest.mark.parametrize(
    ("annotations", "field", "cell"),
    [
        ({}, "new", "new"),
        ({BETA: "old"}, "new", "old"),
        ({BETA: ""}, "new", ""),
        ({BETA: "old"}, None, "old"),
        ({}, None, ""),
    ],
)
def test_the_class_of_a_volume(annotations: dict[str, str], field: str | None, cell: str) -> None:
    """The annotation of beta comes before the field, even an empty one (`helper.GetPersistentVolumeClass`)."""
    spec: dict[str, Any] = {} if field is None else {"storageClassName": field}
    obj = {"metadata": {"name": "v", "annotations": annotations}, "spec": spec}
    now = nanoseconds(NOW)
    assert core.persistent_volume_cells(obj, now)[6] == core.persistent_volume_claim_cells(obj, now)[5] == cell


@pytest.mark.parametrize(
    ("addresses", "ports", "cell"),
    [
        ([], [], "<none>"),
        (["192.0.2.1"], [], "192.0.2.1"),
        (["192.0.2.1", "2001:db8::1"], [80], "192.0.2.1:80,[2001:db8::1]:80"),
        (["192.0.2.1"], [80, 443, 8080], "192.0.2.1:80,192.0.2.1:443,192.0.2.1:8080"),
        (["192.0.2.1", "192.0.2.2"], [80, 443], "192.0.2.1:80,192.0.2.2:80,192.0.2.1:443 + 1 more..."),
    ],
)
def test_endpoints(addresses: list[str], ports: list[int], cell: str) -> None:
    """Three of them, and how many more there are."""
    subset = {"addresses": [{"ip": one} for one in addresses], "ports": [{"port": one} for one in ports]}
    obj = {"metadata": {"name": "e"}, "subsets": [subset] if addresses else []}
    assert core.endpoints_cells(obj, nanoseconds(NOW))[1] == cell
