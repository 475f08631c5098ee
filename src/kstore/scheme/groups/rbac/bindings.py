"""
Defaults of role bindings that the versions have in common (`pkg/apis/rbac/<version>/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_text
from kstore.scheme.registry import Obj, Rules, Scope

GROUP = "rbac.authorization.k8s.io"


def declare(rules: Rules) -> None:
    """Declare that roles are this group's."""
    for name in ("RoleBinding", "ClusterRoleBinding"):
        rules.default(name)(_default_role)


def declare_subjects(rules: Rules) -> None:
    """Declare the group of subjects: users and groups are this group's."""
    rules.default("Subject")(_default_subject)


def _default_role(binding: Obj, _scope: Scope) -> None:
    default_text(binding["roleRef"], "apiGroup", GROUP)


def _default_subject(subject: Obj, _scope: Scope) -> None:
    if subject.get("kind") in ("User", "Group"):
        default_text(subject, "apiGroup", GROUP)
