"""
Flags of a kube-apiserver, as they are written, and what a release makes of them.
"""

from __future__ import annotations

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release, known_releases
from kstore.catalog.resources import all_resources
from kstore.catalog.server_flags import ServerFlags
from kstore.errors import UnknownRelease, UsageError
from kstore.naming import GroupVersionKind


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"emulated-version": "1.36"}, ServerFlags("1.36")),
        ({"emulated-version": "wardle=1.2,kube=v1.35.3"}, ServerFlags("1.35")),
        ({"emulated-version": "wardle=1.2"}, ServerFlags()),
        ({"min-compatibility-version": "kube=1.34"}, ServerFlags("", "1.34")),
        (
            {"feature-gates": "B=false, A=true,kube:C=True,wardle:D=true"},
            ServerFlags("", "", (("A", True), ("B", False), ("C", True))),
        ),
        ({"runtime-config": ""}, ServerFlags("", "", (), ())),
        (
            {"runtime-config": "api/all=false,batch/v1beta1"},
            ServerFlags("", "", (), (("api/all", False), ("batch/v1beta1", True))),
        ),
        ({"storage-media-type": "application/vnd.kubernetes.protobuf"}, ServerFlags("", "", (), None, "protobuf")),
        ({"storage-media-type": "application/json", "etcd-servers": "x"}, ServerFlags("", "", (), None, "json")),
    ],
)
def test_flags(flags: dict[str, str], expected: ServerFlags) -> None:
    """Each in the forms that the server takes; what is another component's is left out."""
    assert ServerFlags.of(flags) == expected


@pytest.mark.parametrize(
    "flags",
    [
        {"emulated-version": "newest"}, {"emulated-version": "1"}, {"feature-gates": "A"}, {"feature-gates": "A=maybe"},
        {"feature-gates": "AllAlpha=true"}, {"runtime-config": "api/all=2"}, {"storage-media-type": "text/plain"},
    ],
)  # fmt: skip
def test_flags_that_are_none(flags: dict[str, str]) -> None:
    """What a server would not start with, or what says more than is known, is refused by name."""
    with pytest.raises(UsageError, match=f"--{next(iter(flags))}"):
        ServerFlags.of(flags)


def test_a_release_says_its_flags() -> None:
    """What it was started with can be written down, and understood again."""
    flags = ServerFlags("1.35", "1.34", (("A", False), ("B", True)), (("api/beta", True),), "json")
    release = Release.started("1.37", flags)
    words = dict(word.removeprefix("--").split("=", 1) for word in release.flags)
    assert Release.started("1.37", ServerFlags.of(words)) == release
    assert Release("1.37").flags == ()
    assert hash(release) != hash(Release("1.37"))


@pytest.mark.parametrize("name", [one for one in known_releases() if int(one[2:]) >= 34])
def test_a_release_that_emulates_itself_stores_as_it_does(name: str) -> None:
    """The rule of emulation gives what the tables have measured, for every resource."""
    plain, itself = Release(name), Release(name, emulated=name)
    for resource in all_resources():
        if resource.storage_version(plain) is not None:
            assert (resource.resource, resource.storage_version(itself)) == (
                resource.resource, resource.storage_version(plain),
            )  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "resource", "stored"),
    [
        (ServerFlags("1.34"), "mutatingadmissionpolicies", "admissionregistration.k8s.io/v1beta1"),
        (ServerFlags("1.34"), "resourceclaims", "resource.k8s.io/v1"),
        (ServerFlags("", "1.34"), "mutatingadmissionpolicybindings", "admissionregistration.k8s.io/v1beta1"),
        (ServerFlags("1.35"), "mutatingadmissionpolicies", "admissionregistration.k8s.io/v1beta1"),
        (ServerFlags("1.34"), "devicetaintrules", "resource.k8s.io/v1beta2"),
        (ServerFlags("1.34"), "customresourcedefinitions", "apiextensions.k8s.io/v1beta1"),
        (ServerFlags("1.34"), "deployments", "apps/v1"),
    ],
)
def test_what_an_emulating_server_stores(flags: ServerFlags, resource: str, stored: str) -> None:
    """As real servers of 1.37.2 tell that were started so."""
    found = next(one for one in all_resources() if one.resource == resource and one.group != "extensions")
    assert str(found.storage_version(Release.started("1.37", flags))) == stored


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("1.37", ServerFlags("1.33")), ("1.36", ServerFlags("1.37")), ("1.33", ServerFlags("1.32")),
        ("1.37", ServerFlags("1.36", "1.37")), ("1.37", ServerFlags("", "1.33")), ("1.37", ServerFlags("1.99")),
    ],
)  # fmt: skip
def test_what_no_server_emulates(name: str, flags: ServerFlags) -> None:
    """Further back than three releases, the future, and what is not known."""
    with pytest.raises(UnknownRelease):
        Release.started(name, flags)


def test_gates_are_those_of_the_emulated_release() -> None:
    """Unless they are set."""
    assert Release("1.37").enabled("MaxUnavailableStatefulSet")
    assert not Release("1.37", emulated="1.34").enabled("MaxUnavailableStatefulSet")
    assert Release("1.37", {"MaxUnavailableStatefulSet": True}, "1.34").enabled("MaxUnavailableStatefulSet")


@pytest.mark.parametrize(
    ("release", "config", "kind", "served"),
    [
        ("1.37", None, "resource.k8s.io/v1beta1/ResourceClaim", True),
        ("1.37", "", "resource.k8s.io/v1beta1/ResourceClaim", False),
        ("1.37", "resource.k8s.io/v1beta1=true", "resource.k8s.io/v1beta1/ResourceClaim", True),
        ("1.37", "api/beta=true", "resource.k8s.io/v1beta1/ResourceClaim", True),
        ("1.37", "api/beta=true", "resource.k8s.io/v1alpha3/ResourcePoolStatusRequest", False),
        ("1.37", "api/all=true", "resource.k8s.io/v1alpha3/ResourcePoolStatusRequest", True),
        ("1.37", "api/all=true,resource.k8s.io/v1beta1=false", "resource.k8s.io/v1beta1/ResourceClaim", False),
        ("1.37", "resource.k8s.io/v1beta1/resourceclaims=true", "resource.k8s.io/v1beta1/ResourceClaim", True),
        ("1.37", "resource.k8s.io/v1beta1/resourceclaims=true", "resource.k8s.io/v1beta1/ResourceSlice", False),
        ("1.37", "", "apps/v1/Deployment", True),
        ("1.37", "apps/v1=false", "apps/v1/Deployment", False),
        ("1.29", "", "flowcontrol.apiserver.k8s.io/v1beta3/FlowSchema", True),
        ("1.37", "api/all=true", "policy/v1beta1/PodDisruptionBudget", False),
    ],
)
def test_what_is_served(release: str, config: str | None, kind: str, served: bool) -> None:
    """By the release's defaults, the stages, the version and the resource, the most special last."""
    flags = ServerFlags.of({} if config is None else {"runtime-config": config})
    group, version, name = kind.split("/")
    assert Catalog(Release.started(release, flags)).serves(GroupVersionKind(group, version, name)) is served
