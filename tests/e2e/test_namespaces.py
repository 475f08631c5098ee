"""
Namespaces, field selectors and the space of a database, beside what a real server says of the same objects.
"""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.test_decoding import GROUP, definition, findings, put, status
from tests.patience import COMMAND_TIMEOUT
from tools.cluster import ApiError, Client, Etcd, find_etcd

from kstore.cli.main import run
from kstore.records import Put
from kstore.source.etcd.live import LiveSource


def config_map(name: str, namespace: str) -> tuple[bytes, bytes]:
    """The key and the value of a config map."""
    metadata = {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}"}
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    return f"/registry/configmaps/{namespace}/{name}".encode(), json.dumps(value).encode()


def test_namespaces(etcd_server: Etcd, kube_apiserver: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """
    Objects that no-namespace names are listed, and can be neither joined nor cleared away by their namespace, as it
    does not exist; created again, as advised, it holds them, and nothing is found.
    """
    gone = {namespace: config_map("left", namespace)[0].decode() for namespace in ("gone", "lost.x")}
    put(etcd_server, dict(config_map("left", namespace) for namespace in gone) | dict([config_map("a", "default")]))
    client: Client = kube_apiserver(etcd_server, watch_cache="false").client()
    found = findings(etcd_server, "1.37", capsys)["no-namespace"]
    assert found & set(gone.values()) == set(gone.values())
    assert "/registry/configmaps/default/a" not in found
    listed = client.request("GET", "/api/v1/configmaps")["items"]
    assert {"gone", "lost.x"} <= {one["metadata"]["namespace"] for one in listed}
    for namespace in gone:
        assert status(client, f"/api/v1/namespaces/{namespace}") == 404
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}}
    with pytest.raises(ApiError) as refused:
        client.request("POST", "/api/v1/namespaces/gone/configmaps", body)
    assert refused.value.status == 404
    again = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gone"}}
    client.request("POST", "/api/v1/namespaces", again)
    client.request("DELETE", "/api/v1/namespaces/gone/configmaps/left")
    assert gone["gone"] not in findings(etcd_server, "1.37", capsys).get("no-namespace", set())


SELECTORS = (
    "metadata.name=red", "metadata.namespace=default", "spec.color=red", "spec.color!=red", "spec.color=",
    "spec.on=true", "spec.size=3", "spec.size=3,spec.color=red", "spec.other=1", ".spec.color=red", "metadata.uid=red",
    "spec=1", "status.phase=x", "spec.color=blue",
)  # fmt: skip


def test_field_selectors(etcd_server: Etcd, kube_apiserver: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a custom resource the same selectors are refused, and the same objects selected, as by the server."""
    key, value = definition("lamps")
    crd = json.loads(value)
    version = crd["spec"]["versions"][0]
    version["schema"] = copy.deepcopy(version["schema"])
    version["schema"]["openAPIV3Schema"]["properties"]["spec"] = {
        "type": "object",
        "properties": {
            "color": {"type": "string"}, "on": {"type": "boolean"}, "size": {"type": "integer"},
            "other": {"type": "string"},
        },
    }  # fmt: skip
    version["selectableFields"] = [{"jsonPath": f".spec.{name}"} for name in ("color", "on", "size")]
    specs: dict[str, dict[str, Any]] = {
        "red": {"color": "red", "on": True, "size": 3},
        "blue": {"color": "blue"},
        "no": {},
    }
    values = {key: json.dumps(crd).encode()}
    for name, spec in specs.items():
        metadata = {"name": name, "namespace": "default", "uid": name}
        lamp = {"apiVersion": f"{GROUP}/v1", "kind": "Lamps", "metadata": metadata, "spec": spec}
        values[f"/registry/{GROUP}/lamps/default/{name}".encode()] = json.dumps(lamp).encode()
    put(etcd_server, values)
    client: Client = kube_apiserver(etcd_server, watch_cache="false").client()
    for selector in SELECTORS:
        path = f"/apis/{GROUP}/v1/lamps?fieldSelector={selector.replace('=', '%3D')}"
        capsys.readouterr()
        code = run(["--store", etcd_server.endpoint, "ls", "lamps", "--field-selector", selector, "-o", "name"])
        said = capsys.readouterr()
        selected = by_server(client, path)
        if selected is None:
            assert code == 2, selector
            assert "field label not supported" in said.err
        else:
            assert code == 0, (selector, said.err)
            assert {line.rpartition("/")[2] for line in said.out.split()} == selected, selector


def by_server(client: Client, path: str) -> set[str] | None:
    """The names that a server selects; None where it calls the selector a bad request."""
    try:
        return {one["metadata"]["name"] for one in client.request("GET", path)["items"]}
    except ApiError as error:
        if error.status != 400:
            raise
        return None


def test_a_database_near_its_quota(start_etcd: Callable[..., Etcd], capsys: pytest.CaptureFixture[str]) -> None:
    """Found before writes are refused; compaction and defragmentation, as advised, make it go."""
    server = start_etcd(quota_backend_bytes=str(1 << 23))
    with LiveSource([server.endpoint]) as source:
        revision = 0
        for _ in range(14):
            revision = source.commit([Put(b"/registry/configmaps/d/a", b"x" * 500_000, revision)]).revision
        until = time.monotonic() + 60
        while source.status().size < 0.8 * (1 << 23) and time.monotonic() < until:
            pass  # it is told once the pages are written
    assert "space" in findings(server, "1.37", capsys)
    capsys.readouterr()
    run(["--store", server.endpoint, "check", "--only", "space", "-o", "json"])
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["subject"].endswith("of the quota")
    for command in found["command"].split("; "):
        program, *words = command.split()
        if program == "etcdctl":
            etcdctl = [str(find_etcd("etcdctl")), f"--endpoints={server.endpoint}", COMMAND_TIMEOUT]
            subprocess.run([*etcdctl, *words], check=True, capture_output=True)
    assert "space" not in findings(server, "1.37", capsys)


def odd_config_maps() -> dict[str, bytes]:
    """Config maps in forms that no server writes, each in a namespace of its name."""

    def text(name: str) -> bytes:
        metadata = {"name": name, "namespace": name, "uid": name}
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}}).encode()

    def yaml(name: str, data: str = "b") -> bytes:
        head = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {name}\n"
        return f"{head}data:\n  a: {data}\n".encode()

    wrap = base64.b64encode
    return {
        "yaml": yaml("yaml"),
        "yamldocument": b"---\n" + yaml("yamldocument"),
        "yamltwice": yaml("yamltwice") + b"---\n" + yaml("yamltwice"),
        "yamlcomment": b"# a\n" + text("yamlcomment"),
        "yamltype": yaml("yamltype", "yes"),
        "wrappedyaml": wrap(yaml("wrappedyaml")),
        "wrappedjson": wrap(text("wrappedjson")),
        "wrappedtwice": wrap(wrap(text("wrappedtwice"))),
        "mark": b"\xef\xbb\xbf" + text("mark"),
        "more": text("more") + b"{}",
        "cut": text("cut")[:-1],
        "bytes": b"k8s\0\x0a\xff",
    }


def test_last_resorts(etcd_server: Etcd, kube_apiserver: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a server serves, in whichever form, is not advised to be deleted; of the rest most is."""
    values = odd_config_maps()
    put(etcd_server, {f"/registry/configmaps/{name}/{name}".encode(): value for name, value in values.items()})
    client: Client = kube_apiserver(etcd_server, watch_cache="false").client()
    served = {name for name in values if status(client, f"/api/v1/namespaces/{name}/configmaps") == 200}
    assert {"yaml", "wrappedjson", "mark"} <= served
    assert {"yamltype", "more", "bytes"} <= values.keys() - served
    capsys.readouterr()
    run(["--store", etcd_server.endpoint, "check", "--only", "undecodable", "-o", "json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    lost = {
        place["key"].rpartition("/")[2] for one in found if "kstore delete" in one["command"] for place in one["keys"]
    }
    assert not lost & served
    assert lost == {"more", "cut", "bytes", "wrappedtwice"}
