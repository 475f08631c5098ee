"""
What an update adds to apiextensions.k8s.io
(apiextensions-apiserver, `pkg/registry/customresourcedefinition/strategy.go`, PrepareForUpdate).
"""

from __future__ import annotations

from itertools import pairwise

from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("apiextensions.v1")

_STORED = "apiextensions.v1beta1.CustomResourceDefinitionSpec"
_HUB = "apiextensions.internal.CustomResourceDefinitionSpec"
_WAY = (_STORED, _HUB, "apiextensions.v1.CustomResourceDefinitionSpec", _HUB, _STORED)


@rules.on_update("CustomResourceDefinition")
def update_definition(obj: Obj, scope: Scope, _server: RunningServer) -> bool:
    """
    What is stored as v1beta1 goes through v1, the version that an update is asked for in: what all versions have in
    common moves to the top, and that counts as a change.
    """
    spec = obj.get("spec")
    if not spec or not obj["apiVersion"].endswith("/v1beta1"):
        return False
    before = scope.typed.present(_STORED, spec)
    for source, target in pairwise(_WAY):
        scope.convert(source, target, spec)
    return bool(before != scope.typed.present(_STORED, spec))
