"""
Defaults of core/v1: what an apiserver fills in where an object says nothing, and that what it says stays.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

from kstore.catalog.releases import Release
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme


def core(kind: str, release: str = "1.37", **members: Any) -> dict[str, Any]:
    """An object as a release stores it."""
    return stored(example(kind, "v1", **members), "v1", release)


def spec(kind: str, release: str = "1.37", **members: Any) -> dict[str, Any]:
    """The spec of an object as a release stores it."""
    found: dict[str, Any] = core(kind, release, spec=members)["spec"]
    return found


def container(image: str = "web:1", release: str = "1.37", **members: Any) -> dict[str, Any]:
    """The one container of a Pod as a release stores it."""
    found: dict[str, Any] = spec("Pod", release, containers=[{"name": "web", "image": image, **members}])["containers"][
        0
    ]
    return found


def volume(source: str, release: str = "1.37", **members: Any) -> dict[str, Any]:
    """The source of a Pod's one volume as a release stores it."""
    found: dict[str, Any] = spec("Pod", release, volumes=[{"name": "data", source: members}])["volumes"][0][source]
    return found


def gated(release: str, gate: str, is_on: bool, kind: str, **members: Any) -> dict[str, Any]:
    """The spec of an object as servers of a release store it that have been started with a feature gate on or off."""
    codec = ObjectCodec(Scheme(Release(release, {gate: is_on})))
    value = codec.convert(json.dumps(example(kind, "v1", **members)).encode(), GroupVersion("", "v1"))
    return codec.decode(value).object


# ---- Pods


def test_a_pod_that_says_nothing() -> None:
    """Each default of its spec."""
    assert spec("Pod", containers=[{"name": "web", "image": "web:1"}]) == {
        "containers": [
            {
                "name": "web",
                "image": "web:1",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "imagePullPolicy": "IfNotPresent",
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
    }


def test_a_pod_that_says_all() -> None:
    """A pointer to zero is no absent one."""
    said: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "dnsPolicy": "Default",
        "securityContext": {"runAsUser": 0},
        "schedulerName": "own",
        "enableServiceLinks": False,
    }
    assert said.items() <= spec("Pod", **said).items()


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("web:1", "IfNotPresent"),
        ("web@sha256:" + "0" * 64, "IfNotPresent"),
        ("localhost/web", "Always"),
        ("localhost/" + "w" * 255, "Always"),  # of 255 characters at most without the registry
        ("localhost/" + "w" * 256, "IfNotPresent"),
        ("registry/" + "w" * 247, "IfNotPresent"),  # no registry, but a part of the name
        ("Registry/web", "Always"),  # a registry, as no part of a name is in capitals
        ("web:latest@sha256:" + "a" * 64, "Always"),
        ("web:latest@sha256:" + "A" * 64, "IfNotPresent"),  # no valid name, which has no tag
        ("web:latest@sha256:" + "a" * 63, "IfNotPresent"),
    ],
)
def test_how_images_are_pulled(image: str, policy: str) -> None:
    """The tag `latest`, and none, is always pulled; so for containers of each sort, and for volumes of images."""
    assert container(image)["imagePullPolicy"] == policy
    debugger = {"name": "debugger", "image": image}
    pod = spec("Pod", ephemeralContainers=[debugger], initContainers=[debugger])
    for name in ("ephemeralContainers", "initContainers"):
        found = pod[name][0]
        assert found["imagePullPolicy"] == policy
        assert found["terminationMessagePath"] == "/dev/termination-log"
    assert volume("image", reference=image) == {"reference": image, "pullPolicy": policy}


@pytest.mark.parametrize(
    ("limits", "requests", "expected"),
    [
        ({"cpu": "2", "memory": "1Gi"}, None, {"cpu": "2", "memory": "1Gi"}),
        ({"cpu": "2", "memory": "1Gi"}, {"cpu": "1"}, {"cpu": "1", "memory": "1Gi"}),
        (None, {"cpu": "1"}, {"cpu": "1"}),
        ({"cpu": "100u"}, {"cpu": "1500u"}, {"cpu": "2m"}),
        ({"cpu": "0.0001"}, None, {"cpu": "1m"}),
    ],
)
def test_requests_come_from_limits(limits: Any, requests: Any, expected: dict[str, str]) -> None:
    """One by one, where a limit has no request; amounts are rounded up to milli."""
    resources = {name: value for name, value in (("limits", limits), ("requests", requests)) if value is not None}
    assert container(resources=resources)["resources"]["requests"] == expected


@pytest.mark.parametrize("network", [True, False])
def test_ports_of_the_host(network: bool) -> None:
    """On the host's network they are the container's; a port that is said stays."""
    ports = [{"containerPort": 80}, {"containerPort": 81, "hostPort": 81}]
    pod = spec("Pod", hostNetwork=network, containers=[{"name": "web", "ports": ports}])
    assert [port.get("hostPort") for port in pod["containers"][0]["ports"]] == [80 if network else None, 81]
    assert all(port["protocol"] == "TCP" for port in pod["containers"][0]["ports"])


def test_probes() -> None:
    """Times and thresholds, and how a request is made."""
    found = container(
        livenessProbe={"httpGet": {"port": 80}},
        readinessProbe={"httpGet": {"port": 80, "path": "/ready", "scheme": "HTTPS"}, "periodSeconds": 7},
        lifecycle={"preStop": {"httpGet": {"port": 80}}},
    )
    times = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    assert found["livenessProbe"] == {"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, **times}
    ready = {"httpGet": {"path": "/ready", "port": 80, "scheme": "HTTPS"}, **times, "periodSeconds": 7}
    assert found["readinessProbe"] == ready
    assert found["lifecycle"]["preStop"]["httpGet"] == {"path": "/", "port": 80, "scheme": "HTTP"}


@pytest.mark.parametrize(("grace", "release", "stored_as"), [(-5, "1.37", 1), (-5, "1.36", 1), (0, "1.37", 0)])
def test_a_time_to_end_in(grace: int, release: str, stored_as: int) -> None:
    """It is at least a second where it is less than none."""
    assert spec("Pod", release, terminationGracePeriodSeconds=grace)["terminationGracePeriodSeconds"] == stored_as


@pytest.mark.parametrize("release", ["1.36", "1.37"])
@pytest.mark.parametrize(
    "said",
    [
        {"serviceAccountName": "robot"},
        {"serviceAccount": "robot"},
        {"serviceAccountName": "robot", "serviceAccount": "old"},
    ],
)
def test_the_two_names_of_a_service_account(release: str, said: dict[str, str]) -> None:
    """Both are stored and the same; the newer name counts."""
    found = spec("Pod", release, **said)
    assert (found["serviceAccountName"], found["serviceAccount"]) == ("robot", "robot")


@pytest.mark.parametrize("release", ["1.36", "1.37"])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"podIP": "192.0.2.1"}, ["192.0.2.1"]),
        ({"podIPs": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}]}, ["192.0.2.1", "2001:db8::1"]),
        ({"podIP": "192.0.2.9", "podIPs": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}]}, ["192.0.2.9"]),
        ({"podIP": "192.0.2.1", "podIPs": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}]}, ["192.0.2.1", "2001:db8::1"]),
    ],
)
def test_the_addresses_of_a_pod(release: str, said: dict[str, Any], expected: list[str]) -> None:
    """The one address is the first of all; where it is another it counts, alone."""
    status = core("Pod", release, status=said)["status"]
    assert (status["podIP"], [one["ip"] for one in status["podIPs"]]) == (expected[0], expected)


# ---- volumes


def test_a_volume_without_a_source() -> None:
    """It is an empty directory, and so is one whose source is null."""
    for none in ({}, {"secret": None}):
        assert spec("Pod", volumes=[{"name": "data", **none}])["volumes"] == [{"name": "data", "emptyDir": {}}]


@pytest.mark.parametrize(
    ("source", "members"),
    [
        ("secret", {"secretName": "s"}),
        ("configMap", {"name": "c"}),
        ("downwardAPI", {}),
        ("projected", {"sources": []}),
    ],
)
def test_the_mode_of_files(source: str, members: dict[str, Any]) -> None:
    """All may read them, unless something else is said; none may be said, too."""
    assert volume(source, **members)["defaultMode"] == 0o644
    assert volume(source, **members, defaultMode=0)["defaultMode"] == 0


@pytest.mark.parametrize("release", ["1.30", "1.31", "1.37"])
@pytest.mark.parametrize(
    ("source", "members", "defaults"),
    [
        ("iscsi", {"targetPortal": "p", "iqn": "i", "lun": 0}, {"iscsiInterface": "default"}),
        (
            "rbd", {"monitors": ["m"], "image": "i"},
            {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
        ),
        (
            "scaleIO", {"gateway": "g", "system": "s", "secretRef": None},
            {"storageMode": "ThinProvisioned", "fsType": "xfs"},
        ),
        (
            "azureDisk", {"diskName": "d", "diskURI": "u"},
            {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
        ),
        ("hostPath", {"path": "/"}, {"type": ""}),
    ],
)  # fmt: skip
def test_sources_of_volumes(release: str, source: str, members: dict[str, Any], defaults: dict[str, Any]) -> None:
    """The same of a Pod and of a PersistentVolume, and in each release, whoever sets them."""
    assert defaults.items() <= volume(source, release, **members).items()
    persistent = spec("PersistentVolume", release, **{source: members})
    assert defaults.items() <= persistent[source].items()


def test_tokens_and_fields_in_a_volume() -> None:
    """A token is valid for an hour; a field is one of the v1 object."""
    sources = [
        {"serviceAccountToken": {"path": "token"}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    token, fields = volume("projected", sources=sources)["sources"]
    assert token["serviceAccountToken"]["expirationSeconds"] == 3600
    assert fields["downwardAPI"]["items"][0]["fieldRef"]["apiVersion"] == "v1"


def test_volumes_that_last() -> None:
    """Kept when released, with a file system, and not bound yet."""
    found = core("PersistentVolume")
    assert found["spec"] == {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"}
    assert found["status"] == {"phase": "Pending"}
    claim = core("PersistentVolumeClaim")
    assert claim["spec"]["volumeMode"] == "Filesystem"
    assert claim["status"] == {"phase": "Pending"}


# ---- Services

BOTH = {"internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Cluster"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {"type": "ClusterIP", "internalTrafficPolicy": "Cluster"}),
        ({"externalIPs": ["192.0.2.1"]}, {"type": "ClusterIP", **BOTH}),
        ({"type": "NodePort"}, BOTH),
        ({"type": "LoadBalancer"}, {**BOTH, "allocateLoadBalancerNodePorts": True}),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, BOTH),
        ({"type": "ExternalName", "externalName": "example.com"}, {}),
    ],
)
def test_how_a_service_is_reached(said: dict[str, Any], expected: dict[str, Any]) -> None:
    """What follows from its type, and nothing else."""
    found = spec("Service", **said)
    assert found == {"sessionAffinity": "None", **said, **expected}


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"port": 80}, {"protocol": "TCP", "port": 80, "targetPort": 80}),
        ({"port": 80, "targetPort": "web"}, {"protocol": "TCP", "port": 80, "targetPort": "web"}),
        ({"port": 53, "protocol": "UDP", "targetPort": 0}, {"protocol": "UDP", "port": 53, "targetPort": 53}),
    ],
)
def test_the_port_of_a_service(port: dict[str, Any], expected: dict[str, Any]) -> None:
    """It leads to the same port, by TCP."""
    assert spec("Service", ports=[port])["ports"] == [expected]


@pytest.mark.parametrize(
    ("affinity", "said", "expected"),
    [
        ("None", {"clientIP": {"timeoutSeconds": 5}}, None),
        ("ClientIP", None, {"clientIP": {"timeoutSeconds": 10800}}),
        ("ClientIP", {"clientIP": {}}, {"clientIP": {"timeoutSeconds": 10800}}),
        ("ClientIP", {"clientIP": {"timeoutSeconds": 5}}, {"clientIP": {"timeoutSeconds": 5}}),
    ],
)
def test_how_long_a_client_stays(affinity: str, said: Any, expected: Any) -> None:
    """Three hours; and of a Service without affinity nothing is kept."""
    found = spec("Service", sessionAffinity=affinity, sessionAffinityConfig=said)
    assert found.get("sessionAffinityConfig") == expected


@pytest.mark.parametrize(("kind", "mode"), [("LoadBalancer", "VIP"), ("ClusterIP", None)])
def test_the_address_of_a_load_balancer(kind: str, mode: str | None) -> None:
    """It is a virtual one; a name has no such mode."""
    status = {
        "loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "a"}, {"ip": "192.0.2.2", "ipMode": "Proxy"}]}
    }
    found = core("Service", spec={"type": kind}, status=status)["status"]["loadBalancer"]["ingress"]
    assert [one.get("ipMode") for one in found] == [mode, None, "Proxy"]


def test_the_ports_of_endpoints() -> None:
    """TCP, if nothing is said."""
    subsets = [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}]}]
    ports = core("Endpoints", subsets=subsets)["subsets"][0]["ports"]
    assert [port["protocol"] for port in ports] == ["TCP", "UDP"]


# ---- others


@pytest.mark.parametrize("release", ["1.32", "1.33", "1.37"])
def test_a_replication_controller(release: str) -> None:
    """One replica, none if that is said; selector and labels come from the template."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web"}]}}
    found = core("ReplicationController", release, spec={"template": template})
    assert found["spec"]["replicas"] == 1
    assert found["spec"]["selector"] == found["metadata"]["labels"] == {"app": "web"}
    said = {"template": template, "replicas": 0, "selector": {"own": "1"}}
    kept = core("ReplicationController", release, spec=said)["spec"]
    assert (kept["replicas"], kept["selector"]) == (0, {"own": "1"})


def test_small_kinds() -> None:
    """One default each."""
    assert core("Secret")["type"] == "Opaque"
    assert core("Namespace")["metadata"]["labels"] == {"kubernetes.io/metadata.name": "web"}
    assert core("Namespace")["status"] == {"phase": "Active"}
    other = example("Namespace", "v1")
    other["metadata"]["labels"] = {"kubernetes.io/metadata.name": "other", "own": "1"}
    assert stored(other, "v1")["metadata"]["labels"] == {"kubernetes.io/metadata.name": "web", "own": "1"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"capacity": {"cpu": "4"}}, {"cpu": "4"}),
        ({"capacity": {"cpu": "4"}, "allocatable": {"cpu": "3"}}, {"cpu": "3"}),
    ],
)
def test_what_a_node_can_give(said: dict[str, Any], expected: dict[str, str]) -> None:
    """All that it has."""
    assert core("Node", status=said)["status"]["allocatable"] == expected


@pytest.mark.parametrize("kind", ["Container", "Pod"])
def test_limits_of_a_range(kind: str) -> None:
    """Of containers: the maximum is the default limit, that the default request, for the rest the minimum."""
    item = {"type": kind, "max": {"cpu": "4"}, "min": {"cpu": "1", "memory": "1Gi"}}
    (found,) = spec("LimitRange", limits=[item])["limits"]
    more = {"default": {"cpu": "4"}, "defaultRequest": {"cpu": "4", "memory": "1Gi"}}
    assert found == item | (more if kind == "Container" else {})


# ---- behind gates


@pytest.mark.parametrize("release", ["1.31", "1.34", "1.36"])
@pytest.mark.parametrize("is_on", [True, False])
def test_images_as_volumes(release: str, is_on: bool) -> None:
    """How their image is pulled is filled in where the release has them."""
    volumes = [{"name": "data", "image": {"reference": "web"}}]
    (found,) = gated(release, "ImageVolume", is_on, "Pod", spec={"volumes": volumes})["spec"]["volumes"]
    assert found["image"].get("pullPolicy") == ("Always" if is_on else None)


@pytest.mark.parametrize(
    ("release", "is_on", "mode"),
    [
        ("1.29", True, "VIP"), ("1.29", False, None), ("1.34", True, "VIP"), ("1.34", False, None),
        ("1.35", False, "VIP"),
    ],
)  # fmt: skip
def test_the_mode_of_an_address(release: str, is_on: bool, mode: str | None) -> None:
    """It is filled in where the gate is on, which it was not in 1.29 by itself, and from 1.35 on without one."""
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    service = gated(release, "LoadBalancerIPMode", is_on, "Service", spec={"type": "LoadBalancer"}, status=status)
    assert service["status"]["loadBalancer"]["ingress"][0].get("ipMode") == mode


@pytest.mark.large
@pytest.mark.parametrize(
    ("release", "is_on", "fills"), [("1.32", True, True), ("1.32", False, False), ("1.33", True, False)]
)
def test_what_a_resize_restarts(release: str, is_on: bool, fills: bool) -> None:
    """Until 1.32: nothing, of what the container requests, the processor first; what is said stays."""
    said = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    requests = {"requests": {"memory": "1Gi", "cpu": "1"}}
    containers = [
        {"name": "one", "resources": requests},
        {"name": "two", "resources": requests, "resizePolicy": said},
        {"name": "three"},
    ]
    pod = gated(release, "InPlacePodVerticalScaling", is_on, "Pod", spec={"containers": containers})
    both = [{"resourceName": name, "restartPolicy": "NotRequired"} for name in ("cpu", "memory")]
    expected = [both, [*said, both[0]], None] if fills else [None, said, None]
    assert [one.get("resizePolicy") for one in pod["spec"]["containers"]] == expected


@pytest.mark.parametrize("is_on", [True, False])
def test_the_protocol_of_probes(is_on: bool) -> None:
    """HTTP/1, in every probe and hook of every sort of container, where the release knows others."""
    get = {"httpGet": {"port": 80}}
    lifecycle = {"postStart": get, "preStop": get}
    one = {"name": "web", "livenessProbe": get, "readinessProbe": get, "startupProbe": get, "lifecycle": lifecycle}
    sorts = ("containers", "initContainers", "ephemeralContainers")
    found = gated("1.37", "H2CContainerProbe", is_on, "Pod", spec={sort: [one] for sort in sorts})
    assert json.dumps(found).count('"protocol": "HTTP1"') == (len(sorts) * 5 if is_on else 0)


@pytest.mark.parametrize(("is_on", "port"), [(True, 80), (False, None)])
def test_ports_of_the_host_in_a_template(is_on: bool, port: int | None) -> None:
    """They were filled in there as well, until 1.28, and later where a gate says so."""
    template = {"spec": {"hostNetwork": True, "containers": [{"name": "web", "ports": [{"containerPort": 80}]}]}}
    gate = "DefaultHostNetworkHostPortsInPodTemplates"
    found = gated("1.29", gate, is_on, "PodTemplate", template=template)["template"]["spec"]
    assert found["containers"][0]["ports"][0].get("hostPort") == port
