"""
`kstore get`: single objects, as they are stored, converted, or as bytes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Kstore
from tests.cli.damaged import CUT, RUBBISH, SEALED, damaged_store

from kstore.source.location.demo import open_demo


@pytest.mark.parametrize(
    "arguments",
    [
        ("pods/default/webserver",),
        ("pods/webserver",),
        ("po", "webserver"),
        ("pod", "webserver", "-n", "default"),
        ("/registry/pods/default/webserver",),
    ],
)
def test_names(demo: Kstore, arguments: tuple[str, ...]) -> None:
    """kubectl's grammar, with the namespace in the name too, or the key."""
    assert demo("get", *arguments, "-o", "name").text == "pod/webserver\n"
    assert demo("get", *arguments, "-o", "keys").text == "/registry/pods/default/webserver\n"


def test_as_stored(demo: Kstore) -> None:
    """YAML as kubectl prints it, with the resourceVersion of etcd, managedFields left out unless asked for."""
    text = demo("get", "pods/default/webserver").text
    assert text.startswith("apiVersion: v1\nkind: Pod\nmetadata:\n")
    assert "managedFields" not in text
    assert "managedFields" in demo("get", "pods/default/webserver", "--show-managed-fields").text
    with open_demo() as source:
        record = source.get(b"/registry/pods/default/webserver")
    assert record is not None
    found = demo("get", "pods/default/webserver", "-o", "json").json
    assert found["metadata"]["resourceVersion"] == str(record.mod_revision)
    assert found["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert demo("get", "pods/default/webserver", "-o", "raw").out == record.value
    dump = demo("get", "pods/default/webserver", "-o", "hex").text
    assert dump.startswith("00000000  6b 38 73 00")
    assert "|k8s" in dump


def test_several(demo: Kstore) -> None:
    """Several names are a list; one that is not there is named, the others are shown, and the code is 1."""
    ran = demo("get", "pods/default/webserver", "deploy/shop/cart", "deploy/shop/none", "-o", "json")
    assert ran.code == 1
    assert [item["kind"] for item in ran.json["items"]] == ["Pod", "Deployment"]
    assert "/registry/deployments/shop/none" in ran.err


def test_a_whole_resource(demo: Kstore) -> None:
    """A resource alone is all of its objects in the default namespace, with -A in every one."""
    assert len(demo("get", "deploy", "-o", "name").text.split()) == 1
    assert len(demo("get", "deploy", "-A", "-o", "name").text.split()) == 4
    assert len(demo("get", "nodes", "-o", "json").json["items"]) == 2


def test_an_autoscaler_in_every_version(demo: Kstore) -> None:
    """v2beta1 and v2beta2 differ in how they say the target; v1 says it in a field of its own."""

    def spec(version: str, release: str) -> dict[str, object]:
        ran = demo("get", "hpa/webserver", "--as", version, "--release", release, "-o", "json")
        assert ran.code == 0
        found: dict[str, object] = ran.json["spec"]
        return found

    older, newer = spec("autoscaling/v2beta1", "1.24"), spec("autoscaling/v2beta2", "1.24")
    assert older.pop("metrics") == [{"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 80}}]
    assert newer.pop("metrics") == [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    ]
    assert older == newer
    assert spec("autoscaling/v1", "1.37")["targetCPUUtilizationPercentage"] == 80


def test_a_note_of_what_as_changed(demo: Kstore) -> None:
    """On standard error: what defaulting set and what conversion changed; standard output is the object alone."""
    ran = demo("get", "hpa/webserver", "--as", "autoscaling/v1")
    assert "autoscaling/v2 as autoscaling/v1" in ran.err
    assert "converted: + spec.targetCPUUtilizationPercentage: 80" in ran.err
    assert "converted" not in ran.text
    assert "nothing changed" in demo("get", "pods/default/webserver", "--as", "v1").err


def test_secrets(demo: Kstore) -> None:
    """Masked in every view for people: YAML, describe, storage, and the note of --as."""
    for output in ("yaml", "describe", "storage"):
        for arguments in ((), ("--as", "v1")) if output != "storage" else ((),):
            ran = demo("get", "secrets/shop/payment-gateway", "-o", output, *arguments)
            assert ran.code == 0
            assert SECRET not in ran.text + ran.err, output
    found = demo("get", "secrets/shop/payment-gateway", "-o", "json").json
    assert found["data"]["endpoint"] not in demo("get", "secrets/shop/payment-gateway").text


SECRET = "example.com/pay"


def test_further_outputs(demo: Kstore) -> None:
    """jsonpath, custom columns, tables, a page, annotated bytes."""
    pod = "pods/default/webserver"
    assert demo("get", pod, "-o", "jsonpath={.spec.containers[0].image}").text == "nginx"
    assert demo("get", pod, "-o", "custom-columns=N:.metadata.name").text.split() == ["N", "webserver"]
    assert demo("get", pod, "-o", "table").text.split()[:2] == ["NAME", "READY"]
    assert "pod/webserver" in demo("get", pod, "-o", "table", "--show-kind").text
    assert demo("get", pod, "-o=name", "-n=default").text == "pod/webserver\n"
    assert "managedFields" in demo("get", pod, "-o", "jsonpath={.metadata}").text
    assert demo("get", pod, "-o", "jsonpath=").code == 2
    assert demo("get", pod, "-o", "jsonpath-as-json={.metadata.labels}").json == [{"app": "webserver"}]
    assert demo("ls", "deploy", "-o", "jsonpath-as-json={.items[*].kind}").json == ["Deployment"] * 4
    mixed = demo("get", pod, "deploy/shop/cart", "-o", "table").text
    assert "pod/webserver" in mixed
    assert "deployment.apps/cart" in mixed
    assert demo("get", pod, "-o", "table-json").json["rows"][0]["cells"][0] == "webserver"
    assert demo("get", pod, "-o", "describe").text.startswith("Name:         webserver\n")
    assert '2 image "nginx"' in demo("get", pod, "-o", "storage").text


def test_the_scale_of_a_custom_object(demo: Kstore) -> None:
    """Read by the paths that its CRD gives."""
    text = demo("get", "ct/my-new-cron-object", "-o", "describe").text
    assert "Scale:\n  Desired:   1\n  Current:   1\n  Selector:  app=my-new-cron-object\n" in text


def test_what_cannot_be_read(kstore: Kstore, tmp_path: Path) -> None:
    """Named with its reason, the others shown, 3; its bytes can be had, and annotated as far as they go."""
    store = str(damaged_store(tmp_path / "store"))
    for output in ("yaml", "json", "table", "describe"):
        ran = kstore("--store", store, "get", CUT, SEALED, RUBBISH, "pods/webserver-6d9c7f5b8d-x2k8m", "-o", output)
        assert ran.code == 3
        assert "webserver-6d9c7f5b8d-x2k8m" in ran.text
        for key in (CUT, SEALED, RUBBISH):
            assert ran.err.count(key) == 1
            assert f"kstore: {key}: " in ran.err
        assert ran.err.count("hint: give the apiserver's --encryption-provider-config") == 1
    ran = kstore("--store", store, "get", CUT, SEALED, RUBBISH, "-o", "storage")
    assert ran.code == 3
    assert 'name "webserver"' in ran.text
    assert "cut short" in ran.text
    assert "aesgcm lost" in ran.text
    assert kstore("--store", store, "get", RUBBISH, "-o", "raw").out == b"rubbish"


def test_as_served(demo: Kstore) -> None:
    """As the server answers: defaults and the preferred version, with the revision; tables are so anyway."""
    stored = demo("get", "deploy/shop/cart", "-o", "json").json
    served = demo("get", "deploy/shop/cart", "--as-served", "-o", "json").json
    assert stored["apiVersion"] != served["apiVersion"] == "apps/v1"
    assert served["spec"]["strategy"]["type"] == "RollingUpdate"
    assert served["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]
    listed = demo("ls", "deploy", "-n", "shop", "--as-served", "-o", "json").json["items"]
    assert served in listed
    old = demo("get", "deploy/shop/cart", "--as-served", "--as", "apps/v1beta1", "-o", "json")
    assert (old.code, old.out) == (3, b"")
    assert "1.37 does not serve deployments.apps in apps/v1beta1" in old.err
    assert demo("ls", "deploy", "--as-served").code == 2
