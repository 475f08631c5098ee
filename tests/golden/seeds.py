"""
Small objects of every kind that the demo store has none of, complete enough for a server to take them.

`growing.py` fills in the rest. Where releases have a kind in unlike forms each has a seed of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

UUID = "5f0c2d3e-7a1b-4c8d-9e2f-a1b2c3d4e5f6"
EXPRESSION = "has(object.metadata.labels) && size(object.metadata.labels) < 9"
PATCH = "[JSONPatch{op: 'add', path: '/metadata/labels/seed', value: 'x'}]"
LABELS = {"app": "web"}
POD = {"containers": [{"name": "web", "image": "registry.example.com/web:1"}]}
MATCHING: Object = {"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"],
                                       "resources": ["deployments"]}]}  # fmt: skip
ANY_VERSION = ()


@dataclass(frozen=True, slots=True)
class Seed:
    """An object without its version, and the versions that have this form; none named means all."""

    group: str
    kind: str
    body: Object
    versions: tuple[str, ...] = ANY_VERSION
    name: str = "seed"


def webhooks(**more: Any) -> Object:
    """A webhook configuration whose only webhook never is asked."""
    rules = [{"apiGroups": ["nothing.example.com"], "apiVersions": ["v1"], "operations": ["CREATE"],
              "resources": ["nothings"], "scope": "Namespaced"}]  # fmt: skip
    hook = {"name": "no.hook.example.com", "clientConfig": {"url": "https://127.0.0.1:9/x"}, "rules": rules,
            "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore", **more}  # fmt: skip
    return {"webhooks": [hook]}


def crd(served: str = "v1") -> Object:
    """A custom resource that says what it is; its name and group are given when it is stored."""
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
        "type": "object", "properties": {"size": {"type": "integer", "default": 3}},
    }}}}  # fmt: skip
    return {"spec": {
        "group": "seed.example.com", "scope": "Namespaced",
        "names": {"plural": "seeds", "singular": "seed", "kind": "Seed", "listKind": "SeedList"},
        "versions": [{"name": served, "served": True, "storage": True, "schema": schema}],
    }}  # fmt: skip


DEVICES_OF_SLICE = [
    {"name": "gpu-0", "attributes": {"model": {"string": "a"}}, "capacity": {"memory": {"value": "1Gi"}}}
]
REQUEST = {"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}
OLD_REQUEST = {"name": "gpu", "deviceClassName": "gpu.example.com"}

SEEDS = (
    Seed("", "Event", {"involvedObject": {"kind": "Pod", "namespace": "default", "name": "web", "apiVersion": "v1"},
                       "reason": "Started", "type": "Normal", "message": "it runs", "count": 2,
                       "firstTimestamp": "2020-01-02T03:04:05Z", "lastTimestamp": "2020-01-02T03:04:06Z",
                       "source": {"component": "kubelet"}}),
    Seed("", "Namespace", {"spec": {"finalizers": ["kubernetes"]}}),
    Seed("", "Node", {"spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"], "providerID": "example://n"}}),
    Seed("", "PodTemplate", {"template": {"metadata": {"labels": LABELS}, "spec": POD}}),
    Seed("", "ReplicationController", {"spec": {"replicas": 0, "selector": LABELS,
                                                "template": {"metadata": {"labels": LABELS}, "spec": POD}}}),
    Seed("admissionregistration.k8s.io", "MutatingWebhookConfiguration", webhooks(reinvocationPolicy="Never")),
    Seed("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", webhooks()),
    Seed("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", {"spec": {
        "matchConstraints": MATCHING, "failurePolicy": "Ignore", "validations": [{"expression": EXPRESSION}]}}),
    Seed("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", {"spec": {
        "policyName": "none.example.com", "validationActions": ["Audit"]}}),
    Seed("admissionregistration.k8s.io", "MutatingAdmissionPolicy", {"spec": {
        "matchConstraints": MATCHING, "failurePolicy": "Ignore", "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": PATCH}}]}}),
    Seed("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", {"spec": {
        "policyName": "none.example.com"}}),
    Seed("apiextensions.k8s.io", "CustomResourceDefinition", crd(), name="seeds.seed.example.com"),
    Seed("apiregistration.k8s.io", "APIService", {"spec": {
        "group": "seed.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
        "service": {"namespace": "default", "name": "nobody"}, "insecureSkipTLSVerify": True}},
        name="v1.seed.example.com"),
    Seed("batch", "Job", {"spec": {"completions": 3, "parallelism": 0, "template": {"spec": {
        **POD, "restartPolicy": "Never"}}}}),
    Seed("certificates.k8s.io", "CertificateSigningRequest", {"spec": {
        "signerName": "example.com/signer", "usages": ["digital signature", "client auth"], "request": "{csr}"}}),
    Seed("certificates.k8s.io", "ClusterTrustBundle", {"spec": {
        "signerName": "example.com/signer", "trustBundle": "{certificate}"}}, name="example.com:signer:seed"),
    Seed("certificates.k8s.io", "PodCertificateRequest", {"spec": {
        "signerName": "example.com/signer", "podName": "web", "podUID": UUID, "serviceAccountName": "default",
        "serviceAccountUID": UUID, "nodeName": "n", "nodeUID": UUID, "maxExpirationSeconds": 86400,
        "stubPKCS10Request": "{der csr}"}}),
    Seed("coordination.k8s.io", "LeaseCandidate", {"spec": {
        "leaseName": "l", "binaryVersion": "1.32.0", "emulationVersion": "1.32.0",
        "strategy": "OldestEmulationVersion", "renewTime": "2020-01-02T03:04:05.000006Z"}}),
    Seed("flowcontrol.apiserver.k8s.io", "FlowSchema", {"spec": {
        "priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 9000,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [{"subjects": [{"kind": "User", "user": {"name": "nobody"}}], "nonResourceRules": [
            {"verbs": ["get"], "nonResourceURLs": ["/nothing"]}]}]}}),
    Seed("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", {"spec": {
        "type": "Limited", "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}}}}),
    Seed("internal.apiserver.k8s.io", "StorageVersion", {"spec": {}}, name="seed.example.com.seeds"),
    Seed("lifecycle.k8s.io", "EvictionRequest", {"spec": {
        "target": {"pod": {"name": "web", "uid": UUID}}, "requester": "example.com/drainer", "intent": "Eviction"}}),
    Seed("lifecycle.k8s.io", "Eviction", {"spec": {"target": {"pod": {"name": "web", "uid": UUID}}}}, name=UUID),
    Seed("networking.k8s.io", "IngressClass", {"spec": {"controller": "example.com/controller"}}),
    Seed("networking.k8s.io", "IPAddress", {"spec": {"parentRef": {
        "resource": "services", "namespace": "default", "name": "web"}}}, name="10.96.250.1"),
    Seed("networking.k8s.io", "ServiceCIDR", {"spec": {"cidrs": ["10.97.0.0/24"]}}),
    Seed("node.k8s.io", "RuntimeClass", {"handler": "seed"}),
    Seed("resource.k8s.io", "PodSchedulingContext", {"spec": {"selectedNode": "n", "potentialNodes": ["n", "m"]}}),
    Seed("resource.k8s.io", "ResourceClass", {"driverName": "gpu.example.com"}),
    Seed("resource.k8s.io", "ResourceClaim", {"spec": {"resourceClassName": "gpu.example.com",
                                                       "allocationMode": "Immediate"}}, ("v1alpha2",)),
    Seed("resource.k8s.io", "ResourceClaim", {"spec": {"devices": {"requests": [REQUEST]}}}, ("v1", "v1beta2")),
    Seed("resource.k8s.io", "ResourceClaim", {"spec": {"devices": {"requests": [OLD_REQUEST]}}}, ("v1beta1",)),
    Seed("resource.k8s.io", "ResourceClaimTemplate", {"spec": {"spec": {"resourceClassName": "gpu.example.com"}}},
         ("v1alpha2",)),
    Seed("resource.k8s.io", "ResourceClaimTemplate", {"spec": {"spec": {"devices": {"requests": [REQUEST]}}}},
         ("v1", "v1beta2")),
    Seed("resource.k8s.io", "ResourceClaimTemplate", {"spec": {"spec": {"devices": {"requests": [OLD_REQUEST]}}}},
         ("v1beta1",)),
    Seed("resource.k8s.io", "DeviceClass", {"spec": {"selectors": [
        {"cel": {"expression": "device.driver == 'a.example.com'"}}]}}),
    Seed("resource.k8s.io", "DeviceTaintRule", {"spec": {"deviceSelector": {"driver": "gpu.example.com"}, "taint": {
        "key": "example.com/broken", "value": "yes", "effect": "NoSchedule", "timeAdded": "2020-01-02T03:04:05Z"}}}),
    Seed("resource.k8s.io", "ResourcePoolStatusRequest", {"spec": {"driver": "gpu.example.com"}}),
    Seed("resource.k8s.io", "ResourceSlice", {"spec": {
        "driver": "gpu.example.com", "nodeName": "n", "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
        "devices": DEVICES_OF_SLICE}}, ("v1", "v1beta2")),
    Seed("resource.k8s.io", "ResourceSlice", {"spec": {
        "driver": "gpu.example.com", "nodeName": "n", "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "gpu-0", "basic": {"attributes": {"model": {"string": "a"}}}}]}}, ("v1beta1",)),
    Seed("scheduling.k8s.io", "Workload", {"spec": {"podGroupTemplates": [
        {"name": "workers", "schedulingPolicy": {"gang": {"minCount": 2}}}]}}),
    Seed("scheduling.k8s.io", "PodGroup", {"spec": {"schedulingPolicy": {"gang": {"minCount": 2}}}}),
    Seed("scheduling.k8s.io", "CompositePodGroup", {"spec": {
        "workloadRef": {"workloadName": "w", "templateName": "t"},
        "schedulingPolicy": {"gang": {"minGroupCount": 2}}}}),
    Seed("storage.k8s.io", "CSIDriver", {"spec": {"attachRequired": True}}),
    Seed("storage.k8s.io", "CSINode", {"spec": {"drivers": [{"name": "csi.example.com", "nodeID": "n",
                                                              "topologyKeys": ["example.com/zone"]}]}}),
    Seed("storage.k8s.io", "CSIStorageCapacity", {"storageClassName": "fast", "capacity": "1Gi"}),
    Seed("storage.k8s.io", "VolumeAttachment", {"spec": {
        "attacher": "csi.example.com", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}),
    Seed("storage.k8s.io", "VolumeAttributesClass", {"driverName": "csi.example.com", "parameters": {"iops": "4000"}}),
    Seed("storagemigration.k8s.io", "StorageVersionMigration", {"spec": {"resource": {
        "group": "apps", "version": "v1", "resource": "deployments"}}}, ("v1alpha1",)),
    Seed("storagemigration.k8s.io", "StorageVersionMigration", {"spec": {"resource": {
        "group": "apps", "resource": "deployments"}}}, ("v1beta1", "v1")),
)  # fmt: skip
"""One or more of each kind; places in braces are filled in when the objects are made (`growing.py`)."""
