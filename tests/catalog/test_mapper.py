"""
Keys and the resources that they mean.
"""

from __future__ import annotations

import pytest

from kstore.catalog.mapper import ResourceMapper
from kstore.catalog.releases import Release
from kstore.catalog.resources import ResourceInfo, resources_of
from kstore.customresource.resource import CustomResource
from kstore.errors import UnknownResource


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


@pytest.mark.parametrize(
    ("name", "resource", "group"),
    [
        ("deploy", "deployments", "apps"),
        ("deployments.apps", "deployments", "apps"),
        ("deployments.v1.apps", "deployments", "apps"),
        ("Deployment.v1beta1.extensions", "deployments", "extensions"),
        ("deployments.ap", "deployments", "apps"),
        ("events.events.k8s.io", "events", "events.k8s.io"),
    ],
)
def test_what_a_name_means(mapper: ResourceMapper[ResourceInfo], name: str, resource: str, group: str) -> None:
    """With its group, the beginning of it, or a version that the resource has had before it."""
    assert [(one.resource, one.group) for one in mapper.find(name)] == [(resource, group)]


@pytest.mark.parametrize(("name", "resource"), [("gulls", "gulls"), ("gu", "owls"), ("owl", "owls")])
def test_a_short_name_that_is_another_s_name(name: str, resource: str) -> None:
    """The plural, singular or kind is meant before a short name, whichever resource comes first."""
    gulls, owls = (
        CustomResource(f"{plural}.example.com", plural, plural[:-1].title(), plural[:-1], short_names)
        for plural, short_names in (("gulls", ("owl",)), ("owls", ("gulls", "gu")))
    )
    for resources in ((gulls, owls), (owls, gulls)):
        assert [one.resource for one in ResourceMapper(resources).find(name)] == [resource]


@pytest.mark.parametrize(
    "name", ["deployments.v7.apps", "deploy.v1beta9.extensions", "deployments.v1.ap.x", "deployments.batch"]
)
def test_a_name_with_another_version_or_group(mapper: ResourceMapper[ResourceInfo], name: str) -> None:
    """A resource that never had the version, or is of another group, is not meant."""
    with pytest.raises(UnknownResource):
        mapper.find(name)
