"""The demo store, in the hands of the servers it was made by."""

from __future__ import annotations

import pytest
from tools.cluster import ApiError

from kstore.demo import database


@pytest.fixture
def demo(restore, start_etcd, tmp_path):
    """An etcd that serves the demo store."""
    snapshot = tmp_path / "demo.db"
    snapshot.write_bytes(database())
    return start_etcd(restore(snapshot))


def test_a_real_apiserver_serves_all_of_it(demo, kube_apiserver):
    """kube-apiserver 1.37 lists every resource it serves from the store, old versions and all, without an error."""
    client = kube_apiserver(demo).client()
    found: dict[str, list[str]] = {}
    for group in client.request("GET", "/apis")["groups"]:
        for version in group["versions"]:
            if group["name"] not in ("wardle.example.com", "demo.example.com"):
                found |= names(client, f"/apis/{version['groupVersion']}")
    found |= names(client, "/api/v1")
    assert found["/apis/apps/v1/deployments"] == ["webserver", "cart", "frontend", "search"]
    assert found["/apis/autoscaling/v2/horizontalpodautoscalers"] == ["webserver", "checkout"]
    assert found["/apis/example.com/v1/databases"] == ["wordpress"]
    assert found["/apis/stable.example.com/v1/crontabs"] == ["my-new-cron-object", "my-old-cron-object"]
    assert "webserver" in found["/api/v1/pods"]


def test_the_aggregated_groups_answer_for_themselves(demo, kube_apiserver, sample_apiserver):
    """The sample-apiserver finds its Flunders; the kube-apiserver says that group is served elsewhere."""
    kube = kube_apiserver(demo)
    with pytest.raises(ApiError) as refused:
        kube.client().request("GET", "/apis/wardle.example.com/v1alpha1/flunders")
    assert refused.value.status == 503
    flunders = sample_apiserver(demo, kube).client().request("GET", "/apis/wardle.example.com/v1beta1/flunders")
    assert [item["metadata"]["name"] for item in flunders["items"]] == ["caught", "sample"]
    assert flunders["items"][0]["spec"] == {"fischerReference": "nordic", "referenceType": "Fischer"}


def test_metrics_come_back_from_the_annotations(demo, kube_apiserver):
    """The HPA that is in autoscaling/v1 has all four metrics and its behavior in v2."""
    path = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/checkout"
    spec = kube_apiserver(demo).client().request("GET", path)["spec"]
    assert sorted(metric["type"] for metric in spec["metrics"]) == ["External", "Pods", "Resource", "Resource"]
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 120


def names(client, group_version):
    """The names of each listable resource of one group and version, by its path."""
    resources = client.request("GET", group_version)["resources"]
    return {
        f"{group_version}/{resource['name']}": [
            item["metadata"]["name"] for item in retried(client, f"{group_version}/{resource['name']}")
        ]
        for resource in resources
        if "/" not in resource["name"] and "list" in resource["verbs"]
    }


def retried(client, path):
    """A list; of a custom resource the server may say for a second that its storage is being initialized."""
    import time

    for _ in range(50):
        try:
            return client.request("GET", path)["items"]
        except ApiError as error:
            if error.status != 429:
                raise
            time.sleep(0.2)
    return client.request("GET", path)["items"]
