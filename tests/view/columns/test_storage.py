"""
Storage classes: what is said of what they leave out, and which of them is the default.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW, TIME

from kstore.naming import gvk
from kstore.view.columns import table
from kstore.view.columns.ages import nanoseconds
from kstore.view.columns.storage import csi_driver_cells, storage_class_cells

DEFAULT, BETA = (f"storageclass.{group}kubernetes.io/is-default-class" for group in ("", "beta."))


def storage_class(name: str, created: str = TIME, annotation: str = "", **members: Any) -> dict[str, Any]:
    """A class, marked as the default by an annotation."""
    marks = {annotation: "true"} if annotation else {}
    return {"metadata": {"name": name, "creationTimestamp": created, "annotations": marks}, **members}


def test_what_a_class_leaves_out() -> None:
    """It deletes its volumes, binds them at once, and does not let them grow."""
    assert storage_class_cells(storage_class("a", provisioner="p"), nanoseconds(NOW)) == [
        "a", "p", "Delete", "Immediate", False, "5m",
    ]  # fmt: skip
    said = storage_class("a", reclaimPolicy="Retain", volumeBindingMode="WaitForFirst", allowVolumeExpansion=True)
    assert storage_class_cells(said, nanoseconds(NOW))[2:5] == ["Retain", "WaitForFirst", True]


@pytest.mark.parametrize(
    ("classes", "default"),
    [
        ([storage_class("a"), storage_class("b")], None),
        ([storage_class("a"), storage_class("b", annotation=BETA)], "b"),
        ([storage_class("a", "2025-01-01T00:00:00Z", DEFAULT), storage_class("b", TIME, DEFAULT)], "b"),
        ([storage_class("a", TIME, DEFAULT), storage_class("b", "2025-01-01T00:00:00Z", DEFAULT)], "a"),
        ([storage_class("b", TIME, DEFAULT), storage_class("a", TIME, DEFAULT)], "a"),
        ([storage_class("b", "", DEFAULT), storage_class("c", TIME, BETA)], "c"),
    ],
)
def test_the_default_in_effect(classes: list[dict[str, Any]], default: str | None) -> None:
    """The youngest that is marked, of equals the first by name; the others are not marked, though they say so."""
    rows = table(gvk("storage.k8s.io/v1", "StorageClass"), classes, NOW)["rows"]
    marked = [row["cells"][0] for row in rows if row["cells"][0].endswith(" (default)")]
    assert marked == ([] if default is None else [f"{default} (default)"])


def test_what_a_driver_leaves_out() -> None:
    """It must be attached, and the rest is off."""
    cells = csi_driver_cells({"metadata": {"name": "d"}, "spec": {}}, nanoseconds(NOW))
    assert cells[1:-1] == [True, False, False, "<unset>", False, "<none>"]
