"""
`--crds` of the filters: custom resources from manifests, folders and stores, as `migrate` writes them.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore

from kstore.source.location.address import open_source

KITES = """\
apiVersion: v1
kind: Namespace
metadata: {name: sky}
---
apiVersion: v1
kind: List
items:
- apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  metadata: {name: kites.sky.example.com}
  spec:
    group: sky.example.com
    scope: Namespaced
    names: {plural: kites, kind: Kite, listKind: KiteList}
    CONVERSION
    versions:
    - {name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object, properties: {spec:
       {type: object, properties: {tail: {type: string}}}}}}}
    - {name: v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec:
       {type: object, properties: {tail: {type: string}, color: {type: string, default: red}}}}}}}
"""
OLD = b'{"apiVersion":"sky.example.com/v1","kind":"Kite","metadata":{"name":"a","namespace":"b"},"spec":{"tail":"x"}}'
NEW = {
    "apiVersion": "sky.example.com/v2", "kind": "Kite",
    "metadata": {"generation": 2, "name": "a", "namespace": "b"}, "spec": {"color": "red", "tail": "x"},
}  # fmt: skip


@pytest.fixture
def crds(tmp_path: Path) -> Path:
    """A file of manifests, one of which is a list with a CRD."""
    folder = tmp_path / "crds"
    folder.mkdir()
    path = folder / "kites.yaml"
    path.write_text(KITES.replace("CONVERSION", "conversion: {strategy: None}"))
    return path


def test_a_file_and_a_folder(kstore: Kstore, crds: Path) -> None:
    """The version that the CRD stores, pruned and defaulted, its members sorted as the server has them."""
    (crds.parent / "notes.txt").write_text("not a manifest: {")
    for place in (crds, crds.parent):
        ran = kstore("convert", "--crds", str(place), stdin=OLD)
        assert (ran.code, ran.out) == (0, (json.dumps(NEW, separators=(",", ":")) + "\n").encode())
    assert kstore("convert", "--crds", str(crds), "--to", "sky.example.com/v1", stdin=OLD).json["spec"] == {"tail": "x"}
    line = json.dumps({"value": base64.b64encode(OLD).decode()}).encode()
    batch = kstore("convert", "--batch", "--crds", str(crds), stdin=line).json
    assert (batch["apiVersion"], json.loads(base64.b64decode(batch["value"]))) == ("sky.example.com/v2", NEW)


def test_a_store(kstore: Kstore, demo: Kstore, tmp_path: Path) -> None:
    """The demo store's CRD makes of its objects just the bytes that a migration of the store writes."""
    assert (
        demo("migrate", "crontabs", "--to", "stable.example.com/v1", "--yes", "--output", str(tmp_path / "n.db")).code
        == 0
    )
    key = b"/registry/stable.example.com/crontabs/default/my-old-cron-object"
    with open_source(str(tmp_path / "n.db")) as after:
        expected = after.get(key)
    assert expected is not None
    value = demo("get", key.decode(), "-o", "raw").out
    assert value != expected.value
    assert kstore("convert", "--crds", "demo", stdin=value).out == expected.value


def test_what_is_refused(kstore: Kstore, crds: Path, tmp_path: Path) -> None:
    """A kind without a CRD, a version that it lacks, fields that it has no place for, no CRD, webhooks alone."""
    for change, words in (
        ((b"Kite", b"Bird"), "no CRD of"),
        ((b"/v1", b"/v3"), "has no version v3"),
        ((b'"tail"', b'"beak"'), "beak"),
    ):
        ran = kstore("convert", "--crds", str(crds), stdin=OLD.replace(*change))
        assert (ran.code, ran.out) == (3, b"")
        assert words in ran.err
    assert (
        kstore("convert", "--crds", str(crds), "--drop-unknown-fields", stdin=OLD.replace(b"tail", b"beak")).code == 0
    )
    (tmp_path / "none.yaml").write_text("kind: Namespace\napiVersion: v1\n")
    assert kstore("convert", "--crds", str(tmp_path / "none.yaml"), stdin=OLD).code == 2
    assert kstore("convert", "--webhook-url", "https://127.0.0.1:1", stdin=OLD).code == 2
    assert kstore("convert", "--crds", str(tmp_path / "missing.yaml"), stdin=OLD).code in (1, 2)


def test_a_webhook_is_asked_only_where_that_is_allowed(kstore: Kstore, crds: Path) -> None:
    """The CRD's own webhook is not asked unasked; the one that is named cannot be reached here."""
    webhook = "conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: https://x.invalid}}}"
    crds.write_text(crds.read_text().replace("conversion: {strategy: None}", webhook))
    assert "--allow-webhooks" in kstore("convert", "--crds", str(crds), stdin=OLD).err
    refused = kstore("convert", "--crds", str(crds), "--webhook-url", "http://127.0.0.1:1", stdin=OLD)
    assert (refused.code, "conversion webhook of kites" in refused.err) == (3, True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (OLD, ""),
        (OLD.replace(b"/v1", b"/v3"), "has no version v3"),
        (OLD.replace(b"Kite", b"Bird"), "no CRD of"),
        (OLD.replace(b'{"name":"a","namespace":"b"}', b'"text"'), "metadata"),
    ],
)
def test_decode_says_what_a_server_could_not_read(kstore: Kstore, crds: Path, value: bytes, words: str) -> None:
    """Without the option it is shown all the same; with it, what a server reads is shown as it is stored."""
    assert kstore("decode", stdin=value).json == json.loads(value)
    ran = kstore("decode", "--crds", str(crds), stdin=value)
    if words:
        assert ran.code == 3
        assert words in ran.err
    else:
        assert (ran.code, ran.json) == (0, json.loads(value))
