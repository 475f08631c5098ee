"""
Defaults of authentication.k8s.io/v1 (`pkg/apis/authentication/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("authentication.v1")


@rules.default("TokenRequestSpec")
def default_token_request(spec: Obj, _scope: Scope) -> None:
    """A token is valid for an hour."""
    default_member(spec, "expirationSeconds", 3600)
