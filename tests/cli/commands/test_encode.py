"""
`kstore encode`: objects into stored bytes.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore

POD = b"""
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: web, image: nginx}]
"""


@pytest.mark.large
def test_every_object_of_the_demo_store_comes_back(demo: Kstore, kstore: Kstore) -> None:
    """Decoded and encoded again, each object is the very bytes that were stored."""
    keys = demo("ls", "/", "-o", "keys").text.split()
    values = [demo("get", key, "-o", "raw").out for key in keys[::6]]
    lines = "".join(json.dumps({"value": base64.b64encode(value).decode()}) + "\n" for value in values)
    decoded = kstore("decode", "--batch", stdin=lines.encode()).lines
    objects = "".join(json.dumps({"object": one["object"], "media": one["encoding"]}) + "\n" for one in decoded)
    encoded = kstore("encode", "--batch", stdin=objects.encode())
    assert encoded.code == 0
    assert [base64.b64decode(line["value"]) for line in encoded.lines] == values


def test_from_yaml(kstore: Kstore, tmp_path: Path) -> None:
    """YAML from a file or standard input; protobuf as it is stored unless JSON is asked for."""
    (tmp_path / "pod.yaml").write_bytes(POD)
    ran = kstore("encode", str(tmp_path / "pod.yaml"))
    assert ran.out.startswith(b"k8s\0")
    assert kstore("encode", stdin=POD).out == ran.out
    text = kstore("encode", "--media", "json", stdin=POD).out
    assert text.endswith(b"\n")
    assert json.loads(text)["spec"]["containers"][0]["image"] == "nginx"
    assert base64.b64decode(kstore("encode", "-o", "base64", stdin=POD).out) == ran.out
    assert bytes.fromhex(kstore("encode", "-o", "hex", stdin=POD).text) == ran.out


def test_definitions_are_stored_as_json(kstore: Kstore) -> None:
    """apiextensions' servers write JSON, whatever the storage media type is; it is encode's default too."""
    crd = b"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b}\n"
    assert kstore("encode", stdin=crd).out.startswith(b"{")
    assert kstore("encode", "--media", "protobuf", stdin=crd).out.startswith(b"k8s\0")


def test_several_values_need_a_line_each(kstore: Kstore) -> None:
    """Raw bytes of two objects could not be told apart: that is refused, base64 is not."""
    two = POD + b"---" + POD
    assert kstore("encode", "-o", "raw", stdin=two).code == 2
    assert len(kstore("encode", "-o", "base64", stdin=two).text.split()) == 2


def test_what_fits_no_type(kstore: Kstore) -> None:
    """A value of the wrong type is refused with its path, an unknown media type by name, no object as such."""
    bad = [
        {"object": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": 5}]}}, "media": "protobuf"},
        {"object": {"apiVersion": "v1", "kind": "Pod"}, "media": "xml"},
        {"object": {"apiVersion": "v1"}, "media": "json"},
        {"object": [], "media": "json"},
        {"media": "json"},
    ]
    ran = kstore("encode", "--batch", stdin="".join(json.dumps(one) + "\n" for one in bad).encode())
    assert ran.code == 3
    errors = [line["error"] for line in ran.lines]
    assert errors[0]["path"].endswith("spec.containers[0].name")
    assert [error["code"] for error in errors] == ["undecodable", "usage", "undecodable", "usage", "usage"]
    assert kstore("encode", stdin=b"{").code != 0
