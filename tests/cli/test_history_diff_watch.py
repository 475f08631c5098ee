"""`kstore history`, `diff`, `watch` and `crds` as commands, on the demo store and on a real etcd."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import CommandOn
from tools.cluster import Etcd

from kstore.cli.main import run
from kstore.records import Delete, Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked
from kstore.testing import MemorySource

KEY = "/registry/secrets/default/s"


def secret(value: str) -> bytes:
    """A Secret as stored in JSON."""
    obj = {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {"name": "s", "namespace": "default"},
        "data": {"p": value},
    }
    return json.dumps(obj).encode()


def test_nothing_to_find_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A key without history is an error, a store compared with itself is not."""
    assert run(["--store", "demo", "history", "/registry/pods/default/nobody"]) == 1
    assert "the history has no revision of" in capsys.readouterr().err
    assert run(["--store", "demo", "diff", ".", "demo"]) == 0
    assert run(["--store", "demo", "diff", ".", "cm/default/x"]) == 2


@pytest.mark.parametrize(("revision", "told"), [(1, []), (2, [2]), (3, [2, 3]), (4, [2, 3, 4]), (5, [2, 3, 4])])
def test_the_history_up_to_a_revision(command_on: CommandOn, revision: int, told: list[int]) -> None:
    """With --rev it ends with what that revision itself did."""
    source = MemorySource()
    source.put(KEY, secret("b2xk"))
    source.put(KEY, secret("bmV3"))
    source.delete(KEY)
    source.put("/registry/configmaps/default/a", b"{}")
    code, out, _ = command_on(source)("--rev", str(revision), "history", KEY, "-o", "jsonl")
    assert [json.loads(line)["revision"] for line in out.splitlines()] == told
    assert code == (0 if told else 1)


def test_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two snapshots of the same state do not differ; two objects do, and the exit code says so."""
    shutil.copy(unpacked(), tmp_path / "copy.db")
    assert run(["diff", str(unpacked()), str(tmp_path / "copy.db")]) == 0
    assert capsys.readouterr().out == ""
    assert run(["--store", "demo", "diff", "deploy/shop/frontend", "deploy/shop/search"]) == 5
    assert "~ metadata.name" in capsys.readouterr().out


def test_crds(capsys: pytest.CaptureFixture[str]) -> None:
    """CRDs with what is really stored, as a table and as JSON."""
    assert run(["--store", "demo", "crds"]) == 0
    assert "crontabs.stable.example.com" in capsys.readouterr().out
    assert run(["--store", "demo", "crds", "crontabs", "-o", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["customResources"]
    assert found["objects"] == sum(found["reallyStored"].values())


@pytest.mark.large
@pytest.mark.etcd
def test_a_life_in_a_real_etcd(etcd_server: Etcd, capsys: pytest.CaptureFixture[str]) -> None:
    """A Secret's revisions, masked unless asked for; what is deleted; the same told by watch and by diff."""
    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        first = source.commit([Put(KEY.encode(), secret("b2xk"), 0)]).revision
        second = source.commit([Put(KEY.encode(), secret("bmV3"), first)]).revision
        source.commit([Delete(KEY.encode(), second)])
    store = ["--store", etcd_server.endpoint]
    assert run([*store, "history", "secrets/default/s"]) == 0
    text = capsys.readouterr().out
    assert [line.split()[1] for line in text.splitlines() if line.split()[0].isdigit()] == [
        "created",
        "changed",
        "deleted",
    ]
    assert "*****" in text
    assert "bmV3" not in text
    for last, changes in ((first, ["created"]), (second, ["created", "changed"])):
        assert run([*store, "--rev", str(last), "history", KEY, "-o", "jsonl"]) == 0
        assert [json.loads(line)["change"] for line in capsys.readouterr().out.splitlines()] == changes
    assert run([*store, "history", KEY, "--show-secrets"]) == 0
    assert '"b2xk" → "bmV3"' in capsys.readouterr().out
    assert run([*store, "history", "secrets", "--deleted", "-o", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["key"] == KEY
    assert run([*store, "watch", "secrets", "--since", str(first), "--count", "3", "-o", "jsonl"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["change"] for one in told] == ["created", "changed", "deleted"]
    assert told[1]["differences"] == [{"path": "data.p", "kind": "changed", "old": "b2xk", "new": "bmV3"}]
    assert run([*store, "diff", f"@{second}", "@", "-o", "lines"]) == 5
    assert f"- {KEY}" in capsys.readouterr().out
    assert run([*store, "diff", f"{KEY}@{first}", f"{KEY}@{second}"]) == 5


@pytest.mark.parametrize(
    "name", ["ct", "crontab", "CronTab", "crontabs", "ct.stable.example.com", "crontabs.stable.example.com"]
)
def test_a_crd_by_its_names(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each name that kubectl takes for its resource; one that it has not is told what it is nearly called."""
    assert run(["--store", "demo", "crds", name, "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["customResources"]
    assert [one["name"] for one in found] == ["crontabs.stable.example.com"]
    assert run(["--store", "demo", "crds", "ct.example.com"]) == 1
    assert "the store has no CRD ct.example.com" in capsys.readouterr().err


def test_nothing_is_held_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """What was asked for is repeated as it was meant: with its namespace, and with what else it was to meet."""
    arguments = ["--store", "demo", "history", "configmaps", "-n", "shop-too", "--where", "size(data) > 9"]
    assert run(arguments) in (1, 2)
    said = capsys.readouterr().err
    assert run(arguments[:-2]) == 1
    assert "the history has no revision of configmaps in namespace shop-too\n" in capsys.readouterr().err
    assert "of configmaps in namespace shop-too" in said


def test_what_is_deleted(command_on: CommandOn) -> None:
    """Its last deletion, for each key; not what was created again."""
    source = MemorySource()
    for name in ("gone", "back", "twice"):
        source.put(f"/registry/secrets/default/{name}", secret("b2xk"))
        source.delete(f"/registry/secrets/default/{name}")
    source.put("/registry/secrets/default/back", secret("bmV3"))
    source.put("/registry/secrets/default/twice", secret("bmV3"))
    source.delete("/registry/secrets/default/twice")
    code, out, _ = command_on(source)("history", "secrets", "--deleted", "-o", "jsonl")
    assert code == 0
    found = [(one["key"].rpartition("/")[2], one["revision"]) for one in map(json.loads, out.splitlines())]
    assert found == [("gone", 3), ("twice", 10)]


@pytest.mark.parametrize(("more", "told"), [((), ["data.p"]), (("--show-managed-fields",), ["metadata", "data.p"])])
def test_managed_fields_in_a_history(command_on: CommandOn, more: tuple[str, ...], told: list[str]) -> None:
    """They are compared where they are asked for."""
    source = MemorySource()
    for value, manager in (("b2xk", "kubectl"), ("bmV3", "helm")):
        obj = json.loads(secret(value))
        obj["metadata"]["managedFields"] = [{"manager": manager, "operation": "Update"}]
        source.put(KEY, json.dumps(obj).encode())
    _, out, _ = command_on(source)("history", KEY, "-o", "jsonl", *more)
    (_, step) = map(json.loads, out.splitlines())
    assert [one["path"].partition(".managedFields")[0] for one in step["differences"]] == told
