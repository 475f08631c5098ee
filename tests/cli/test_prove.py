"""
`migrate --prove` and `verify --server`, with a server that is a fake: what is said of its answers, and the exit code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Command, CommandOn
from tests.migrate.test_prove import CODEC, FakeServer, Object

from kstore.catalog.server_flags import ServerFlags
from kstore.cli import prove
from kstore.naming import GroupVersion
from kstore.testing import MemorySource

Prove = Callable[..., tuple[int, str, str]]
MAPS = "/registry/configmaps/x"
V1BETA1 = GroupVersion("apps", "v1beta1")
DEPLOYMENT = CODEC.encode(
    {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "x", "uid": "u-d"},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}},
        },
    },
    "protobuf",
)  # fmt: skip


class Server(FakeServer):
    """A server of 1.37, which notes that it is closed, and how many ask at once."""

    closed = 0
    release = "1.37"

    def started(self) -> tuple[str, ServerFlags]:
        return self.release, ServerFlags()

    def close(self) -> None:
        self.closed += 1


def config_map(name: str) -> bytes:
    """A ConfigMap."""
    metadata = {"name": name, "namespace": "x", "uid": f"u-{name}"}
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"kept": "v"}}
    return CODEC.encode(obj, "protobuf")


def update(obj: Object) -> Any:
    """What the server makes of an object, as its name says."""
    name = obj["metadata"]["name"]
    if name.startswith("refused"):
        return 422
    new = {f"k{at}": "v" for at in range(int(name.removeprefix("changed")))} if "changed" in name else {}
    return {**obj, "data": {**obj.get("data", {}), **new}} if new else obj


@pytest.fixture
def proving(command_on: CommandOn, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Command, Server]]:
    """A store of ConfigMaps of these names, on which commands are run, and its server."""

    def of(*names: str) -> tuple[Command, Server]:
        source = MemorySource({f"{MAPS}/{name}": config_map(name) for name in names})
        server = Server(source, update)
        monkeypatch.setattr(prove, "apiserver", lambda kubeconfig: server)
        return command_on(source), server

    return of


def test_nothing_would_be_written(proving: Any) -> None:
    """That is said, with how many were asked about; the server is let go of."""
    command, server = proving("a", "b")
    words = "2 objects sent as a dry run: 2 stay as they are, 0 would be written\n"
    assert command("migrate", "--prove", "K") == (0, words, "")
    assert server.closed == 1


@pytest.mark.parametrize(
    ("names", "code", "said"),
    [
        (["a", "changed1"], 5, "2 objects sent as a dry run: 1 stay as they are, 1 would be written\n"),
        (["a", "refused"], 3, "2 objects sent as a dry run: 1 stay as they are, 0 would be written, 1 refused\n"),
        (["changed1", "refused"], 5, "2 objects sent as a dry run: 0 stay as they are, 1 would be written, 1 refused"),
    ],
)
def test_what_is_found(proving: Any, names: list[str], code: int, said: str) -> None:
    """A change counts for more than a refusal, and either for more than none."""
    found, out, err = proving(*names)[0]("migrate", "--prove", "K")
    assert found == code
    assert said in out
    assert (f"refused {MAPS}/refused: so it is\n" in err) is ("refused" in names)
    assert (f"{MAPS}/changed1: the server would change data.k0\n" in out) is ("changed1" in names)


@pytest.mark.parametrize(("count", "more"), [(8, ""), (9, ", and 1 more")])
def test_an_object_of_many_changes(proving: Any, count: int, more: str) -> None:
    """The first of them are named, and how many there are beside."""
    _, out, _ = proving(f"changed{count}")[0]("migrate", "--prove", "K")
    assert f"would change {', '.join(f'data.k{at}' for at in range(8))}{more}\n" in out


def test_what_was_gone_or_is_not_served(proving: Any) -> None:
    """Neither is a finding; both are said, as is what cannot be read, which is one."""
    command, server = proving("a", "b")
    server.source.put("/registry/masterleases/10.0.0.1", CODEC.encode({"apiVersion": "v1", "kind": "Endpoints"}))
    exchange = server.exchange

    def gone(method: str, path: str, *rest: Any, **named: Any) -> bytes:
        if "/b?" in path:
            server.source.delete(f"{MAPS}/b")
            server.update = lambda obj: 404
            server.source.put("/registry/configmaps/y/b", config_map("b"))  # so that the fake has something to refuse
        return exchange(method, path, *rest, **named)

    server.exchange = gone
    code, out, _ = command("migrate", "--prove", "K", "--concurrency", "1")
    assert code == 0
    assert "No API serves 1 masterleases: no update reaches them.\n" in out
    assert "1 deleted meanwhile" in out
    server.exchange, server.update = exchange, update
    server.source.put(f"{MAPS}/d", b"k8s\0rubbish")
    code, out, err = command("migrate", "--prove", "K", "configmaps", "-n", "x")
    assert code == 3
    assert "1 that cannot be read" in out
    assert f"unreadable {MAPS}/d: " in err


def test_the_document(proving: Any) -> None:
    """All counts and findings, and nothing else on either stream."""
    code, out, err = proving("a", "changed1", "refused")[0]("migrate", "--prove", "K", "-o", "json")
    found = json.loads(out)
    assert (code, err) == (5, "")
    assert found == {
        "objects": 3, "unchanged": 1, "changed": 1, "refused": 1, "unreadable": 0, "gone": 0, "unserved": {},
        "findings": [
            {"key": f"{MAPS}/changed1", "outcome": "changed", "changes": ["data.k0"], "message": ""},
            {"key": f"{MAPS}/refused", "outcome": "refused", "changes": [], "message": "so it is"},
        ],
    }  # fmt: skip


def test_a_selection_of_objects(proving: Any) -> None:
    """Only what is selected is asked about."""
    command, server = proving("a", "b")
    assert command("migrate", "--prove", "K", "configmaps", "--field-selector", "metadata.name=b")[0] == 0
    assert [path.partition("?")[0].rpartition("/")[2] for path, _ in server.asked] == ["b"]


@pytest.mark.parametrize(("given", "read"), [((), "1.35"), (("--release", "1.36"), "1.36")])
def test_whose_rules_are_followed(
    proving: Any, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], read: str
) -> None:
    """Those of the release that the server says that it is, unless one is named."""
    command, server = proving("a")
    server.release = "1.35"
    seen: list[str] = []
    started = prove._as_started

    def noted(*asked: Any) -> Any:
        seen.append(started(*asked).release)
        return started(*asked)

    monkeypatch.setattr(prove, "_as_started", noted)
    assert command(*given, "migrate", "--prove", "K")[0] == 0
    assert seen == [read]


@pytest.mark.parametrize("changed", [False, True])
def test_a_journal_is_held_against_the_server(proving: Any, tmp_path: Path, changed: bool) -> None:
    """What a migration wrote is asked about, beside what its journal says; either finding is told by the exit code."""
    command, server = proving("a")
    server.source.put("/registry/deployments/x/d", CODEC.convert_typed(DEPLOYMENT, V1BETA1)[1])
    assert command("migrate", "deploy", "--to", "apps/v1", "--yes", "--journal", str(tmp_path / "j"))[0] == 0
    if changed:
        server.update = lambda obj: {**obj, "metadata": {**obj["metadata"], "labels": {"new": "1"}}}
    code, out, _ = command("migrate", "verify", str(tmp_path / "j"), "--server", "K")
    assert code == (5 if changed else 0)
    assert "1 object sent as a dry run" in out
    code, out, _ = command("migrate", "verify", str(tmp_path / "j"), "--server", "K", "-o", "json")
    assert json.loads(out)["server"]["objects"] == 1
    assert [path.rpartition("/")[2].partition("?")[0] for path, _ in server.asked] == ["d", "d"]
