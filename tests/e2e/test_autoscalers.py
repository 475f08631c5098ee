"""
HorizontalPodAutoscalers of every type of metric as a real kube-apiserver 1.29 reads and writes them, whatever version
kstore has stored them in.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest
from tests.scheme.groups.autoscaling.autoscalers import (
    CPU,
    METRICS,
    STATUSES,
    UNADMITTED,
    Obj,
    autoscaler,
    lost_metrics,
    lost_statuses,
)
from tests.scheme.groups.stored import codec_of
from tools.cluster import ApiError

from kstore.naming import GroupVersion
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

RELEASE = "1.29"
CODEC = codec_of(RELEASE)
V1, V2 = GroupVersion("autoscaling", "v1"), GroupVersion("autoscaling", "v2")
PATH = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
PREFIX = "/registry/horizontalpodautoscalers/default/"


def examples(via: str) -> dict[str, Obj]:
    """An HPA for each metric and each current metric that survives the version, by name."""
    lost, unset = lost_metrics(via, 29), lost_statuses(via)
    found = [autoscaler([one]) for name, one in METRICS.items() if name not in lost]
    found += [autoscaler([CPU], [one]) for name, one in STATUSES.items() if name not in unset]
    for number, one in enumerate(found):
        metadata = {"name": f"web-{number}", "uid": f"uid-{number}", "creationTimestamp": "2026-01-02T03:04:05Z"}
        one["metadata"].update(metadata)
    return {one["metadata"]["name"]: one for one in found}


def is_admitted(found: Obj) -> bool:
    """Whether the server lets anybody write the metrics of an HPA."""
    return not any(METRICS[name] in found["spec"]["metrics"] for name in UNADMITTED)


def without_revision(found: dict[str, Any]) -> dict[str, Any]:
    """An object without its `resourceVersion`, which is etcd's own."""
    found["metadata"].pop("resourceVersion")
    return found


@pytest.mark.parametrize("via", ["v1", "v2beta1", "v2beta2"])
def test_read_and_written_as_by_1_29(via: str, start_etcd, kube_apiserver) -> None:
    """The server reads from the old version what was there in v2, and when the object is put back, it stores the very
    bytes that kstore would; what it admits in no version is read all the same."""
    etcd = start_etcd()
    found = examples(via)
    as_v2 = {name: CODEC.convert(json.dumps(one).encode(), V2) for name, one in found.items()}
    old = {name: CODEC.convert(value, GroupVersion("autoscaling", via)) for name, value in as_v2.items()}
    with LiveSource([etcd.endpoint]) as source:
        source.commit([Put((PREFIX + name).encode(), value, 0) for name, value in old.items()])
    client = kube_apiserver(etcd, release=RELEASE).client()
    for name, one in found.items():
        read = client.request("GET", f"{PATH.format('v2')}/{name}")
        with nullcontext() if is_admitted(one) else pytest.raises(ApiError, match="Invalid"):
            client.request("PUT", f"{PATH.format('v2')}/{name}", read)
        assert without_revision(read) == CODEC.convert_object(as_v2[name], V2)
        read = client.request("GET", f"{PATH.format('v1')}/{name}")
        assert without_revision(read) == CODEC.convert_object(as_v2[name], V1)
    with LiveSource([etcd.endpoint]) as source:
        stored = {record.key.decode().removeprefix(PREFIX): record for record in source.scan(PREFIX.encode())}
    written = {name for name, one in found.items() if is_admitted(one)}
    assert {name: record.value for name, record in stored.items()} == {
        name: (as_v2 if name in written else old)[name] for name in found
    }
    assert {name for name, record in stored.items() if record.mod_revision > record.create_revision} == written
