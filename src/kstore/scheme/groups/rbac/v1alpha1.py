"""
Defaults and conversions of rbac.authorization.k8s.io/v1alpha1 (`pkg/apis/rbac/v1alpha1/{defaults,conversion}.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_text
from kstore.scheme.groups.rbac import bindings
from kstore.scheme.groups.rbac.bindings import GROUP
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("rbac.v1alpha1")

API_VERSION = f"{bindings.GROUP}/v1alpha1"

bindings.declare(rules)


@rules.default("Subject")
def default_subject(subject: Obj, _scope: Scope) -> None:
    """Subjects have a version here, not a group."""
    version = {"ServiceAccount": "v1", "User": API_VERSION, "Group": API_VERSION}.get(subject.get("kind", ""))
    if version is not None:
        default_text(subject, "apiVersion", version)


@rules.to_hub("Subject")
def subject_to_hub(subject: Obj, auto: Auto, _scope: Scope) -> None:
    """The version becomes a group; the user `*` becomes all who are authenticated."""
    kind, version = subject.get("kind", ""), subject.pop("apiVersion", "")
    auto(subject)
    if kind == "ServiceAccount":
        group = ""
    elif kind in ("User", "Group"):
        group = GROUP
    else:
        group = version.partition("/")[0] if version.count("/") == 1 else ""
    subject["apiGroup"] = group
    if kind == "User" and subject.get("name") == "*":
        subject["kind"], subject["name"] = "Group", "system:authenticated"


@rules.from_hub("Subject")
def subject_from_hub(subject: Obj, auto: Auto, _scope: Scope) -> None:
    """The group becomes a version."""
    kind, group = subject.get("kind", ""), subject.pop("apiGroup", "")
    auto(subject)
    if kind == "ServiceAccount" and not group:
        version = "v1"
    elif kind in ("User", "Group") and group == GROUP:
        version = API_VERSION
    else:
        version = f"{group}/" if group else ""
    subject["apiVersion"] = version
