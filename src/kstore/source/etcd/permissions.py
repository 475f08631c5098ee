"""
What a user of an etcd may read: asked of the server, which tells every user of its own roles.
"""

from __future__ import annotations

from typing import Any

from kstore.errors import KstoreError
from kstore.records import prefix_end
from kstore.source.etcd import messages as rpc
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.member import Member


def readable(connection: Connection) -> tuple[bytes, ...]:
    """
    The prefixes and keys that the user of a connection may read, in order; empty where no user is named, or none tells.

    A range that is no prefix is left out. A user known by a certificate's name alone is not asked about.
    """
    user = connection.options.user
    if not user:
        return ()
    found = set()
    try:
        for role in connection.ask(lambda one: _auth(one).UserGet, rpc.AuthUserGetRequest(name=user)).roles:
            for permission in connection.ask(lambda one: _auth(one).RoleGet, rpc.AuthRoleGetRequest(role=role)).perm:
                whole = not permission.range_end or permission.range_end == prefix_end(permission.key)
                if whole and permission.permType != rpc.Permission.WRITE:
                    found.add(bytes(permission.key))
    except KstoreError:
        return ()
    return tuple(sorted(found))


def _auth(member: Member) -> Any:
    return rpc.AuthStub(member.client.channel)
