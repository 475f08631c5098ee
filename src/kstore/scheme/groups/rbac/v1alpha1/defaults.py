"""
Defaults of rbac.authorization.k8s.io/v1alpha1 (`pkg/apis/rbac/v1alpha1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_text
from kstore.scheme.groups.rbac import bindings
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("rbac.v1alpha1")

API_VERSION = f"{bindings.GROUP}/v1alpha1"

bindings.declare(rules)


@rules.default("Subject")
def default_subject(subject: Obj, _scope: Scope) -> None:
    """Subjects have a version here, not a group."""
    version = {"ServiceAccount": "v1", "User": API_VERSION, "Group": API_VERSION}.get(subject.get("kind", ""))
    if version is not None:
        default_text(subject, "apiVersion", version)
