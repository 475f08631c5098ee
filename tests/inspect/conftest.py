"""
A store in memory for the questions about a store, and how to fill it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.encryption.transformers import Transformers
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource


@pytest.fixture
def source() -> MemorySource:
    """An empty store in memory."""
    return MemorySource()


OpenStore = Callable[..., Store]


@pytest.fixture
def open_store(source: MemorySource) -> OpenStore:
    """Read the store in memory as Kubernetes objects, as of a release and an encryption configuration."""

    def opened(release: str = "1.37", transformers: Transformers | None = None) -> Store:
        return Store(source, Scheme(Release(release)), transformers)

    return opened


def config_map(name: str, namespace: str = "default", **more: Any) -> dict[str, Any]:
    """A config map; `manager` and `time` make an entry in its managedFields."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    if "manager" in more:
        metadata["managedFields"] = [
            {"manager": more.pop("manager"), "operation": "Update", "apiVersion": "v1", "time": more.pop("time"),
             "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}},
        ]  # fmt: skip
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, **more}
