"""
Defaults of storage.k8s.io/v1 (`pkg/apis/storage/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.storage import defaulting
from kstore.scheme.registry import Rules

rules = Rules("storage.v1")

rules.default("StorageClass")(defaulting.default_storage_class)
rules.default("CSIDriver")(defaulting.default_csi_driver)
