"""
docs/reference/schemas: every JSON output, held against what the commands print, on several stores.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from tests.cli.conftest import Kstore, Ran
from tests.cli.damaged import damaged_store
from tools.cluster import Etcd
from tools.generate_json_reference import ENDING, SECTIONS, TARGET, reference, schemas

from kstore.records import Delete, Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source
from kstore.source.location.demo import open_demo, unpacked

SCHEMAS = schemas()
FOREIGN = {"object"}
"""Documents that are not ours alone: an object has the members of its kind."""
REGISTRY: Registry[Any] = Registry().with_resources(
    (name + ENDING, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
ENCRYPTION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aescbc: {keys: [{name: key1, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}
  - identity: {}
"""
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}, "data": {"c": "d"}}


def faults(name: str, document: Any) -> list[str]:
    """What of a document is not as the schema says."""
    found = Draft202012Validator(SCHEMAS[name], registry=REGISTRY).iter_errors(document)
    return [f"{name}: {one.json_path}: {one.message[:300]}" for one in found]


def hold(name: str, ran: Ran, codes: tuple[int, ...] = (0,)) -> None:
    """One document, or one a line; at least one, and the command ended as expected."""
    assert ran.code in codes, ran.err
    try:
        documents = [ran.json]
    except json.JSONDecodeError:
        documents = ran.lines
    assert documents
    assert [fault for one in documents for fault in faults(name, one)] == []


def closed(schema: Any, where: str) -> Iterator[str]:
    """Objects within a schema that take members which it does not name."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield where
        for name, inner in schema.items():
            yield from closed(inner, f"{where}.{name}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema(name: str) -> None:
    """It is a schema; what is ours takes no member that it does not name, and each member says what it is."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    if name not in FOREIGN:
        assert list(closed(SCHEMAS[name], name)) == []


def test_the_page_is_up_to_date() -> None:
    """`make docs` would change nothing, and no schema is left out."""
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `make docs`"
    assert {name for names in SECTIONS.values() for name in names} == set(SCHEMAS)


def test_a_member_without_documentation_is_found() -> None:
    """The schemas do refuse: a member more, one less, one of another type."""
    good = {"key": "/a", "code": "x", "message": "y"}
    document = {"objects": 1, "others": 0, "skipped": 0, "findings": 1, "objects_found": [good]}
    assert faults("migrate-verify", document) == []
    assert faults("migrate-verify", {**document, "more": 1})
    assert faults("migrate-verify", {**document, "objects_found": [{**good, "more": 1}]})
    assert faults("migrate-verify", {**document, "objects": "1"})
    assert faults("migrate-verify", {name: value for name, value in document.items() if name != "others"})


@pytest.mark.large
@pytest.mark.parametrize(
    ("name", "arguments", "codes"),
    [
        ("tree", ["ls", "-o", "json"], (0,)),
        ("prefixes", ["prefixes", "-o", "json"], (0,)),
        ("list", ["ls", "pods", "-o", "json"], (0,)),
        ("list", ["get", "pods/default/webserver", "cm/shop/settings", "-o", "json"], (0,)),
        ("object", ["ls", "deploy", "secrets", "ct", "-A", "-o", "jsonl"], (0,)),
        ("object", ["get", "deploy/shop/cart", "--as", "apps/v1", "-o", "json"], (0,)),
        ("table", ["ls", "pods", "-o", "table-json"], (0,)),
        ("table", ["ls", "all", "-A", "-o", "table-json"], (0,)),
        ("table", ["ls", "ct", "jobs", "-A", "-o", "table-json"], (0,)),
        ("analyze", ["analyze", "-o", "json"], (0,)),
        ("analyze", ["analyze", "--no-history", "--top", "0", "-o", "json"], (0,)),
        ("check", ["check", "-o", "json"], (5,)),
        ("check", ["check", "--target-release", "1.29", "-o", "json"], (5,)),
        ("prove", ["prove", "-o", "json"], (0,)),
        ("crds", ["crds", "-o", "json"], (0,)),
        ("history", ["history", "/registry", "-o", "json"], (0,)),
        ("revision", ["history", "/registry", "-o", "jsonl"], (0,)),
        ("revision", ["history", "/registry", "--deleted", "-o", "jsonl"], (0,)),
        ("diff", ["diff", "@250", "@", "-o", "json"], (5,)),
        ("compared", ["diff", "@250", "@", "-o", "jsonl"], (5,)),
        ("compared", ["diff", "deployments/shop/frontend", "deployments/shop/search", "-o", "jsonl"], (5,)),
        ("migrate-summary", ["migrate", "--to-release", "1.37", "--dry-run", "-o", "json"], (0, 3)),
        ("migrate-summary", ["migrate", "--to-release", "1.29", "--dry-run=diff", "-o", "json"], (0, 3)),
        ("move", ["move", "--to-prefix", "/b", "--dry-run", "-o", "json"], (0,)),
        ("resources", ["resources", "-o", "json"], (0,)),
        ("resource", ["resources", "--release", "1.20", "-o", "jsonl"], (0,)),
        ("resource-explained", ["resources", "explain", "deploy", "ct", "-o", "json"], (0,)),
        ("resource-explained", ["resources", "explain", "/registry/pods/default/webserver", "-o", "json"], (0,)),
        ("resource-explained", ["explain", "/registry/namespaces/shop", "-o", "json"], (0,)),
        ("explain", ["explain", "pods", "--recursive", "-o", "json"], (0,)),
        ("explain", ["explain", "ct.spec", "-o", "json"], (0,)),
        ("explain", ["explain", "deploy.spec.replicas", "-o", "json"], (0,)),
        ("releases", ["releases", "-o", "json"], (0,)),
    ],
)
def test_on_the_demo_store(demo: Kstore, name: str, arguments: list[str], codes: tuple[int, ...]) -> None:
    """What a command prints of the demo store is as its schema says."""
    hold(name, demo(*arguments), codes)


@pytest.mark.large
@pytest.mark.parametrize(
    ("name", "arguments", "codes"),
    [
        ("tree", ["ls", "-o", "json"], (3,)),
        ("object", ["ls", "all", "-A", "-o", "jsonl"], (3,)),
        ("table", ["ls", "pods", "-A", "-o", "table-json"], (3,)),
        ("analyze", ["analyze", "-o", "json"], (3,)),
        ("check", ["check", "-o", "json"], (5,)),
        ("compared", ["diff", "demo", ".", "-o", "jsonl"], (5,)),
        ("migrate-summary", ["migrate", "--to-release", "1.37", "--dry-run", "-o", "json"], (3,)),
        ("resources", ["resources", "-o", "json"], (0,)),
    ],
)
def test_on_a_damaged_store(
    kstore: Kstore, tmp_path: Path, name: str, arguments: list[str], codes: tuple[int, ...]
) -> None:
    """With values that break off, that are encrypted, of an unknown type: the same documents."""
    hold(name, kstore("--store", str(damaged_store(tmp_path / "store")), *arguments), codes)


def test_a_migration_of_a_file(kstore: Kstore, tmp_path: Path) -> None:
    """Its summary, what its journal says, and its verification, before and after somebody changed the result."""
    output = tmp_path / "new.db"
    store = ("--store", str(unpacked()))
    hold(
        "migrate-summary",
        kstore(*store, "migrate", "--to-release", "1.37", "--yes", "--output", str(output), "-o", "json"),
        (0, 3),
    )
    hold("migrate-status", kstore("migrate", "status", str(output), "-o", "json"))
    hold("migrate-verify", kstore("migrate", "verify", str(output), "-o", "json"))
    output.unlink()
    hold("migrate-verify", kstore("migrate", "verify", f"{output}.journal", "-o", "json"), (5,))


@pytest.mark.large
def test_exports(kstore: Kstore, tmp_path: Path) -> None:
    """Header and index, of the demo store and of one whose values cannot all be read."""
    for store, code in (("demo", 0), (str(damaged_store(tmp_path / "store")), 3)):
        target = tmp_path / f"export-{code}"
        assert kstore("--store", store, "export", str(target)).code == code
        assert faults("export-header", json.loads((target / "export.json").read_text())) == []
        rows = [json.loads(line) for line in (target / "index.jsonl").read_text().splitlines()]
        assert rows
        assert [fault for row in rows for fault in faults("export-index", row)] == []


def test_batches(kstore: Kstore) -> None:
    """Answers and errors of the three filters, line by line."""
    with open_demo() as demo:
        values = [{"value": base64.b64encode(record.value).decode()} for record in demo.scan(b"/registry/deployments/")]
    lines = [*values, {"value": "c3BhbQ=="}, {"value": 1}, {}]
    for command in ("decode", "convert"):
        ran = kstore(command, "--batch", stdin="".join(json.dumps(line) + "\n" for line in lines).encode())
        hold_batch("decode-line" if command == "decode" else "value-line", ran, len(values), 3)
    bad = {**CONFIG_MAP, "data": {"c": 1}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": "x"}}
    objects = [{"object": one} for one in (CONFIG_MAP, bad, deployment, None)]
    ran = kstore("encode", "--batch", stdin="".join(json.dumps(line) + "\n" for line in objects).encode())
    hold_batch("value-line", ran, 1, 3)


def hold_batch(name: str, ran: Ran, good: int, bad: int) -> None:
    """So many answers, then so many errors."""
    assert ran.code == 3
    found = ran.lines
    assert len(found) == good + bad
    assert [fault for line in found[:good] for fault in faults(name, line)] == []
    assert [fault for line in found[good:] for fault in faults("error-line", line)] == []


@pytest.fixture
def filled(etcd_server: Etcd) -> Etcd:
    """A running etcd with the objects of the demo store, and one that was written, damaged and deleted."""
    with open_source(etcd_server.endpoint) as target, open_demo() as demo:
        assert isinstance(target, WritableSource)
        for record in demo.scan():
            target.commit([Put(record.key, record.value, 0)])
        value = json.dumps(CONFIG_MAP).encode()
        target.commit([Put(b"/registry/configmaps/b/a", value, 0)])
        revision = target.get(b"/registry/configmaps/b/a").mod_revision
        target.commit([Put(b"/registry/configmaps/b/a", b"k8s\0\x0a", revision)])
        revision = target.get(b"/registry/configmaps/b/a").mod_revision
        target.commit([Delete(b"/registry/configmaps/b/a", revision)])
    return etcd_server


@pytest.mark.large
@pytest.mark.etcd
def test_on_a_running_etcd(kstore: Kstore, filled: Etcd, tmp_path: Path) -> None:
    """What needs a server: watch, a live migration with its journal and rollback, encryption, leases."""
    store = ("--store", filled.endpoint)
    config = tmp_path / "enc.yaml"
    config.write_text(ENCRYPTION)
    journal = tmp_path / "journal"
    changes = ["watch", "/registry/configmaps/b", "--since", "1", "--count", "3", "-o", "jsonl"]
    hold("revision", kstore(*store, *changes))
    hold("history", kstore(*store, "history", "/registry/configmaps", "-o", "json"), (3,))
    hold("analyze", kstore(*store, "analyze", "-o", "json"))
    migrate = ["migrate", "--to-release", "1.37", "--yes", "--journal", str(journal), "-o", "json"]
    hold("migrate-summary", kstore(*store, *migrate), (0, 3))
    hold("migrate-status", kstore("migrate", "status", str(journal), "-o", "json"))
    hold("migrate-verify", kstore(*store, "migrate", "verify", str(journal), "-o", "json"))
    assert kstore(*store, "delete", "deployments/shop/cart", "--yes", "--keep", str(tmp_path / "copy")).code == 0
    hold("migrate-verify", kstore(*store, "migrate", "verify", str(journal), "-o", "json"), (5,))
    hold("migrate-rollback", kstore(*store, "migrate", "rollback", str(journal), "--yes", "-o", "json"), (4,))
    hold("migrate-status", kstore("migrate", "status", str(journal), "-o", "json"))
    encrypt = ["encrypt", "--encryption-provider-config", str(config), "--yes", "-o", "json"]
    hold("migrate-summary", kstore(*store, *encrypt, "--journal", str(tmp_path / "second")), (0, 3))
    hold("tree", kstore(*store, "ls", "-o", "json"), (3,))
