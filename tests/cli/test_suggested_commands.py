"""
Every command that kstore suggests: a shell reads back the very key, name or file, and runs nothing else.
"""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.cli.pasted import words_of
from tools.cluster import Etcd

from kstore.cli.main import cli
from kstore.printable import escaped, key_bytes
from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

NAMES = (
    "x$(touch pwned)",
    "a`id`b",
    "it's; reboot",
    'two  "words" \\ here',
    "two\nlines",
    "\x1b[31m\u202ered",
    "&& true",
    "*",
)


def _objects() -> dict[str, Any]:
    """Objects of hostile names with all sorts of things wrong, by their keys."""
    found: dict[str, Any] = {
        "/registry/namespaces/d": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "d"}}
    }
    for name in NAMES:
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": "0-0"}
        found |= {
            f"/registry/roles/{name}/{name}": {**role, "metadata": {"name": name, "namespace": name}},
            f"/registry/roles/d/{name}": {
                **role,
                "metadata": {"name": name, "namespace": "d", "ownerReferences": [owner]},
            },
            f"/registry/roles/d/other-{name}": {**role, "metadata": {"name": "another", "namespace": "d"}},
            f"/registry/pods/d/{name}": "rubbish",
            f"/registry/configmaps/d/{name}": {"apiVersion": "v9", "kind": name, "metadata": {"name": name}},
            f"/registry/nothing/{name}": "rubbish",
        }
    return found


@pytest.fixture(scope="module")
def endpoint(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real etcd with these objects."""
    with Etcd(etcd_binary, tmp_path_factory.mktemp("etcd")) as server:
        with open_source(server.endpoint) as source:
            assert isinstance(source, WritableSource)
            for key, value in _objects().items():
                text = value if isinstance(value, str) else json.dumps(value)
                assert source.commit([Put(key.encode(), text.encode(), 0)]).succeeded
        yield server.endpoint


def assert_names_something(command: str) -> None:
    """Each command is kstore's or etcd's, and what it names by a key is stored."""
    keys = {key.encode() for key in _objects()}
    for words in words_of(command):
        if words[0] == "etcdctl":
            continue
        assert words[0] == "kstore"
        assert words[1] in cli.commands or words[1] in cli.list_commands(None)  # type: ignore[arg-type]
        for word in words[2:]:
            if word.startswith("/registry/"):
                key = key_bytes(word)
                assert key in keys or any(one.startswith(key.rstrip(b"/") + b"/") for one in keys), command


def test_the_findings_of_check(endpoint: str, kstore: Kstore) -> None:
    """What check advises in JSON, in text and in the report is one and the same, and means the objects."""
    found = kstore("check", "-o", "json", "--store", endpoint).json["findings"]
    commands = [one["command"] for one in found if one["command"]]
    for command in commands:
        assert_names_something(command)
    assert any("touch pwned" in command for command in commands)
    page = kstore("report", "--store", endpoint).text
    for command in re.findall(r"→ <code>(kstore .*?)</code>", page, re.S):
        assert_names_something(html.unescape(command))
    shown = kstore("check", "--store", endpoint).text
    for one in found:
        for command in one["command"].split("; kstore"):
            assert escaped(command.removeprefix(" ")) in shown


@pytest.mark.large
@pytest.mark.parametrize("name", NAMES)
def test_the_hint_of_what_is_not_there(endpoint: str, kstore: Kstore, name: str) -> None:
    """The hint lists the folder, which is the namespace."""
    ran = kstore("get", f"role/{name}/nothing", "--store", endpoint)
    command = re.search(r"`(kstore ls .*)` shows", ran.err)
    assert command is not None
    words = shlex.split(command[1])
    assert key_bytes(words[2]) == f"/registry/roles/{name}".encode()
    assert kstore(*words[1:], "--store", endpoint).code == 0


@pytest.mark.large
@pytest.mark.parametrize("name", [name for name in NAMES if "\n" not in name])
def test_the_words_about_a_journal(etcd_server: Etcd, kstore: Kstore, tmp_path: Path, name: str) -> None:
    """verify and rollback name the very journal, and so does the error of one that is there already."""
    value = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "one", "namespace": "d"}}
    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        assert source.commit([Put(b"/registry/deployments/d/one", json.dumps(value).encode(), 0)]).succeeded
    journal = tmp_path / name.replace("\x1b", "e").replace("\u202e", "r")
    arguments = ("migrate", "--to", "apps/v1", "--yes", "--journal", str(journal), "--store", etcd_server.endpoint)
    for _ in range(2):
        told = kstore(*arguments).err
        pairs = re.findall(r"`(kstore migrate (?:verify|rollback|resume) .*?)`(?=,|\n| goes)", told)
        assert pairs
        assert {shlex.split(command)[3] for command in pairs} == {str(journal)}


@pytest.mark.large
def test_keys_are_read_back_line_by_line(endpoint: str, kstore: Kstore) -> None:
    """What `-o keys` prints is a key a line; each is found by get and delete, as `xargs -d '\\\\n'` would give it."""
    lines = kstore("ls", "/", "-o", "keys", "--store", endpoint).text.splitlines()
    assert sorted(map(key_bytes, lines)) == sorted(key.encode() for key in _objects())
    ran = kstore("delete", *lines, "--dry-run", "--store", endpoint)
    found = zip(ran.text.splitlines(), sorted(lines, key=key_bytes), strict=True)
    assert [key for line, key in found if not line.startswith(f"{key}  ")] == []
    for line in lines:
        ran = kstore("get", line, "-o", "raw", "--store", endpoint)
        assert ran.code == 0
        expected = _objects()[key_bytes(line).decode()]
        assert ran.text == (expected if isinstance(expected, str) else json.dumps(expected))
