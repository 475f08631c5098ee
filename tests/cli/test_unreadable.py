"""
Four objects that cannot be read, each for another reason: no command stops at one, each names it, and the code says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.cli.damaged import CUT, RUBBISH, SEALED, changed_store, damaged_store

from kstore.cli.unreadable import Unreadable
from kstore.codec import Undecodable
from kstore.errors import DecodeError
from kstore.records import Record

REASONS = {
    CUT: "a field is longer than its message",
    SEALED: "aesgcm lost",
    RUBBISH: "neither protobuf, JSON nor CBOR as Kubernetes stores it",
    "/registry/configmaps/": "v1 ConfigMop is not a built-in type",
}
ALL = ("/",)
COMMANDS: list[tuple[tuple[str, ...], int]] = [
    (("ls",), 3),
    (("ls", "-o", "json"), 3),
    *((("ls", *ALL, "-o", output), 3) for output in ("table", "wide", "table-json", "name", "json", "jsonl", "yaml")),
    (("ls", *ALL, "--where", "true"), 3),
    (("ls", *ALL, "-o", "custom-columns=N:.metadata.name"), 3),
    (("get", CUT, SEALED, RUBBISH, "cm/default/webserver-pages"), 3),
    (("get", CUT, SEALED, RUBBISH, "cm/default/webserver-pages", "-o", "storage"), 3),
    (("analyze",), 3),
    (("analyze", "-o", "prometheus"), 3),
    (("report",), 3),
    (("check", "--keys", "0"), 5),
    (("check", "-o", "json"), 5),
    (("migrate", "--to-release", "1.37", "--dry-run"), 3),
]


@pytest.fixture(scope="module")
def damaged(kstore: Kstore, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[int, str]]:
    """Run a command line on the damaged store; its code, and all that it says."""
    store = damaged_store(tmp_path_factory.mktemp("damaged") / "store")

    def call(*arguments: str) -> tuple[int, str]:
        ran = kstore("--store", str(store), *arguments)
        return ran.code, ran.text + ran.err

    return call


@pytest.mark.large
@pytest.mark.parametrize(
    ("arguments", "code"), COMMANDS, ids=lambda one: " ".join(one) if isinstance(one, tuple) else ""
)
def test_each_is_named(damaged: Callable[..., tuple[int, str]], arguments: tuple[str, ...], code: int) -> None:
    """Its key, its reason, and the rest of the store all the same."""
    ended, said = damaged(*arguments)
    assert ended == code
    for key, reason in REASONS.items():
        assert key in said
        assert reason in said


@pytest.mark.parametrize("output", ["table", "json"])
def test_the_tree_says_so_in_the_end(damaged: Callable[..., tuple[int, str]], output: str) -> None:
    """Its counts have those, too, that cannot be read; the code is that of something left out."""
    code, said = damaged("ls", "-o", output)
    assert code == 3
    assert CUT in said


def test_one_that_a_command_is_about(damaged: Callable[..., tuple[int, str]]) -> None:
    """What is compared or edited must be read: the error names it."""
    for arguments in (("diff", CUT, "pods/shop/webserver"), ("diff", RUBBISH, RUBBISH)):
        ended, said = damaged(*arguments)
        assert (ended, said.startswith(f"kstore: {arguments[1]}: ")) == (3, True)


def test_an_export_takes_them_along(damaged: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """Their bytes are kept; that they cannot be read is said."""
    ended, said = damaged("export", str(tmp_path / "copy"))
    assert ended == 3
    assert all(key in said for key in REASONS)


def test_custom_objects(kstore: Kstore, tmp_path: Path) -> None:
    """`crds` names those of custom resources."""
    store, key = tmp_path / "store", "/registry/stable.example.com/crontabs/default/my-new-cron-object"
    assert kstore("--store", "demo", "export", str(store), "crds", "crontabs", "--no-yaml").code == 0
    changed_store(store, {key: b'{"kind":'})
    ran = kstore("--store", str(store), "crds")
    assert ran.code == 3
    assert f"kstore: {key}: " in ran.err
    assert "1 undecodable" in ran.text


ODD: list[Any] = [
    [1],
    "name",
    {"name": [1], "namespace": {}, "uid": [1], "creationTimestamp": 5},
    {"name": "n", "labels": 5, "annotations": [1], "ownerReferences": ["x", {"uid": []}], "finalizers": "f"},
    {"name": "n", "labels": {"a": 1}, "managedFields": [None, {"manager": 1, "time": 2}], "deletionTimestamp": {}},
]


@pytest.mark.large
@pytest.mark.parametrize("metadata", ODD, ids=str)
def test_odd_metadata(kstore: Kstore, tmp_path: Path, metadata: Any) -> None:
    """A custom object may hold anything in the place of its metadata: nothing ends in a fault of kstore's own."""
    store, key = tmp_path / "store", "/registry/stable.example.com/crontabs/default/my-new-cron-object"
    assert kstore("--store", "demo", "export", str(store), "crds", "crontabs", "--no-yaml").code == 0
    found = {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": metadata, "spec": metadata}
    changed_store(store, {key: json.dumps(found).encode()})
    for arguments in (
        *(("ls", "ct", "-o", output) for output in ("wide", "table-json", "name", "yaml", "jsonpath={..name}")),
        ("ls", "ct", "-l", "a>3,!b"),
        ("ls", "ct", "--field-selector", "metadata.name=n"),
        ("ls", "ct", "--show-labels", "-L", "a", "--storage-columns", "all"),
        *(("get", key, "-o", output) for output in ("describe", "storage")),
        *((name,) for name in ("ls", "analyze", "check", "crds", "report")),
        ("migrate", "--to-release", "1.37", "--dry-run"),
    ):
        ran = kstore("--store", str(store), *arguments)
        assert ran.code in (0, 3, 5), (arguments, ran.err)
        assert "unexpected" not in ran.err


def test_of_many_the_first_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Where objects are only counted, twenty are enough; a hint is said once."""
    unreadable = Unreadable()
    for number in range(25):
        error = DecodeError("no", hint="try")
        unreadable.note(Undecodable(Record(b"/k/%d" % number, b"", 1, 1, 1), error))
    assert unreadable.summarize() == 3
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 23
    assert said[:2] == ["kstore: /k/0: no", "  hint: try"]
    assert said[-2] == "kstore: 5 more objects cannot be read"


def test_of_a_damaged_file_absence_tells_nothing(demo: Kstore, kstore: Kstore, tmp_path: Path) -> None:
    """A namespace that is not there may be what the damage took: with --salvage its objects are not left behind."""
    names = [str(tmp_path / name) for name in ("kept", "without.db")]
    deleted = demo("delete", "namespaces/shop", "--yes", "--keep", names[0], "--output", names[1])
    assert deleted.code == 0, deleted.err
    checks = ("check", "--only", "no-namespace,owner-gone,crd-idle-version,no-resource", "-o", "json")
    found = {one["id"] for one in kstore(*checks, "--store", names[1]).json["findings"]}
    assert "no-namespace" in found
    salvaged = kstore(*checks, "--store", names[1], "--salvage").json["findings"]
    assert not {one["id"] for one in salvaged} & {"no-namespace", "owner-gone", "crd-idle-version"}
    assert not any("kstore delete" in one["command"] for one in salvaged)


def test_of_twenty_all_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """There are no more to be spoken of."""
    unreadable = Unreadable()
    for number in range(20):
        unreadable.note(Undecodable(Record(b"/k/%d" % number, b"", 1, 1, 1), DecodeError("no")))
    assert unreadable.summarize() == 3
    assert len(capsys.readouterr().err.splitlines()) == 20
