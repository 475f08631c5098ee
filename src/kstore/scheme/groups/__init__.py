"""
The rules, ported by hand, path for path like `pkg/apis` of Kubernetes; this list is upstream's `install.go`.
"""

from __future__ import annotations

from kstore.scheme.registry import Rules

MODULES: tuple[Rules, ...] = ()
