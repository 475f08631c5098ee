"""
Who a role is bound to: v1alpha1 names the version of a subject, later versions its group.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

GROUP = "rbac.authorization.k8s.io"
ALPHA, BETA, NEW = f"{GROUP}/v1alpha1", f"{GROUP}/v1beta1", f"{GROUP}/v1"


def subject(found: dict[str, Any], version: str, to: str) -> dict[str, Any]:
    """A binding's subject in another version."""
    binding = example("RoleBinding", version, subjects=[found], roleRef={"kind": "Role", "name": "reader"})
    result: dict[str, Any] = stored(binding, to)["subjects"][0]
    return result


@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding"])
@pytest.mark.parametrize("version", [ALPHA, BETA, NEW])
def test_roles_are_of_this_group(kind: str, version: str) -> None:
    """A reference without a group has this one; one with another keeps it."""
    assert stored(example(kind, version), NEW)["roleRef"]["apiGroup"] == GROUP
    other = example(kind, version, roleRef={"apiGroup": "other", "kind": "Role", "name": "a"})
    assert stored(other, NEW)["roleRef"]["apiGroup"] == "other"


@pytest.mark.parametrize("version", [BETA, NEW])
def test_users_and_groups_are_of_this_group(version: str) -> None:
    """Service accounts are of the core group, which has no name."""
    assert subject({"kind": "User", "name": "ada"}, version, NEW)["apiGroup"] == GROUP
    assert subject({"kind": "Group", "name": "devs"}, version, NEW)["apiGroup"] == GROUP
    account = {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"}
    assert subject(account, version, NEW) == account


def test_version_becomes_group() -> None:
    """Known kinds have their own group whatever v1alpha1 says; of others the version's group is taken."""
    assert subject({"kind": "User", "name": "ada", "apiVersion": "odd/v9"}, ALPHA, NEW)["apiGroup"] == GROUP
    assert subject({"kind": "Robot", "name": "r", "apiVersion": "odd/v9"}, ALPHA, NEW)["apiGroup"] == "odd"
    assert "apiGroup" not in subject({"kind": "Robot", "name": "r", "apiVersion": "v9"}, ALPHA, NEW)
    assert "apiGroup" not in subject({"kind": "Robot", "name": "r", "apiVersion": "a/b/c"}, ALPHA, NEW)


def test_group_becomes_version() -> None:
    """A version that nobody knows is left open: the group and a slash."""
    assert subject({"kind": "User", "name": "ada", "apiGroup": GROUP}, NEW, ALPHA)["apiVersion"] == ALPHA
    assert subject({"kind": "ServiceAccount", "name": "bot"}, NEW, ALPHA)["apiVersion"] == "v1"
    assert subject({"kind": "Robot", "name": "r", "apiGroup": "odd"}, NEW, ALPHA)["apiVersion"] == "odd/"
    assert "apiVersion" not in subject({"kind": "Robot", "name": "r"}, NEW, ALPHA)


def test_the_user_star_was_everybody() -> None:
    """In v1alpha1 `*` stands for all who are authenticated; since v1beta1 it is a name like another."""
    star = {"kind": "User", "name": "*"}
    everybody = {"kind": "Group", "name": "system:authenticated", "apiGroup": GROUP}
    assert subject(star, ALPHA, NEW) == everybody
    assert subject(star, BETA, NEW) == {**star, "apiGroup": GROUP}
    assert subject({"kind": "Group", "name": "*"}, ALPHA, NEW)["name"] == "*"
