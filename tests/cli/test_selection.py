"""
Every option that selects, through every output and command: the set of keys is the one computed over all objects.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore

from kstore.catalog.releases import newest
from kstore.cli.outputs import HONOURED
from kstore.codec import StoredObject
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.store import Store

Test = Callable[[StoredObject], bool]


def metadata(read: StoredObject) -> dict[str, Any]:
    """An object's metadata."""
    return read.object.get("metadata") or {}


SELECTIONS: dict[str, tuple[tuple[str, ...], Test]] = {
    "namespace": (("-n", "shop"), lambda read: metadata(read).get("namespace") == "shop"),
    "another namespace": (("-n", "default"), lambda read: metadata(read).get("namespace") == "default"),
    "labels": (("-l", "app=frontend"), lambda read: (metadata(read).get("labels") or {}).get("app") == "frontend"),
    "a label": (("-l", "app"), lambda read: "app" in (metadata(read).get("labels") or {})),
    "fields": (("--field-selector", "metadata.name=cart"), lambda read: metadata(read).get("name") == "cart"),
    "stored version": (
        ("--stored-version", "rbac*/v1beta1"),
        lambda read: fnmatchcase(read.gvk.api_version, "rbac*/v1beta1"),
    ),
    "cel": (("--where", "stored.size > 2000"), lambda read: len(read.record.value) > 2000),
    "two": (
        ("-n", "shop", "--where", "stored.encoding == 'json'"),
        lambda read: metadata(read).get("namespace") == "shop" and read.encoding == "json",
    ),
}
OUTPUTS = (
    "table",
    "wide",
    "name",
    "json",
    "jsonl",
    "yaml",
    "keys",
    "table-json",
    "custom-columns=U:.metadata.uid",
    "jsonpath={range .items[*]}{.metadata.uid}{end}",
    "jsonpath-as-json={.items}",
)


@pytest.fixture(scope="module")
def objects() -> list[StoredObject]:
    """All objects of the demo store, decoded in full."""
    with open_demo() as source:
        store = Store(source, Scheme(newest()))
        return [read for read in map(store.codec.read, source.scan(b"/registry/")) if isinstance(read, StoredObject)]


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("what", [(), ("/",)])
def test_ls(demo: Kstore, objects: list[StoredObject], name: str, what: tuple[str, ...]) -> None:
    """Keys are those of the objects that meet the condition, and every output shows as many as there are keys."""
    options, test = SELECTIONS[name]
    wanted = [read for read in objects if test(read)]
    assert wanted
    keys = demo("ls", *what, *options, "-o", "keys").text.splitlines()
    assert sorted(keys) == sorted(read.record.key.decode() for read in wanted)
    for output in OUTPUTS:
        plain = ("--no-headers",) if output in ("table", "wide") else ()
        ran = demo("ls", *what, *options, "-o", output, *plain)
        assert ran.code == 0, (output, ran.err)
        assert count(ran.text, output, wanted) == len(wanted), output


def count(text: str, output: str, wanted: list[StoredObject]) -> int:
    """How many objects an output shows."""
    word = output.partition("=")[0]
    if word in ("table", "wide"):
        return sum(map(bool, text.splitlines()))
    if word == "json":
        return len(json.loads(text)["items"])
    if word == "jsonpath-as-json":
        return len(json.loads(text)[0])
    if word == "table-json":
        return sum(len(json.loads(line)["rows"]) for line in text.splitlines())
    if word == "yaml":
        return sum(line.startswith("- ") for line in text.splitlines())
    if word == "jsonpath":
        return sum(text.count(str(metadata(read).get("uid"))) for read in wanted if metadata(read).get("uid")) + sum(
            not metadata(read).get("uid") for read in wanted
        )
    return len(text.splitlines()) - (word == "custom-columns")


@pytest.mark.parametrize("name", SELECTIONS)
def test_commands(demo: Kstore, objects: list[StoredObject], name: str, tmp_path: Path) -> None:
    """delete, restore, export, analyze, diff and history select the same."""
    options, test = SELECTIONS[name]
    wanted = sorted(read.record.key.decode() for read in objects if test(read))
    deleted = demo("delete", "/", "--all", *options, "--dry-run").text
    assert sorted(line.split()[0] for line in deleted.splitlines()) == wanted
    assert demo("export", str(tmp_path / "copy"), *options, "--no-yaml").code == 0
    found = demo("analyze", *options, "-o", "json", "--no-history", "--top", "0").json
    assert found["total"]["objects"] == len(wanted)
    assert sorted(one["key"] for one in found["largest"]) == wanted
    history = demo("history", "/", *options, "-o", "jsonl").lines
    assert set(wanted) <= {line["key"] for line in history}


@pytest.mark.parametrize("option", sorted(HONOURED))
@pytest.mark.parametrize("output", ["tree", *(output.partition("=")[0] for output in OUTPUTS)])
def test_no_option_is_dropped(demo: Kstore, option: str, output: str) -> None:
    """An option that an output has no use for is refused; no cell of the table is empty."""
    values = {"--as": "v1", "--sort-by": ".metadata.name", "--label-columns": "app", "--storage-columns": "size",
              "--now": "2026-01-01T00:00:00Z"}  # fmt: skip
    given = [option, values[option]] if option in values else [option]
    form = next((one for one in OUTPUTS if one.partition("=")[0] == output), "table")
    ran = demo("ls", *(() if output == "tree" else ("configmaps",)), "-o", form, *given)
    assert ran.code == (0 if output in HONOURED[option] else 2), ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("pods", "--field-selector", "spec.nodeNam=a"),
        ("crontabs", "--field-selector", "spec.nope=a"),
        ("pods", "--where", "spec.containers.exists(c, c.imag == 'x')"),
        ("deploy", "--where", "stored.versio == 'v1'"),
        ("pods", "-n", "a", "-n", "b"),
        ("pods", "-A", "-n", "a"),
        ("nodes", "-n", "a"),
        ("/registry/pods/default", "-n", "shop"),
    ],
)
@pytest.mark.parametrize("output", ["table", "keys"])
def test_what_cannot_be_meant(demo: Kstore, arguments: tuple[str, ...], output: str) -> None:
    """A field that a type does not have, and options that contradict each other, are usage errors."""
    ran = demo("ls", *arguments, "-o", output)
    assert (ran.code, ran.out) == (2, b"")


def test_small_wrong_answers(demo: Kstore, kstore: Kstore) -> None:
    """What is not there is said, and never an empty answer with exit code 0."""
    assert demo("crds", "nope").code == 1
    assert demo("ls", "/registry/podz").code == 1
    assert demo("--etcd-prefix", "/foo", "ls").code == 2
    assert demo("--store", "demo", "ls", "--store", "other.db").code == 2
    assert kstore("--store", "demo", "--store", "other.db", "ls").code == 2
    both = ("deploy/shop/cart", "deploy/shop/frontend")
    assert demo("get", *both, "-o", "raw").code == 2
    listed = demo("get", *both, "-o", "json").out
    assert len(kstore("encode", "-o", "base64", stdin=listed).text.splitlines()) == 2
    for missing in (("befor.db", "after.db"), ("demo", "afer.db"), ("dir/befor.db", "demo")):
        ran = demo("diff", *missing)
        assert (ran.code, "no such file" in ran.err) == (1, True), ran.err
