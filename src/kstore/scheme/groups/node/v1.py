"""
Defaults of node.k8s.io/v1: none.

`pkg/apis/node/v1` has no defaulting functions, so that not even the amounts of an overhead are rounded.
"""

from __future__ import annotations

from kstore.scheme.registry import Rules

rules = Rules("node.v1", defaulted=False)
