"""
What a user may read, by the roles that a server tells of.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from kstore.errors import StoreUnreachable
from kstore.source.etcd import messages as rpc
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.permissions import readable

READ, WRITE, READWRITE = (rpc.Permission.READ, rpc.Permission.WRITE, rpc.Permission.READWRITE)
ROLES = {
    "reader": [(READ, b"/registry/pods/", b"/registry/pods0"), (READ, b"/registry/leases/", b"/registry/leases0")],
    "writer": [(WRITE, b"/registry/jobs/", b"/registry/jobs0"), (READWRITE, b"/registry/nodes/", b"/registry/nodes0")],
    "key": [(READ, b"/registry/health", b"")],
    "range": [(READ, b"/registry/a", b"/registry/c")],
    "again": [(READ, b"/registry/pods/", b"/registry/pods0")],
    "all": [(READ, b"\0", b"\0")],
}  # fmt: skip


class Auth:
    """A server's `Auth` service."""

    def __init__(self, roles: list[str]) -> None:
        self.roles = roles
        self.users: list[str] = []

    def UserGet(self, request: Any) -> Any:
        """The names of a user's roles."""
        self.users.append(request.name)
        return rpc.AuthUserGetResponse(roles=self.roles)

    def RoleGet(self, request: Any) -> Any:
        """The permissions of a role."""
        permissions = [rpc.Permission(permType=kind, key=key, range_end=end) for kind, key, end in ROLES[request.role]]
        return rpc.AuthRoleGetResponse(perm=permissions)


def may_read(monkeypatch: pytest.MonkeyPatch, auth: Auth, user: str = "backup") -> tuple[bytes, ...]:
    """What is found for a user of a server."""
    monkeypatch.setattr("kstore.source.etcd.permissions._auth", lambda _: auth)

    def ask(call: Any, request: Any) -> Any:
        return call(None)(request)

    return readable(cast(Connection, SimpleNamespace(options=SimpleNamespace(user=user), ask=ask)))


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([], ()),
        (["reader"], (b"/registry/leases/", b"/registry/pods/")),
        (["reader", "again"], (b"/registry/leases/", b"/registry/pods/")),
        (["writer"], (b"/registry/nodes/",)),
        (["key", "writer"], (b"/registry/health", b"/registry/nodes/")),
        (["range"], ()),
        (["all"], ()),
    ],
)
def test_what_roles_permit(monkeypatch: pytest.MonkeyPatch, roles: list[str], expected: tuple[bytes, ...]) -> None:
    """Prefixes and keys that may be read, of all roles, each once, in order; no ranges, nor what is only written."""
    auth = Auth(roles)
    assert may_read(monkeypatch, auth) == expected
    assert auth.users == ["backup"]


def test_without_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked: who the server takes us for is not known."""
    auth = Auth(["reader"])
    assert may_read(monkeypatch, auth, user="") == ()
    assert auth.users == []


def test_a_server_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no error of what was to be done: nothing is known."""
    auth = Auth(["reader"])

    def refuse(_: Any) -> Any:
        raise StoreUnreachable("no answer")

    monkeypatch.setattr(auth, "RoleGet", refuse)
    assert may_read(monkeypatch, auth) == ()
