"""
`kstore ls`: the tree, and lists in kubectl's grammar.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore
from tests.cli.damaged import CUT, RUBBISH, SEALED, damaged_store, store_with

NOW = ("--now", "2026-11-30T00:00:00Z")


def test_the_tree(demo: Kstore) -> None:
    """What is in the store, counted: the sum of the parts is the whole."""
    found = demo("ls", "-o", "json").json
    assert found["prefix"] == "/registry"
    assert sum(row["count"] for row in found["resources"]) == len(demo("ls", "/", "-o", "keys").text.split())
    pods = next(row for row in found["resources"] if row["resource"] == "pods")
    assert (pods["count"], pods["storedVersions"], pods["encodings"]) == (2, {"v1": 2}, {"protobuf": 2})
    text = demo("ls").text
    assert "mixed     v1: 1, v1beta1: 1, extensions/v1beta1: 2  protobuf: 3, json: 1" in text
    assert "json      v1alpha1  belongs to no known resource" in text


@pytest.mark.parametrize("name", ["pods", "po", "pod", "Pod", "/registry/pods", "/registry/pods/default"])
def test_names_of_a_resource(demo: Kstore, name: str) -> None:
    """Plural, short name, singular, kind, or by key: the same objects."""
    assert demo("ls", name, "-o", "name").text == "pod/webserver\npod/webserver-6d9c7f5b8d-x2k8m\n"


def test_categories_and_several(demo: Kstore) -> None:
    """`all` is every resource of that category, custom ones too; commas and arguments join."""
    everything = demo("ls", "all", "-o", "name").text
    assert "deployment.apps/cart" in everything
    assert "crontab.stable.example.com/my-new-cron-object" in everything
    both = demo("ls", "po,deploy", "-o", "keys").text
    assert both == demo("ls", "po", "deploy", "-o", "keys").text


def test_a_path_is_no_string_prefix(demo: Kstore) -> None:
    """/registry/services takes services/specs and endpoints, /registry/pod nothing."""
    assert demo("ls", "/registry/pod", "-o", "keys").out == b""
    assert b"/registry/services/endpoints/" in demo("ls", "/registry/services", "-o", "keys").out


def test_tables(demo: Kstore) -> None:
    """kubectl's own columns, ages counted to a given time; wide has more of them."""
    lines = demo("ls", "pods", *NOW).text.splitlines()
    assert lines[0].split() == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert lines[1].split() == ["default", "webserver", "1/1", "Running", "0", "14h"]
    assert demo("ls", "pods", "-n", "default", *NOW).text.startswith("NAME ")
    assert "NOMINATED NODE" in demo("ls", "pods", "-o", "wide").text
    assert not demo("ls", "pods", "--no-headers").text.startswith("NAMESPACE")
    both = demo("ls", "po,deploy").text
    assert "pod/webserver" in both
    assert "deployment.apps/webserver" in both


def test_further_columns(demo: Kstore) -> None:
    """Labels, and how each object is stored."""
    text = demo("ls", "deploy", "-n", "shop", "--storage-columns", "stored-version,encoding", "-L", "app").text
    cart = next(line for line in text.splitlines() if line.startswith("cart"))
    assert "apps/v1beta1" in cart
    assert "protobuf" in cart
    assert "LABELS" in demo("ls", "deploy", "--show-labels").text


def test_selectors(demo: Kstore) -> None:
    """Labels, fields, stored versions and expressions select; together, all must hold."""

    def names(*arguments: str) -> list[str]:
        return demo("ls", "deploy", "-o", "name", *arguments).text.split()

    assert names("-l", "app in (cart, search)") == ["deployment.apps/cart", "deployment.extensions/search"]
    assert names("--field-selector", "metadata.name=cart") == ["deployment.apps/cart"]
    assert names("--stored-version", "apps/v1beta*") == ["deployment.apps/cart"]
    assert names("--where", "spec.replicas > 2") == ["deployment.extensions/frontend"]
    assert names("--where", 'object.metadata.namespace == "shop" && stored.encoding == "json"') != []
    assert names("-n", "shop", "--where", "spec.replicas > 2", "-l", "app=cart") == []


def test_an_expression_that_fits_nothing(demo: Kstore) -> None:
    """A field that the type does not have is refused; one that some objects lack matches none of them."""
    ran = demo("ls", "deploy", "--where", "specs.replicas > 1")
    assert (ran.code, ran.text) == (2, "")
    assert "no such field: specs.replicas" in ran.err
    ran = demo("ls", "deploy", "--where", "spec.paused == true || spec.minReadySeconds > 7000")
    assert (ran.code, ran.text) == (0, "")
    assert "true of no object" not in ran.err


def test_sorting(demo: Kstore) -> None:
    """By a field, as kubectl's --sort-by."""
    names = demo("ls", "deploy", "-o", "name", "--sort-by", ".spec.replicas").text.split()
    assert names[-1] == "deployment.extensions/frontend"
    version = ("--as", "autoscaling/v1", "--sort-by", ".spec.targetCPUUtilizationPercentage")
    assert demo("ls", "hpa", *version, "-o", "name").code == 0
    ran = demo("ls", "deploy", "--sort-by", ".spec.nope")
    assert (ran.code, ran.text) == (2, "")
    assert "no object has a field {.spec.nope}" in ran.err


def test_outputs(demo: Kstore) -> None:
    """One document, a line an object, jsonpath, custom columns."""
    listed = demo("ls", "deploy", "-o", "json").json
    assert (listed["kind"], len(listed["items"])) == ("List", 4)
    assert [line["metadata"]["name"] for line in demo("ls", "deploy", "-o", "jsonl").lines] == [
        item["metadata"]["name"] for item in listed["items"]
    ]
    names = demo("ls", "deploy", "-o", "jsonpath={range .items[*]}{.metadata.name}{'\\n'}{end}").text.split()
    assert names == ["webserver", "cart", "frontend", "search"]
    columns = demo("ls", "deploy", "-o", "custom-columns=NAME:.metadata.name,N:.spec.replicas").text.splitlines()
    assert columns[0].split() == ["NAME", "N"]
    assert demo("ls", "deploy", "--no-headers", "-o", "custom-columns=N:.kind").text.split() == ["Deployment"] * 4
    assert len(columns) == 5
    assert demo("ls", "deploy", "-o", "yaml").text.startswith("apiVersion: v1\nitems:\n- apiVersion: apps/v1\n")
    table = demo("ls", "deploy", "-o", "table-json").json
    assert (table["kind"], len(table["rows"])) == ("Table", 4)


def test_secrets_are_masked(demo: Kstore) -> None:
    """In what people read, unless they ask; data for programs is complete."""
    assert "*****" in demo("ls", "secrets", "-o", "yaml").text
    assert "*****" not in demo("ls", "secrets", "-o", "yaml", "--show-secrets").text
    assert "*****" not in demo("ls", "secrets", "-o", "json").text


def test_custom_resources_in_another_version(demo: Kstore) -> None:
    """--as takes the versions of a CRD, and the columns are that version's."""
    assert "SPEC" in demo("ls", "ct", "--as", "stable.example.com/v1").text
    assert "SPEC" not in demo("ls", "ct", "--as", "stable.example.com/v1beta1").text
    listed = demo("ls", "ct", "--as", "stable.example.com/v1", "-o", "json").json["items"]
    assert {item["apiVersion"] for item in listed} == {"stable.example.com/v1"}


@pytest.mark.large
def test_what_cannot_be_read(kstore: Kstore, tmp_path: Path) -> None:
    """Damaged, encrypted and unknown objects stop nothing: each is named with its reason, and the code is 3."""
    store = str(damaged_store(tmp_path / "store"))
    for output in ("table", "wide", "json", "jsonl", "yaml", "table-json", "name"):
        ran = kstore("--store", store, "ls", "pods,secrets,deploy", "-o", output)
        assert ran.code == 3, output
        assert "webserver-6d9c7f5b8d-x2k8m" in ran.text
        for key in (CUT, SEALED, RUBBISH):
            assert f"kstore: {key}: " in ran.err, (output, key)
        if output == "json":
            assert len(json.loads(ran.out)["items"]) == 5
    tree = kstore("--store", store, "ls", "-o", "json")
    assert tree.code == 3
    assert sum(row["undecodable"] for row in tree.json["resources"]) == 4
    assert kstore("--store", store, "ls", "/", "-o", "keys").code == 0


def test_cells_have_the_defaults_that_a_server_sets(kstore: Kstore, tmp_path: Path) -> None:
    """What an object was stored without shows as the server would fill it in; the object itself is shown as stored."""
    bare = b'{"kind":"Service","apiVersion":"v1","metadata":{"name":"frontend","namespace":"shop"},'
    bare += b'"spec":{"ports":[{"port":80}]}}\n'
    path = store_with(tmp_path / "bare", "services", {"/registry/services/specs/shop/frontend": bare})
    for version in ([], ["--as", "v1"]):
        row = kstore("--store", str(path), "ls", "svc", "-n", "shop", *version).text.splitlines()[1]
        assert row.split() == ["frontend", "ClusterIP", "<none>", "<none>", "80/TCP", "<unknown>"]
    assert "protocol" not in kstore("--store", str(path), "get", "svc/shop/frontend").text


def test_nothing_found(demo: Kstore) -> None:
    """As kubectl says it, on standard error."""
    ran = demo("ls", "pods", "-n", "none")
    assert (ran.code, ran.out, ran.err) == (
        0,
        b"",
        "No resources found in namespace none.\n  hint: there is no namespace 'none'\n",
    )
