"""
The sample-apiserver's Flunders through the example plugin: found, shown, converted and migrated.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kstore_wardle import plugin

from kstore.catalog.releases import Release
from kstore.cli.main import run
from kstore.errors import EncodeError
from kstore.naming import GroupVersion, gvk
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

GROUP = "wardle.example.com"
V1ALPHA1, V1BETA1 = GroupVersion(GROUP, "v1alpha1"), GroupVersion(GROUP, "v1beta1")


@pytest.fixture(scope="module")
def codec() -> ObjectCodec:
    """The codec of a scheme that knows wardle."""
    return ObjectCodec(Scheme(Release("1.37"), plugins=[plugin]))


def flunder(version: str, **spec: Any) -> bytes:
    """A stored Flunder."""
    return json.dumps({"kind": "Flunder", "apiVersion": f"{GROUP}/{version}", "spec": spec}).encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"reference": "a", "referenceType": "Flunder"}, {"flunderReference": "a", "referenceType": "Flunder"}),
        ({"reference": "a", "referenceType": "Fischer"}, {"fischerReference": "a", "referenceType": "Fischer"}),
        ({"reference": "a"}, {"flunderReference": "a", "referenceType": "Flunder"}),
        ({}, {}),
        ({"reference": "a", "referenceType": "Other"}, {}),
    ],
)
def test_references(codec: ObjectCodec, old: dict[str, str], new: dict[str, str]) -> None:
    """A reference goes to the member of its type, and back; without a type it is one to a Flunder."""
    forth = codec.convert(flunder("v1alpha1", **old), V1BETA1, media_type="json")
    assert json.loads(forth)["spec"] == new
    back = json.loads(codec.convert(forth, V1ALPHA1, media_type="json"))["spec"]
    assert back == ({"referenceType": "Flunder", **old} if new else {})


def test_the_server_stores_json(codec: ObjectCodec) -> None:
    """There is no protobuf form, so none is written."""
    assert codec.scheme.media_type(GROUP) == "json"
    with pytest.raises(EncodeError, match="no protobuf form"):
        codec.convert(flunder("v1alpha1"), V1BETA1)


@pytest.mark.parametrize(
    ("spec", "faults"),
    [
        ({"reference": "a"}, 0),
        ({"referenceType": "Fischer"}, 1),
        ({"reference": "a", "referenceType": "Fischer"}, 0),
    ],
)
def test_validation(codec: ObjectCodec, spec: dict[str, str], faults: int) -> None:
    """What the server's own validation would say of a stored Flunder."""
    stored = codec.decode(flunder("v1alpha1", **spec))
    assert faults == len(codec.scheme.validate(stored.gvk, stored.object))
    both = codec.decode(flunder("v1beta1", flunderReference="a", fischerReference="b", referenceType="Flunder"))
    assert codec.scheme.validate(gvk(f"{GROUP}/v1beta1", "Flunder"), both.object) == [
        "spec.fischerReference: cannot be set with flunderReference at the same time"
    ]


def test_in_the_demo_store(installed: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Installed, the plugin explains what is below the server's own prefix in the cluster's etcd."""
    installed("wardle")
    assert run(["--store", "demo", "ls", "flunders", "-o", "name"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"flunder.{GROUP}/caught", f"flunder.{GROUP}/sample"]
    assert run(["--store", "demo", "get", "flunders/default/caught", "--as", f"{GROUP}/v1beta1", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["spec"] == {"fischerReference": "nordic", "referenceType": "Fischer"}


@pytest.mark.shared
def test_a_snapshot_of_the_real_server(
    shared: Path,
    unpack: Callable[[Path], bytes],
    tmp_path: Path,
    installed: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every object comes back byte for byte in its own version, and is migrated by the plugin's rules."""
    installed("wardle")
    (tmp_path / "wardle.db").write_bytes(unpack(shared / "snapshots" / "wardle.db.zst"))
    store, migrated = str(tmp_path / "wardle.db"), str(tmp_path / "migrated.db")
    for name in ("flunders/default/my-first-v1alpha1", "flunders/default/second", "fischers/fish"):
        assert run(["--store", store, "get", name, "-o", "raw"]) == 0
        stored = capsys.readouterr().out
        assert run(["--store", store, "get", name, "--as", f"{GROUP}/v1alpha1", "-o", "raw"]) == 0
        assert stored == capsys.readouterr().out
    run(["--store", store, "ls", "flunders", "-o", "json"])
    before = {one["metadata"]["name"]: one["spec"] for one in json.loads(capsys.readouterr().out)["items"]}
    assert run(["--store", store, "migrate", "--to", f"{GROUP}/v1beta1", "--yes", "--output", migrated]) == 0
    capsys.readouterr()
    run(["--store", migrated, "ls", "flunders", "-o", "json"])
    after = json.loads(capsys.readouterr().out)["items"]
    assert {one["apiVersion"] for one in after} == {f"{GROUP}/v1beta1"}
    for one in after:
        old = before[one["metadata"]["name"]]
        kind = old.get("referenceType", "Flunder")
        assert one["spec"] == {f"{kind.lower()}Reference": old["reference"], "referenceType": kind}


@pytest.mark.parametrize("name", ["wardle", "bird"])
def test_examples_stay_small(name: str, repository: Path) -> None:
    """Each example is under 150 lines in all, but for its tests, and names its plugin."""
    folder = repository / "examples" / name
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".json", ".toml", ".md")]
    files = [path for path in files if path.parent.name != "tests"]
    assert sum(len(path.read_text().splitlines()) for path in files) < 150
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"] == {"kstore.scheme": {name: f"kstore_{name}:plugin"}}
