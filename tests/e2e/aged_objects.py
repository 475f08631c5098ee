"""
Objects as older servers left them in etcd: what each lacks, or has beyond what today's servers write, is its class.

Two or more of each class, of several kinds where the class is not of one kind. The rest of each object is as complete
as validation asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kstore.decode.json.raw_json import RawJSON

Object = dict[str, Any]


@dataclass(frozen=True)
class Aged:
    """An object, and where it is."""

    key: str
    object: Object
    media_type: str = "protobuf"
    updated_as: str = ""
    """The version that it is updated in; empty for its own."""


def _meta(name: str, **more: Any) -> Object:
    return {
        "name": name,
        "namespace": "default",
        "uid": f"uid-{name}",
        "creationTimestamp": "2019-03-01T00:00:00Z",
        **more,
    }


def _without_namespace(metadata: Object) -> Object:
    return {name: value for name, value in metadata.items() if name != "namespace"}


# ---- Services without the plural fields (class 3), of ExternalName (5), with another's load balancer (9)


def _service(name: str, metadata: Object | None = None, status: Object | None = None, **spec: Any) -> Aged:
    ports = [{"name": "p", "protocol": "TCP", "port": 80, "targetPort": 80}]
    body = {"ports": ports, "type": "ClusterIP", "sessionAffinity": "None", **spec}
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": metadata or _meta(name), "spec": body}
    return Aged(f"/registry/services/specs/default/{name}", {**obj, "status": status or {"loadBalancer": {}}})


def services() -> Iterator[Aged]:
    """As 1.19 wrote them, and with fields of types that they do not have."""
    selector = {"app": "x"}
    yield _service("plain", selector=selector, clusterIP="10.96.7.1")
    yield _service("without-selector", clusterIP="10.96.7.2")
    yield _service("headless", selector=selector, clusterIP="None")
    yield _service("headless-without-selector", clusterIP="None")
    ports = [{"name": "p", "protocol": "TCP", "port": 80, "targetPort": 80, "nodePort": 30711}]
    yield _service("node-port", selector=selector, clusterIP="10.96.7.3", type="NodePort", ports=ports,
                   externalTrafficPolicy="Cluster")  # fmt: skip
    yield _service("only-policy-missing", selector=selector, clusterIP="10.96.7.4", clusterIPs=["10.96.7.4"])
    yield _service("without-address", selector=selector)
    yield _service("without-address-or-selector")
    addresses: Object = {"clusterIP": "10.96.7.6", "clusterIPs": ["10.96.7.6"], "ipFamilies": ["IPv4"]}
    yield _service("families-without-policy", selector=selector, **addresses)
    headless: Object = {"clusterIP": "None", "clusterIPs": ["None"], "ipFamilies": ["IPv6"]}
    yield _service("headless-family-without-policy", **headless)
    yield _service("headless-selector-without-policy", selector=selector, **{**headless, "ipFamilies": ["IPv4"]})
    external: Object = {"type": "ExternalName", "externalName": "example.com"}
    yield _service("external", **external)
    yield _service("external-with-policy", **external, internalTrafficPolicy="Cluster")
    balancer = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
    yield _service("was-balanced", selector=selector, clusterIP="10.96.7.5", status=balancer)
    yield _service("was-balanced-too", **external, status={"loadBalancer": {"ingress": [{"hostname": "a.example"}]}})


# ---- claims with one of dataSource and dataSourceRef (4)


def claims() -> Iterator[Aged]:
    """With a source in the older field, in the newer one, with and without a group."""
    snapshot = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "snap"}
    sources: tuple[tuple[str, Object], ...] = (
        ("snapshot", {"dataSource": snapshot}),
        ("clone", {"dataSource": {"kind": "PersistentVolumeClaim", "name": "other"}}),
        ("reference", {"dataSourceRef": snapshot}),
        ("clone-reference", {"dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "other"}}),
        ("none", {}),
    )
    for name, source in sources:
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "x",
            "volumeMode": "Filesystem",
            "volumeName": "v",
            **source,
        }
        status = {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
        metadata = _meta(name, finalizers=["kubernetes.io/pvc-protection"])
        obj = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
        yield Aged(f"/registry/persistentvolumeclaims/default/{name}", {**obj, "status": status})


# ---- what the defaults of the next version add (6), and what only JSON can say


def other_versions() -> Iterator[Aged]:
    """Of versions that lack a default which the one that is stored today has."""
    cluster = _without_namespace(_meta("scopeless", generation=3))
    parameters = {"apiGroup": "a.b", "kind": "K", "name": "n"}
    spec = {"controller": "a.b/c", "parameters": parameters}
    yield Aged("/registry/ingressclasses/scopeless", {"apiVersion": "networking.k8s.io/v1beta1", "kind": "IngressClass",
               "metadata": cluster, "spec": spec}, updated_as="networking.k8s.io/v1")  # fmt: skip
    for name, rules in (("port", {"ingress": [{"ports": [{"port": 80}]}]}), ("out", {"egress": [{"ports": [{}]}]})):
        policy = {"apiVersion": "extensions/v1beta1", "kind": "NetworkPolicy", "metadata": _meta(name, generation=1)}
        yield Aged(f"/registry/networkpolicies/default/{name}", {**policy, "spec": {"podSelector": {}, **rules}},
                   updated_as="networking.k8s.io/v1")  # fmt: skip
    behavior = '{"ScaleUp":{"Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":60}]}}'
    annotations = {"autoscaling.alpha.kubernetes.io/behavior": behavior}
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 4}
    yield Aged("/registry/horizontalpodautoscalers/default/partly", {"apiVersion": "autoscaling/v1",
               "kind": "HorizontalPodAutoscaler", "metadata": _meta("partly", annotations=annotations), "spec": spec},
               updated_as="autoscaling/v2")  # fmt: skip
    yield Aged("/registry/secrets/default/null", {"apiVersion": "v1", "kind": "Secret", "metadata": _meta("null"),
               "type": "Opaque", "data": {"a": None, "b": "Yg=="}}, "json")  # fmt: skip
    yield Aged("/registry/configmaps/default/null", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta("null"),
               "data": {"a": None}, "binaryData": {"c": None}}, "json")  # fmt: skip


# ---- secrets of service accounts (7), annotations of init containers (8)


def accounts() -> Iterator[Aged]:
    """Whose secrets say more than their names."""
    for name, secret in (
        ("kind", {"name": "t", "kind": "Secret"}),
        ("whole", {"name": "t", "namespace": "default", "kind": "Secret", "uid": "u", "apiVersion": "v1"}),
        ("name-alone", {"name": "t"}),
    ):
        obj = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": _meta(name),
            "secrets": [secret, {"name": "b"}],
        }
        yield Aged(f"/registry/serviceaccounts/default/{name}", obj)


_INIT = {"pod.beta.kubernetes.io/init-containers": "[]", "pod.alpha.kubernetes.io/init-container-statuses": "[]"}
_POD_SPEC = {
    "containers": [{"name": "c", "image": "x"}],
    "tolerations": [
        {"key": f"node.kubernetes.io/{taint}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for taint in ("not-ready", "unreachable")
    ],
}


def workloads() -> Iterator[Aged]:
    """With init containers in annotations, beside others and alone."""
    for name, marks in (("init", {**_INIT, "keep": "1"}), ("init-alone", dict(_INIT))):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": _meta(name, annotations=marks), "spec": _POD_SPEC}
        yield Aged(f"/registry/pods/default/{name}", pod)
        labels = {"a": "b"}
        template = {"metadata": {"labels": labels, "annotations": dict(marks)}, "spec": _POD_SPEC}
        spec = {"selector": {"matchLabels": labels}, "template": template}
        metadata = _meta(name, generation=2, labels=labels)
        for kind, resource in (
            ("Deployment", "deployments"),
            ("DaemonSet", "daemonsets"),
            ("ReplicaSet", "replicasets"),
        ):
            obj = {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}
            yield Aged(f"/registry/{resource}/default/{name}", obj)
        obj = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": metadata}
        yield Aged(f"/registry/controllers/default/{name}", {**obj, "spec": {"selector": labels, "template": template}})
        yield Aged(f"/registry/podtemplates/default/{name}",
                   {"apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata, "template": template})  # fmt: skip
        once = {"metadata": template["metadata"], "spec": {**_POD_SPEC, "restartPolicy": "Never"}}
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": once}}}
        yield Aged(f"/registry/cronjobs/default/{name}",
                   {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": metadata, "spec": spec},
                   updated_as="batch/v1")  # fmt: skip


# ---- metadata (1, 12)


def _entry(manager: str, version: str, fields: Object | RawJSON, second: int = 5, **more: Any) -> Object:
    return {
        "manager": manager, "operation": "Update", "apiVersion": version, "time": f"2020-01-02T03:04:0{second}Z",
        "fieldsType": "FieldsV1", "fieldsV1": fields, **more,
    }  # fmt: skip


def _many_managers() -> list[Object]:
    """Of two versions, of subresources, and one that applies: each owns one of the parts that others own as well."""
    fields = (
        {"f:data": {".": {}, "f:a": {}}},
        {"f:data": {"f:b": {}}},
        {"f:data": {}},
        {"f:metadata": {"f:labels": {}}},
    )
    found = [_entry(f"m{at:02}", "v1", fields[at % 4], at % 7) for at in range(13)]
    found += [_entry("s", "v1", {"f:status": {}}, at, subresource=f"s{at}") for at in range(3)]
    return [*found, _entry("z", "v1", {"f:data": {"f:z": {}}}, 0, operation="Apply")]


def metadata() -> Iterator[Aged]:
    """With owners named twice, with what is never stored, with managedFields of versions that are gone, or unsorted."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n-1"}
    other = {"apiVersion": "v1", "kind": "Node", "name": "m", "uid": "m-1", "controller": True}
    data = {"f:data": {"f:a": {}}}
    spec = {"f:spec": {"f:replicas": {}}}
    kinds: dict[str, Object] = {
        "owners": {"ownerReferences": [owner, dict(owner), other]},
        "owners-apart": {"ownerReferences": [owner, other, dict(owner), dict(other)]},
        "self-link": {"selfLink": "/api/v1/namespaces/default/configmaps/self-link"},
        "resource-version": {"resourceVersion": "17", "selfLink": "x"},
        "unsorted": {"managedFields": [_entry("z", "v1", data, 7), _entry("a", "v1", data, 5)]},
        "twice": {"managedFields": [_entry("z", "v1", {"f:data": {}}), _entry("z", "v1", data)]},
        "without-fields": {"managedFields": [_entry("z", "v1", {}), _entry("a", "v1", data)]},
        "without-operation": {"managedFields": [_entry("z", "v1", data, operation="")]},
        "without-type": {"managedFields": [_entry("z", "v1", data), _entry("a", "v1", data, fieldsType="")]},
        "spaced": {"managedFields": [_entry("z", "v1", RawJSON(b'{"f:data": {"f:b": {}, ".": {}, "f:a": {}}}'))]},
        "eleven": {"managedFields": [_entry(f"m{at}", "v1", {"f:data": {f"f:{at}": {}}}, at % 3) for at in range(11)]},
        "many": {"managedFields": _many_managers()},
        "ancient": {"managedFields": [_entry("ancient-changes", "v1", {"f:data": {".": {}}}, 1), *_many_managers()]},
        "foreign": {"managedFields": [_entry("z", "apps/v1", data), _entry("a", "v1", data)]},
    }
    for name, more in kinds.items():
        obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(name, **more), "data": {"a": "b"}}
        yield Aged(f"/registry/configmaps/default/{name}", obj)
    labels = {"a": "b"}
    body = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": _POD_SPEC}}
    for name, versions in (
        ("beta", ("apps/v1beta1", "apps/v1")),
        ("extensions", ("extensions/v1beta1",)),
        ("core", ("v1", "apps/v1")),
    ):
        entries = [_entry(f"m{at}", version, spec) for at, version in enumerate(versions)]
        more = {"generation": 1, "labels": labels, "managedFields": entries}
        yield Aged(f"/registry/deployments/default/{name}", {"apiVersion": "apps/v1", "kind": "Deployment",
                   "metadata": _meta(name, **more), "spec": {"replicas": 1, **body}})  # fmt: skip
    budget = {"minAvailable": 1, "selector": {"matchLabels": labels}}
    owned = [_entry("k", "policy/v1beta1", {"f:spec": {"f:minAvailable": {}}})]
    for version in ("policy/v1beta1", "policy/v1"):
        name = version.rpartition("/")[2]
        yield Aged(f"/registry/poddisruptionbudgets/default/{name}", {"apiVersion": version,
                   "kind": "PodDisruptionBudget", "metadata": _meta(name, generation=1, managedFields=owned),
                   "spec": budget}, updated_as="policy/v1")  # fmt: skip


def ownership() -> Iterator[Aged]:
    """Whose managedFields own parts of what today's releases own as a whole (class 2), and of what they do not."""
    labels = {"a": "b"}
    selector = {"f:selector": {".": {}, "f:matchLabels": {".": {}, "f:a": {}}}}
    backend = {"f:service": {".": {}, "f:name": {}, "f:port": {".": {}, "f:number": {}}}}
    path = {"f:http": {"f:paths": {".": {}, "f:0": {}}}}
    key = {".": {}, "f:key": {}, "f:name": {}}
    variable = {".": {}, "f:name": {}, "f:valueFrom": {".": {}, "f:configMapKeyRef": key}}
    container = {
        ".": {},
        "f:args": {".": {}, 'v:"x"': {}},
        "f:env": {".": {}, 'k:{"name":"E"}': variable},
        "f:image": {},
        "f:name": {},
    }
    template = {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {
            "f:containers": {'k:{"name":"c"}': container},
            "f:nodeSelector": {".": {}, "f:disk": {}},
            "f:tolerations": {".": {}, "f:0": {}},
        },
    }
    source = {"name": "E", "valueFrom": {"configMapKeyRef": {"name": "n", "key": "k"}}}
    one = {"name": "c", "image": "x", "args": ["x"], "env": [source]}
    spec = {**_POD_SPEC, "nodeSelector": {"disk": "x"}, "containers": [one]}
    fields = {"f:spec": {"f:replicas": {}, **selector, "f:template": template}}
    for operation in ("Apply", "Update"):
        name = f"parts-{operation.lower()}"
        entries = [
            _entry("a", "apps/v1", {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}),
            _entry("b", "apps/v1", fields, operation=operation),
        ]
        body = {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        }
        metadata = _meta(name, generation=1, labels=labels, managedFields=entries)
        obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": body}
        yield Aged(f"/registry/deployments/default/{name}", obj)
    port = {"service": {"name": "s", "port": {"number": 80}}}
    for name, owned in (("backend", {"f:defaultBackend": backend}), ("rules", {"f:rules": {".": {}, "f:0": path}})):
        metadata = _meta(name, generation=1, managedFields=[_entry("m", "networking.k8s.io/v1", {"f:spec": owned})])
        obj = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata}
        yield Aged(f"/registry/ingress/default/{name}", {**obj, "spec": {"defaultBackend": port}})
    owned = {"f:spec": {"f:podSelector": {"f:matchLabels": {"f:a": {}}}}}
    metadata = _meta("parts", generation=1, managedFields=[_entry("m", "networking.k8s.io/v1", owned)])
    obj = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata}
    body = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}
    yield Aged("/registry/networkpolicies/default/parts", {**obj, "spec": body})
    named = {
        "f:imagePullSecrets": {".": {}, 'k:{"name":"p"}': {".": {}, "f:name": {}}},
        "f:secrets": {".": {}, 'k:{"name":"t"}': {".": {}, "f:name": {}}},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "secrets": [{"name": "t"}]}
    metadata = _meta("parts", managedFields=[_entry("m", "v1", named)])
    yield Aged("/registry/serviceaccounts/default/parts",
               {**account, "metadata": metadata, "imagePullSecrets": [{"name": "p"}]})  # fmt: skip
    volume = {
        "f:spec": {
            "f:capacity": {".": {}, "f:storage": {}},
            "f:claimRef": {".": {}, "f:name": {}, "f:namespace": {}},
            "f:nodeAffinity": {".": {}, "f:required": {".": {}, "f:nodeSelectorTerms": {}}},
        }
    }
    metadata = _meta("parts", managedFields=[_entry("m", "v1", volume)], finalizers=["kubernetes.io/pv-protection"])
    terms = [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]
    body = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "volumeMode": "Filesystem",
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"name": "x", "namespace": "default"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
        "local": {"path": "/x"},
    }
    obj = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": _without_namespace(metadata), "spec": body}
    yield Aged("/registry/persistentvolumes/parts", {**obj, "status": {"phase": "Bound"}})


def nameless() -> Iterator[Aged]:
    """Whose lists have elements without the key that tells them apart, beside managedFields; values of any type."""
    labels = {"a": "b"}
    owned = {"managedFields": [_entry("m", "v1", {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}})], "labels": labels}
    for name, secrets in (("all", [{}]), ("one", [{"name": "t"}, {"kind": "Secret"}])):
        yield Aged(f"/registry/serviceaccounts/default/nameless-{name}", {"apiVersion": "v1", "kind": "ServiceAccount",
                   "metadata": _meta(f"nameless-{name}", **owned), "secrets": secrets})  # fmt: skip
    pod = {"metadata": {"labels": labels}, "spec": {**_POD_SPEC, "imagePullSecrets": [{"name": "p"}, {}]}}
    entries = [_entry("m", version, {"f:spec": {"f:replicas": {}}}) for version in ("apps/v1beta2", "apps/v1")]
    metadata = _meta("nameless", generation=1, labels=labels, managedFields=entries)
    body = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    yield Aged("/registry/deployments/default/nameless",
               {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": body})  # fmt: skip
    owned = {"managedFields": [_entry("m", "apps/v1", {"f:data": {".": {}, "f:spec": {"f:a": {}}}, "f:revision": {}})]}
    yield Aged("/registry/controllerrevisions/default/parts", {"apiVersion": "apps/v1", "kind": "ControllerRevision",
               "metadata": _meta("parts", **owned), "data": {"spec": {"a": 1}}, "revision": 1})  # fmt: skip


def twice() -> Iterator[Aged]:
    """With a finalizer or an owner twice, beside managedFields of the version that is stored and of another."""
    scaling = {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}
    fields = {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}
    for name, versions in (("both", ("v1", "v2")), ("one", ("v2",)), ("other", ("v1",))):
        entries = [_entry(version, f"autoscaling/{version}", fields) for version in versions]
        owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n-1"}
        kinds: dict[str, Object] = {
            "finalizer": {"finalizers": ["a.example.com/x"] * 2},
            "owner": {"ownerReferences": [owner] * 2},
        }
        for what, more in kinds.items():
            called = f"twice-{what}-{name}"
            metadata = _meta(called, labels={"a": "b"}, managedFields=entries, generation=1, **more)
            obj = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata}
            yield Aged(f"/registry/horizontalpodautoscalers/default/{called}", {**obj, "spec": scaling})


def events() -> Iterator[Aged]:
    """Events are updated through two groups; each drops the other's managedFields, so through their own here."""
    for name, version in (("of-core", "v1"), ("of-events", "events.k8s.io/v1")):
        obj = {
            "apiVersion": "v1", "kind": "Event", "reason": "r", "type": "Normal", "source": {"component": "c"},
            "metadata": _meta(name, managedFields=[_entry("k", version, {"f:reason": {}})]),
            "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"},
            "firstTimestamp": "2020-01-02T03:04:05Z", "lastTimestamp": "2020-01-02T03:04:05Z",
        }  # fmt: skip
        yield Aged(f"/registry/events/default/{name}", obj, updated_as=version)


def all_aged() -> list[Aged]:
    """Every object."""
    makers = (
        services,
        claims,
        other_versions,
        accounts,
        workloads,
        metadata,
        ownership,
        nameless,
        twice,
        events,
    )
    return [aged for make in makers for aged in make()]
