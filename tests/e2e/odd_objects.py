"""
Objects as nobody's server of today writes them, but as JSON, older conversions and other programs have left them.

What is empty is there on purpose, so these are stored as they stand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.aged_objects import Aged, Object

RULE: Object = {"ports": [{"port": 80, "protocol": "TCP"}]}
PEERS: Object = {**RULE, "to": [{"namespaceSelector": {}}]}
BLOCK: Object = {"ipBlock": {"cidr": "10.0.0.0/8"}}
POLICIES: tuple[Object, ...] = (
    {},
    {"ingress": []},
    {"ingress": [RULE], "egress": [PEERS]},
    {"ingress": [{}], "egress": [PEERS]},
    {"ingress": [RULE], "egress": [RULE]},
    {"ingress": [{**RULE, "from": []}]},
    {"ingress": [RULE], "egress": [{**RULE, "to": [BLOCK]}]},
    {"ingress": [RULE], "egress": [{**RULE, "to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}]},
    {"ingress": [RULE], "egress": [{**RULE, "to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}]}]},
    {"podSelector": {"matchLabels": {}}},
    {"policyTypes": []},
    {"policyTypes": ["Egress"], "ingress": [RULE]},
)
WEBHOOKS: tuple[Object, ...] = (
    {},
    {"clientConfig": {"url": "https://x", "caBundle": ""}},
    {"rules": []},
    {"namespaceSelector": {"matchLabels": {}}},
    {"objectSelector": {"matchExpressions": []}},
    {"matchConditions": []},
)
HEADLESS: Object = {"clusterIP": "None", "selector": None}
SERVICES: tuple[Object, ...] = (
    {**HEADLESS, "ipFamilies": ["IPv6"], "ipFamilyPolicy": "RequireDualStack"},
    {**HEADLESS, "ipFamilies": ["IPv4", "IPv6"]},
    {**HEADLESS, "ipFamilyPolicy": "SingleStack"},
    {**HEADLESS, "ipFamilyPolicy": "PreferDualStack"},
    {**HEADLESS, "ipFamilies": ["IPv4"], "ipFamilyPolicy": "PreferDualStack"},
    {**HEADLESS, "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "SingleStack"},
    {"clusterIP": "None", "ipFamilyPolicy": "PreferDualStack"},
    {"ipFamilyPolicy": "PreferDualStack"},
    {"ipFamilyPolicy": "SingleStack"},
    {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "PreferDualStack"},
    {"externalIPs": ["010.1.1.1"], "externalTrafficPolicy": "Cluster"},
    {"topologyKeys": ["kubernetes.io/hostname", "*"], "ipFamily": "IPv4"},
    {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b", "protocol": "UDP"}]},
)
SCHEMA: Object = {"openAPIV3Schema": {"type": "object"}}
OTHER: Object = {"openAPIV3Schema": {"type": "object", "description": "other"}}
DEFINITIONS: tuple[tuple[Object, Object], ...] = (
    ({}, {}),
    ({}, {"schema": OTHER}),
    ({"subresources": {"status": {}}}, {"subresources": {"status": {}}}),
    ({"subresources": {"status": {}}}, {"schema": OTHER}),
    ({"additionalPrinterColumns": []}, {"schema": OTHER}),
)


def _meta(name: str, **more: Any) -> Object:
    return {"name": name, "uid": f"uid-{name}", "creationTimestamp": "2018-03-01T00:00:00Z", **more}


def policies() -> Iterator[Aged]:
    """Network policies of both groups, with lists that are empty, and without any."""
    for group, version in (("networking", "networking.k8s.io/v1"), ("extensions", "extensions/v1beta1")):
        for at, spec in enumerate(POLICIES):
            metadata = _meta(f"{group}-{at}", namespace="default", generation=1)
            yield Aged(f"/registry/networkpolicies/default/{group}-{at}", {
                "apiVersion": version, "kind": "NetworkPolicy", "metadata": metadata,
                "spec": {"podSelector": {}, **spec}}, "json", "networking.k8s.io/v1")  # fmt: skip


def webhooks() -> Iterator[Aged]:
    """Admission webhooks with something empty."""
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        for at, part in enumerate(WEBHOOKS):
            hook = {"name": "w.example.com", "clientConfig": {"url": "https://x"}, "sideEffects": "None"}
            yield Aged(f"/registry/{kind.lower()}s/odd-{at}", {
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": _meta(f"odd-{at}"),
                "webhooks": [{**hook, "admissionReviewVersions": ["v1"], **part}]}, "json")  # fmt: skip


def services() -> Iterator[Aged]:
    """Services whose families and policy do not say the same, with fields that are gone, with other spellings."""
    for at, spec in enumerate(SERVICES):
        usual = {"clusterIP": f"10.96.30.{at + 1}", "ports": [{"port": 80}], "selector": {"a": "b"}}
        yield Aged(f"/registry/services/specs/default/odd-{at}", {
            "apiVersion": "v1", "kind": "Service", "metadata": _meta(f"odd-{at}", namespace="default"),
            "spec": {**usual, **spec}}, "json")  # fmt: skip


def definitions() -> Iterator[Aged]:
    """CRDs that say in each version what all versions share."""
    for api_version in ("v1beta1", "v1"):
        for at, versions in enumerate(DEFINITIONS):
            group = f"{api_version}-{at}.example.com"
            usual = [{"name": name, "served": True, "storage": name == "v1", "schema": SCHEMA} for name in ("v1", "v2")]
            spec = {"group": group, "scope": "Namespaced", "names": {"plural": "kites", "kind": "Kite"},
                    "preserveUnknownFields": False,
                    "versions": [{**one, **part} for one, part in zip(usual, versions, strict=True)]}  # fmt: skip
            yield Aged(f"/registry/apiextensions.k8s.io/customresourcedefinitions/kites.{group}", {
                "apiVersion": f"apiextensions.k8s.io/{api_version}", "kind": "CustomResourceDefinition",
                "metadata": _meta(f"kites.{group}", generation=1), "spec": spec}, "json",
                "apiextensions.k8s.io/v1")  # fmt: skip


def others() -> Iterator[Aged]:
    """
    An empty bundle of certificates, metadata with nothing in it, times and quantities of other spellings, and empty
    lists that keep defaults away.
    """
    api = {"group": "odd.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100}
    yield Aged("/registry/apiregistration.k8s.io/apiservices/v1.odd.example.com", {
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": _meta("v1.odd.example.com"),
        "spec": {**api, "insecureSkipTLSVerify": True, "caBundle": "", "service": {"name": "s", "namespace": "n"}}},
        "json")  # fmt: skip
    metadata: dict[str, Object] = {
        "nothing": {
            "finalizers": None,
            "labels": None,
            "annotations": {},
            "ownerReferences": [],
            "managedFields": None,
        },
        "twice": {"finalizers": ["a.example.com/b", "a.example.com/b"]},
        "zone": {"creationTimestamp": "2018-03-01T01:00:00+01:00"},
        "fraction": {"creationTimestamp": "2018-03-01T00:00:00.123456Z"},
        "gone": {"clusterName": "c", "initializers": {"pending": [{"name": "x"}]}},
    }
    for name, more in metadata.items():
        yield Aged(f"/registry/configmaps/default/odd-{name}", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(f"odd-{name}", namespace="default") | more,
            "data": {"a": "1"}}, "json")  # fmt: skip
    scaling = {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}
    for name, behavior in (("up", {"scaleUp": {"policies": []}}), ("down", {"scaleDown": {"policies": []}})):
        yield Aged(f"/registry/horizontalpodautoscalers/default/odd-{name}", {
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": _meta(f"odd-{name}", namespace="default", generation=1),
            "spec": {**scaling, "behavior": behavior}}, "json")  # fmt: skip
    for at, text in enumerate(("0.1", "1e3", "1.50", "1024Ki", "0.0000001", "12345678901234567890", "1.5Ki")):
        yield Aged(f"/registry/resourcequotas/default/odd-{at}", {
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": _meta(f"odd-{at}", namespace="default"),
            "spec": {"hard": {"cpu": text, "memory": text}}}, "json")  # fmt: skip


def templates() -> Iterator[Aged]:
    """Resources of whole pods that ask for none, which some releases do not know, and some have switched off."""
    labels = {"a": "b"}
    for name, resources in (("none", {}), ("no-limits", {"limits": {}})):
        pod = {"containers": [{"name": "c", "image": "x"}], "resources": resources}
        yield Aged(f"/registry/deployments/default/odd-{name}", {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": _meta(f"odd-{name}", namespace="default", generation=1),
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}},
            "json")  # fmt: skip


def all_odd() -> list[Aged]:
    """Every object."""
    return [odd for make in (policies, webhooks, services, definitions, templates, others) for odd in make()]


def text_of(odd: Aged) -> bytes:
    """The object as it is stored."""
    return json.dumps(odd.object, separators=(",", ":")).encode() + b"\n"
