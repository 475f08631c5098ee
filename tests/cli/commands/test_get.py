"""
`kstore get`: single objects, as they are stored, converted, or as bytes.
"""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tests.cli.conftest import Kstore
from tests.cli.damaged import CUT, RUBBISH, SEALED, damaged_store

from kstore.catalog.releases import newest
from kstore.cli.commands import get
from kstore.cli.session import Session
from kstore.codec import StorageCodec
from kstore.encryption.config import read_configuration
from kstore.naming import GroupResource, GroupVersion
from kstore.records import Record
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.view.hex_text import hex_dump


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


@pytest.mark.large
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


@pytest.mark.large
def test_kubectls_defaults(demo: Kstore) -> None:
    """A resource is a table, what is named is YAML; -o says otherwise."""
    now = ("--now", "2026-11-01T00:00:00Z")  # an age goes on between two commands
    assert demo("get", "pods", *now).text == demo("get", "pods", "-o", "table", *now).text
    assert demo("get", "pods").text.startswith("NAME ")
    assert demo("get", "pods", "-A").text.startswith("NAMESPACE ")
    assert demo("get", "deploy,pods").text.count("NAME ") == 2
    for named in (("pods/webserver",), ("pods", "webserver"), ("pods", "default/webserver"), ("nodes", "node-a")):
        assert demo("get", *named).text.startswith("apiVersion: v1\n"), named
    assert demo("get", "pods", "webserver", "-o", "wide").text.split()[-1] == "<none>"
    assert "NAME" not in demo("get", "pods", "--no-headers").text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("default/webserver-6d9c7f5b8d-x2k8m", "-o", "name"), 0),  # one object only is called so
        (("default/webserver", "-o", "name"), 2),  # several are
        (("shop/nothing",), 2),
        (("nodes", "shop/node-a"), 2),
        (("pods", "a/b/c"), 2),
        (("pods", "default/webserver", "-n", "shop"), 2),
    ],
)
def test_a_namespace_and_a_name(demo: Kstore, arguments: tuple[str, ...], code: int) -> None:
    """`NAMESPACE/NAME` is an object where one alone is called so; else what it may be is said."""
    ran = demo("get", *arguments)
    assert (ran.code, bool(ran.out)) == (code, not code), ran.err
    if arguments[0] == "default/webserver":
        assert "pods/default/webserver" in ran.err
        assert "services/default/webserver" in ran.err


@pytest.mark.large
def test_templates(demo: Kstore, tmp_path: Path) -> None:
    """Every spelling of kubectl's, from the command line and from files."""
    template, path, columns = tmp_path / "t", tmp_path / "p", tmp_path / "c"
    template.write_text("{{range .items}}{{.metadata.name}},{{end}}")
    path.write_text("{.items[*].metadata.name}")
    columns.write_text("NAME          IMAGES\n.metadata.name .spec.containers[0,0].image\n")
    names = "webserver,webserver-6d9c7f5b8d-x2k8m,"
    for arguments in (
        ("-o", f"go-template={template.read_text()}"),
        ("-o", f"template={template.read_text()}"),
        ("-o", f"go-template-file={template}"),
        ("-o", f"templatefile={template}"),
        ("-o", "go-template-file", "--template", str(template)),
        ("-o", "go-template", "--template", template.read_text()),
        ("--template", template.read_text()),
    ):
        assert demo("get", "pods", *arguments).text == names, arguments
        assert demo("ls", "pods", *arguments).text == names, arguments
    assert demo("get", "pods", "-o", f"jsonpath-file={path}").text.split() == names.strip(",").split(",")
    assert demo("get", "pods", "-o", "jsonpath", "--template", path.read_text()).text == demo(
        "get", "pods", "-o", f"jsonpath-file={path}"
    ).text  # fmt: skip
    assert demo("get", "pods", "-o", f"custom-columns-file={columns}").text.split()[:4] == [
        "NAME", "IMAGES", "webserver", "nginx,nginx",
    ]  # fmt: skip
    assert demo("get", "pods/webserver", "-o", "go-template={{.metadata.name}}").text == "webserver"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", "go-template"),
        ("-o", "go-template="),
        ("-o", "jsonpath-file=/nowhere"),
        ("-o", "go-template-file=/"),
        ("-o", "go-template={{template `x`}}"),
        ("-o", "yaml", "--template", "{{.}}"),
        ("-o", "go-template={{.}}", "--template", "{{.}}"),
        ("-o", "nothing"),
        ("--output-watch-events",),
        ("-w", "--sort-by", ".metadata.name"),
        ("-w", "-o", "hex"),
        ("-w", "-o", "go-template={{.}}", "--output-watch-events"),
        ("-w", "--rev", "3"),
        ("-o", "yaml", "--show-labels"),
        ("--no-allow-missing-template-keys",),
    ],
)
def test_what_cannot_be_meant(demo: Kstore, arguments: tuple[str, ...]) -> None:
    """Refused before anything is printed."""
    ran = demo("get", "pods", *arguments)
    assert (ran.code, ran.out) == (2, b""), ran.err


def test_missing_members_of_templates(demo: Kstore) -> None:
    """Nothing, unless that is forbidden."""
    for expression in ("go-template={{.nope}}", "jsonpath={.nope}"):
        assert demo("get", "pods/webserver", "-o", expression).code == 0
        assert demo("get", "pods/webserver", "-o", expression, "--no-allow-missing-template-keys").code == 1


def test_limits(demo: Kstore) -> None:
    """So many objects, of sorted ones the first, in every output."""
    assert len(demo("get", "deploy", "-A", "--limit", "2", "-o", "name").text.split()) == 2
    assert len(demo("ls", "deploy", "--limit", "3", "-o", "keys").text.split()) == 3
    names = demo("get", "deploy", "-A", "-o", "jsonpath={.items[*].metadata.name}").text.split()
    first = demo("get", "deploy", "-A", "--sort-by", ".metadata.name", "--limit", "1", "-o", "json").json
    assert [one["metadata"]["name"] for one in first["items"]] == [min(names)]
    assert demo("get", "deploy", "--limit", "0").code == 2


def test_ignoring_what_is_not_there(demo: Kstore) -> None:
    """Nothing is said of a name that is not there; the others are shown."""
    ran = demo("get", "pods", "nobody", "--ignore-not-found")
    assert (ran.code, ran.out, ran.err) == (0, b"", "")
    ran = demo("get", "pods", "nobody", "webserver", "--ignore-not-found", "-o", "name")
    assert (ran.code, ran.text, ran.err) == (0, "pod/webserver\n", "")
    assert demo("get", "pods", "nobody").code == 1


def test_a_store_that_does_not_change(demo: Kstore) -> None:
    """Is not watched, and nothing is shown before that is said."""
    ran = demo("get", "pods", "-w")
    assert (ran.code, ran.out) == (1, b"")
    assert "cannot be watched" in ran.err


@pytest.mark.parametrize("to", [None, GroupVersion("", "v1")])
@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("secrets", [True, False])
def test_bytes_of_secrets_in_hex(to: GroupVersion | None, encrypted: bool, secrets: bool) -> None:
    """Shown are the bytes that are encrypted, and, of plain ones, what is no value; decrypted ones are plain."""
    provider = f"{{aesgcm: {{keys: [{{name: one, secret: {base64.b64encode(bytes(32)).decode()}}}]}}}}"
    configuration = (
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
        f"resources:\n- resources: [secrets]\n  providers: [{provider}, {{identity: {{}}}}]\n"
    )
    codec = StorageCodec(
        Scheme(newest()),
        transformers=read_configuration(configuration),
        resource_of=lambda _: GroupResource("", "secrets"),
    )
    marker = b"Q" * 48
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"password": base64.b64encode(marker).decode()}}
    key, plain = b"/registry/secrets/shop/a", codec.encode({**secret, "metadata": {"name": "a", "namespace": "shop"}})
    read = codec.read(Record(key, codec.encrypt(key, plain) if encrypted else plain, 3, 4, 2))
    shown = "".join(get._hex(cast(Session, SimpleNamespace(codec=codec)), read, to, secrets=secrets))
    assert ("51 51 51 51" in shown) is (secrets and not (encrypted and to is None))
    if encrypted and to is None:
        assert shown == "".join(hex_dump(read.record.value))
