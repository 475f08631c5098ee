"""
Keys and the resources that they mean.
"""

from __future__ import annotations

import pytest

from kstore.catalog.mapper import ResourceMapper
from kstore.catalog.releases import Release
from kstore.catalog.resources import ResourceInfo, resources_of


@pytest.fixture(scope="module")
def mapper() -> ResourceMapper[ResourceInfo]:
    """The resources of the newest release."""
    return ResourceMapper(resources_of(Release("1.37")))


@pytest.mark.parametrize(
    ("path", "resource", "namespace", "name"),
    [
        ("pods/shop/web", "pods", "shop", "web"),
        ("pods/shop/web/", "pods", "shop", "web"),
        ("pods/shop/web/more", "pods", "shop", "web/more"),
        ("pods/shop", "pods", "shop", ""),
        ("pods", "pods", "", ""),
        ("services/specs/shop/web", "services", "shop", "web"),
        ("services/endpoints/shop/web", "endpoints", "shop", "web"),
        ("minions/one", "nodes", "", "one"),
        ("clusterroles/view", "clusterroles", "", "view"),
        ("clusterroles/shop/view", "clusterroles", "", "shop/view"),
        ("clusterroles", "clusterroles", "", ""),
    ],
)
def test_what_a_key_means(
    mapper: ResourceMapper[ResourceInfo], path: str, resource: str, namespace: str, name: str
) -> None:
    """Only an object of a namespaced resource has a namespace; all that follows it, or the resource, is the name."""
    place = mapper.place(path)
    assert place
    assert (place.resource.resource, place.namespace, place.name) == (resource, namespace, name)


@pytest.mark.parametrize("path", ["", "services", "pod/shop/web", "podss"])
def test_a_key_of_no_resource(mapper: ResourceMapper[ResourceInfo], path: str) -> None:
    """A name that only begins like one's, or a directory above one's, is none."""
    assert mapper.place(path) is None
