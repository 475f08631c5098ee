"""
Objects that a hostile tenant could plant: every character that steers a terminal, wherever a text may stand.
"""

from __future__ import annotations

import json
from typing import Any

from kstore.records import Put
from kstore.source.interface import WritableSource

STEERING = [
    *map(chr, (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))),
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029",
]
"""C0 without tab and line feed, which kstore writes itself, DEL, C1, the directional controls, the separators."""
EVIL = "evil" + "".join(f"{char}." for char in STEERING) + "\x1b[35mpink\x1b]0;title\x07\x9b31mlive"
"""All of them, and three sequences that a terminal would obey; begins with what a page that shows it is known by."""
FORGED = "\x1b[31mforged\x1b[0m"
"""What kstore itself writes for red."""
NAME = EVIL.replace("\0", "")
"""For command lines, which cannot hold a NUL."""
CRD_GROUP = "evil.example.com"


def _metadata(name: str, namespace: str = "d", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        "labels": {EVIL: EVIL, "forged": FORGED},
        "annotations": {EVIL: f"{EVIL}\n{FORGED}"},
        "finalizers": [EVIL],
        "ownerReferences": [{"apiVersion": "v1", "kind": EVIL, "name": EVIL, "uid": EVIL}],
        "managedFields": [
            {"manager": EVIL, "operation": EVIL, "time": "2026-01-01T00:00:00Z", "fieldsV1": {f"f:{EVIL}": {}}}
        ],
        **more,
    }


def _pod_spec() -> dict[str, Any]:
    container = {"name": EVIL, "image": EVIL, "command": [EVIL], "env": [{"name": EVIL, "value": FORGED}]}
    return {"nodeName": EVIL, "serviceAccountName": EVIL, "containers": [container], "tolerations": [{"key": EVIL}]}


def _definition() -> dict[str, Any]:
    schema = {"type": "object", "description": EVIL, "properties": {"spec": {"type": "object", "description": EVIL}}}
    names = {"plural": "plants", "singular": EVIL, "kind": "Plant", "shortNames": [EVIL], "categories": [EVIL]}
    column = {"name": EVIL, "type": "string", "description": EVIL, "jsonPath": ".spec.evil"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": _metadata(f"plants.{CRD_GROUP}", ""),
        "spec": {
            "group": CRD_GROUP,
            "names": names,
            "scope": "Namespaced",
            "versions": [
                {**version, "additionalPrinterColumns": [column]},
                {**version, "name": EVIL, "storage": False},
            ],
        },
        "status": {"storedVersions": ["v1", EVIL], "conditions": [{"type": EVIL, "message": EVIL}]},
    }


def objects() -> dict[str, Any]:
    """Values by their keys below `/registry/`: objects, or texts that are none."""
    text: dict[str, Any] = {"data": {EVIL: EVIL, "forged": FORGED}}
    condition = {"type": EVIL, "status": EVIL, "reason": EVIL, "message": f"{EVIL}\n{FORGED}"}

    def one(version: str, kind: str, name: str = EVIL, namespace: str = "d", **more: Any) -> dict[str, Any]:
        return {"apiVersion": version, "kind": kind, "metadata": _metadata(name, namespace), **more}

    template = {"metadata": _metadata(EVIL), "spec": _pod_spec()}
    selector = {"matchLabels": {EVIL: EVIL}}
    return {
        "namespaces/d": one("v1", "Namespace", "d", "", status={"phase": EVIL, "conditions": [condition]}),
        f"namespaces/{EVIL}": one("v1", "Namespace", EVIL, ""),
        f"configmaps/d/{EVIL}": one("v1", "ConfigMap", **text),
        f"configmaps/{EVIL}/{EVIL}": one("v1", "ConfigMap", EVIL, EVIL, **text),
        f"configmaps/d/broken-{EVIL}": f"rubbish{EVIL}",
        f"configmaps/d/typed-{EVIL}": one("v1", "ConfigMap", data=EVIL),
        f"configmaps/d/kind-{EVIL}": one(EVIL, EVIL),
        f"secrets/d/{EVIL}": one("v1", "Secret", type=EVIL, data={EVIL: "ZXZpbA=="}),
        f"pods/d/{EVIL}": one(
            "v1", "Pod", spec=_pod_spec(), status={"phase": EVIL, "message": EVIL, "conditions": [condition]}
        ),
        f"services/specs/d/{EVIL}": one(
            "v1", "Service", spec={"type": EVIL, "clusterIP": EVIL, "selector": {EVIL: EVIL}, "ports": [{"name": EVIL}]}
        ),
        f"minions/{EVIL}": one("v1", "Node", EVIL, "", status={"nodeInfo": {"osImage": EVIL, "kernelVersion": EVIL}}),
        f"events/d/{EVIL}": one(
            "v1", "Event", involvedObject={"kind": EVIL, "name": EVIL}, reason=EVIL, message=EVIL, type=EVIL
        ),
        f"leases/d/{EVIL}": one("coordination.k8s.io/v1", "Lease", spec={"holderIdentity": EVIL}),
        f"deployments/d/{EVIL}": one(
            "apps/v1beta1", "Deployment", spec={"template": template, "selector": selector},
            status={"conditions": [condition]},
        ),
        f"roles/d/{EVIL}": one(
            "rbac.authorization.k8s.io/v1beta1", "Role",
            rules=[{"verbs": [EVIL], "resources": [EVIL], "apiGroups": [EVIL]}],
        ),
        f"apiextensions.k8s.io/customresourcedefinitions/plants.{CRD_GROUP}": _definition(),
        f"{CRD_GROUP}/plants/d/{EVIL}": one(f"{CRD_GROUP}/v1", "Plant", spec={"evil": EVIL, EVIL: [{EVIL: EVIL}]}),
        f"{CRD_GROUP}/plants/d/gone-{EVIL}": one(f"{CRD_GROUP}/v0{EVIL}", "Plant", spec={"evil": EVIL}),
        f"{EVIL}/d/{EVIL}": one(EVIL, EVIL),
    }  # fmt: skip


def key(path: str) -> bytes:
    """The key of a path below `/registry/`."""
    return f"/registry/{path}".encode()


def plant(source: WritableSource) -> int:
    """Put the objects into a store, each of them twice; the revision before the second time."""
    between = 0
    for turn in range(2):
        for path, value in objects().items():
            if isinstance(value, dict):
                value["metadata"]["annotations"]["turn"] = f"{turn}{EVIL}"
                value = json.dumps(value, ensure_ascii=turn == 0)
            record = source.get(key(path))
            assert source.commit([Put(key(path), value.encode(), record.mod_revision if record else 0)]).succeeded
        between = between or source.status().revision
    return between
