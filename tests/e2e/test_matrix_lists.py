"""
The findings' matrix beside a real server: the list of a built-in resource fails where an object is said to be one that
the server cannot read, and goes well where it is a near miss. (Custom resources: `test_decoding.py`.)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.e2e.test_decoding import status
from tests.inspect.findings.matrix import MATRIX, Shown, Store, Values
from tools.cluster import Etcd

from kstore.records import Delete, Put
from kstore.source.etcd.live import LiveSource

LISTS = {
    "configmaps": "/api/v1/namespaces/default/configmaps",
    "secrets": "/api/v1/namespaces/default/secrets",
    "events": "/api/v1/namespaces/default/events",
    "deployments": "/apis/apps/v1/namespaces/default/deployments",
    "deviceclasses": "/apis/resource.k8s.io/v1/deviceclasses",
    "resourceclaims": "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims",
    "horizontalpodautoscalers": "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
}


def stores() -> Iterator[tuple[str, Values, bool]]:
    """The stores of built-in resources for the newest release, and whether a list of them fails."""
    for case in MATRIX:
        if case.finding in ("undecodable", "unknown-to-target"):
            served = isinstance(case.advice, Shown) and case.advice.wording == "last resort"
            of_newest = [(case.name, case.true, not served)]
            of_newest += [(f"{case.name}, not {name}", near, False) for name, near in case.near_misses.items()]
            yield from ((name, store.values, fails) for name, store, fails in of_newest if is_built_in(store))


def is_built_in(store: Store) -> bool:
    """Whether it is of the resources above, and of no release before the newest."""
    return not store.release and all(directory(key) in LISTS for key in store.values)


def directory(key: str) -> str:
    """The first directory below the prefix."""
    return key.split("/")[2] if key.startswith("/registry/") else ""


def test_lists(etcd_server: Etcd, kube_apiserver: Callable[..., Any]) -> None:
    """500 where it is found, 200 where it is not."""
    client = kube_apiserver(etcd_server, watch_cache="false").client()
    told: dict[str, bool] = {}
    failed: dict[str, bool] = {}
    with LiveSource([etcd_server.endpoint]) as source:
        for name, values, fails in stores():
            revisions = {}
            for key, value in values.items():
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                revisions[key] = source.commit([Put(key.encode(), data, 0)]).revision
            answers = {status(client, LISTS[directory(key)]) for key in values}
            told[name], failed[name] = fails, answers != {200}
            for key, revision in revisions.items():
                assert source.commit([Delete(key.encode(), revision)]).succeeded
    assert failed == told
    assert len(told) > 8
