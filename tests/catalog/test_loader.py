"""
Which kinds a release has, and which of them its servers offer.
"""

from __future__ import annotations

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.naming import gvk


@pytest.mark.parametrize(
    ("release", "emulated", "version", "kind", "offered"),
    [
        ("1.33", "", "resource.k8s.io/v1", "ResourceClaim", False),
        ("1.34", "", "resource.k8s.io/v1", "ResourceClaim", True),
        ("1.35", "1.33", "resource.k8s.io/v1", "ResourceClaim", False),
        ("1.35", "1.34", "resource.k8s.io/v1", "ResourceClaim", True),
        ("1.31", "", "flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", True),
        ("1.32", "", "flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", False),
        ("1.37", "", "apps/v1", "Deployment", True),
        ("1.37", "", "apps/v1beta1", "Deployment", False),
        ("1.37", "", "v1", "Nothing", False),
    ],
)
def test_what_a_server_offers(release: str, emulated: str, version: str, kind: str, offered: bool) -> None:
    """A version from the release on that it came in, its own or the one that is emulated, until one removed it."""
    assert Catalog(Release(release, emulated=emulated)).serves(gvk(version, kind)) is offered
