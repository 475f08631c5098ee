"""
A small store of what a question of docs/sql.md is easily answered wrongly about.

Containers of every kind, Secrets that are named at each place of a Pod, rules that only together allow everything,
empty selectors beside missing ones, custom resources with the names of built-in ones, a value that cannot be read.
"""

from __future__ import annotations

from typing import Any, Final

from kstore.testing import MemorySource

Object = dict[str, Any]
_RBAC: Final = "rbac.authorization.k8s.io"
_EVERYTHING: Final = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def edge_source() -> MemorySource:
    """The store, with a history: one object was changed often, one is deleted, one was deleted and came back."""
    objects = dict(_objects())
    source = MemorySource({})
    for key, value in objects.items():
        source.put(key, value)
    for size in range(3):
        source.put(
            "/registry/configmaps/shop/unused",
            {**objects["/registry/configmaps/shop/unused"], "data": {"a": "b" * size}},
        )
    for key in ("/registry/secrets/shop/deleted", "/registry/pods/shop/other-places"):
        source.delete(key)
    source.put("/registry/pods/shop/other-places", objects["/registry/pods/shop/other-places"])
    source.put("/registry/configmaps/shop/broken", b"k8s\x00\xff\xff")
    return source


def _metadata(name: str, namespace: str = "", day: int = 3, **more: Any) -> Object:
    placed = {"namespace": namespace} if namespace else {}
    return {"name": name, **placed, "creationTimestamp": f"2026-01-0{day}T00:00:00Z", **more}


def _container(name: str, image: str, memory: str = "", **more: Any) -> Object:
    limits = {"resources": {"limits": {"memory": memory}}} if memory else {}
    return {"name": name, "image": image, **limits, **more}


def _environment(kind: str, name: str) -> Object:
    return {"name": name.upper(), "valueFrom": {kind: {"name": name, "key": "k"}}}


def _pods() -> Any:
    yield "every-container", {
        "nodeName": "a",
        "initContainers": [_container("i", "quay.io/i:1", env=[_environment("secretKeyRef", "of-init")])],
        "containers": [
            _container("limited", "localhost/x:1", "1Gi", envFrom=[{"configMapRef": {"name": "from"}}]),
            _container("unlimited", "ghcr.io/x:2", env=[_environment("configMapKeyRef", "key")]),
        ],
        "ephemeralContainers": [_container("e", "busybox", envFrom=[{"secretRef": {"name": "of-debugging"}}])],
    }  # fmt: skip
    projected = [{kind: {"name": "projected"}} for kind in ("secret", "configMap")]
    yield "volumes", {
        "nodeName": "a",
        "containers": [_container("c", "registry:5000/x", "1Mi")],
        "volumes": [
            {"name": "a", "secret": {"secretName": "mounted"}},
            {"name": "b", "projected": {"sources": projected}},
            {"name": "c", "configMap": {"name": "mounted"}},
            {"name": "d", "azureFile": {"secretName": "azure", "shareName": "s"}},
        ],
    }  # fmt: skip
    yield (
        "other-places",
        {
            "containers": [_container("c", "docker.io/x/y:1")],
            "imagePullSecrets": [{"name": "pulls"}],
            "volumes": [{"name": "a", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "published"}}}],
        },
    )


def _objects() -> Any:
    def pod(name: str, spec: Object) -> Object:
        return {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(name, "shop"), "spec": spec}

    for name, spec in _pods():
        yield f"/registry/pods/shop/{name}", pod(name, spec)
    secrets = ("of-init", "of-debugging", "mounted", "projected", "azure", "pulls", "published", "unused", "deleted")
    for namespace, names in (("shop", secrets), ("other", ("mounted",))):
        for name in names:
            secret = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": _metadata(name, namespace),
                "data": {"k": "dg=="},
            }
            yield f"/registry/secrets/{namespace}/{name}", secret
    managers = [{"manager": name, "operation": "Update", "time": f"2026-01-0{day}T00:00:00Z"}
                for day, name in enumerate(("b", "a", "a"), 1)]  # fmt: skip
    for name in ("from", "key", "mounted", "projected", "unused"):
        metadata = _metadata(name, "shop", managedFields=managers)
        yield f"/registry/configmaps/shop/{name}", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    yield from _roles()
    yield from _workloads()
    yield from _custom()


def _roles() -> Any:
    rules = {
        "everything": [_EVERYTHING],
        "together": [{**_EVERYTHING, "verbs": ["get"]}, {**_EVERYTHING, "resources": ["pods"]}],
        "one-group": [{**_EVERYTHING, "apiGroups": ["apps"]}],
        "addresses": [{"nonResourceURLs": ["*"], "verbs": ["*"]}],
        "nothing": None,
    }
    for name, found in rules.items():
        role = {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": _metadata(name), "rules": found}
        yield f"/registry/clusterroles/{name}", role
    for name, subjects in (("admins", [{"kind": "User", "name": "jane", "apiGroup": _RBAC}]), ("nobody", None)):
        role_ref = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
        yield f"/registry/clusterrolebindings/{name}", {
            "apiVersion": f"{_RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": _metadata(name),
            "roleRef": role_ref, "subjects": subjects,
        }  # fmt: skip


def _workloads() -> Any:
    for name, selector in (("empty", {}), ("missing", None), ("one", {"app": "one"})):
        spec = {"ports": [{"port": 80}], "type": "ClusterIP", **({} if selector is None else {"selector": selector})}
        metadata = _metadata(name, "shop")
        service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        yield f"/registry/services/specs/shop/{name}", service
    digest = "@sha256:" + "0" * 64
    for name, replicas, image in (("one", 1, "a:1"), ("unset", None, f"b{digest}"), ("three", 3, "host:5000/c")):
        pod = {"initContainers": [_container("i", "i:latest")], "containers": [_container("c", image)]}
        yield f"/registry/deployments/shop/{name}", {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(name, "shop"),
            "spec": {**({} if replicas is None else {"replicas": replicas}), "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": pod}},
        }  # fmt: skip
    held: Object = {"finalizers": ["example.com/a"]}
    for name, more in (("held", held), ("free", {})):
        metadata = _metadata(name, deletionTimestamp="2026-01-04T00:00:00Z") | more
        yield f"/registry/namespaces/{name}", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _custom() -> Any:
    for plural, kind, day in (("services", "Service", 5), ("secrets", "Secret", 1)):
        group = f"{plural}.example.com"
        yield f"/registry/apiextensions.k8s.io/customresourcedefinitions/{plural}.{group}", {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": _metadata(f"{plural}.{group}", day=day),
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True}]},
        }  # fmt: skip
        for name, born in (("old", 4), ("young", 6)):
            owners = [
                {"apiVersion": "v1", "kind": "Node", "name": "a"},
                {"apiVersion": "v1", "kind": "Pod", "name": "b"},
            ]
            metadata = _metadata(name, "shop", born, ownerReferences=owners)
            yield (
                f"/registry/{group}/{plural}/shop/{name}",
                {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata},
            )
