"""
Completion: what is offered where, and that real shells do with it what a person expects.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import click
import pexpect
import pytest
from tools.cluster import Etcd

from kstore.cli.command_table import COMMANDS
from kstore.cli.completing import BY_ARGUMENT, BY_METAVAR, BY_OPTION, attach, complete, completer_of, objects
from kstore.cli.main import cli, run
from kstore.cli.shells import SHELLS, VARIABLE, _Bash, _PowerShell, powershell_words, source
from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked

Offered = Callable[[str], list[str]]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Offered:
    """What is offered at the end of a command line; files as `<file>`."""
    monkeypatch.setenv(VARIABLE, "bash_complete")
    attach("", cli)

    def call(line: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", line)
        shell = _Bash(cli, {}, "kstore", VARIABLE)
        found = shell.get_completions(*shell.get_completion_args())
        return ["<file>" if one.type == "file" else one.value for one in found]

    return call


@pytest.mark.large
@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("kstore de", ["describe", "delete", "decode"]),
        ("kstore migrate ro", ["rollback"]),
        ("kstore --store ", ["<file>", "demo"]),
        ("kstore --store=d", ["<file>", "demo"]),
        ("kstore ls --store d", ["<file>", "demo"]),
        ("kstore --cacert ", ["<file>"]),
        ("kstore restore --from ", ["<file>", "demo"]),
        ("kstore decode ", ["<file>"]),
        ("kstore --release 1.3", ["1.37", "1.30"]),
        ("kstore check --target-release 1.2", ["1.29", "1.20"]),
        ("kstore check --only old-key,other-v", ["old-key,other-version"]),
        ("kstore get x -o kya", ["kyaml"]),
        ("kstore ls -o custom-columns", ["custom-columns=", "custom-columns-file="]),
        ("kstore migrate --to apps/v1b", ["apps/v1beta1", "apps/v1beta2"]),
        ("kstore --store demo get pods -n kube-s", ["kube-system"]),
        ("kstore --store demo ls --namespace=sh", ["shop"]),
        ("kstore --store demo get po", ["pods", "po", "poddisruptionbudgets"]),
        ("kstore --store demo get crontabs.st", ["crontabs.stable.example.com"]),
        ("kstore --store demo get po,dep", ["po,deployments", "po,deploy"]),
        ("kstore --store demo get pods web", ["webserver", "webserver-6d9c7f5b8d-x2k8m"]),
        ("kstore --store demo get deploy -n shop ", ["cart", "frontend", "search"]),
        ("kstore --store demo describe pods/web", ["pods/webserver", "pods/webserver-6d9c7f5b8d-x2k8m"]),
        ("kstore --store demo get deploy/", ["deploy/webserver", "deploy/shop/"]),
        ("kstore --store demo get deploy/shop/c", ["deploy/shop/cart"]),
        ("kstore --store demo get nodes node-", ["node-a", "node-b"]),
        ("kstore --store demo get /registry/po", ["/registry/pods/", "/registry/poddisruptionbudgets/"]),
        ("kstore --store demo delete /registry/nodes/", []),
        ("kstore --store demo delete /registry/minions/node-", ["/registry/minions/node-a"]),
        ("kstore --store demo ls deploy/s", ["deploy/shop/"]),
        ("kstore --store demo diff deploy/shop/c", ["<file>", "deploy/shop/cart"]),
        ("kstore --store demo get clusterroles system:n", ["system:node"]),
        ("kstore --store demo migrate cront", ["crontabs"]),
    ],
)  # fmt: skip
def test_what_is_offered(offered: Offered, line: str, some: list[str]) -> None:
    """Commands, files, releases, outputs, and what is in the store."""
    found = offered(line)
    assert set(some) <= set(found), found
    _, _, word = line.replace("=", " ").rpartition(" ")
    assert all(one == "<file>" or one.startswith(word) for one in found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "line",
    [
        "kstore --store /nowhere.db get pods ",
        "kstore --store http://127.0.0.1:1 --dial-timeout 100ms get ",
        "kstore --store demo get podz ",
        "kstore --store - get pods ",
        "kstore --store demo --release 9.9 get pods ",
        "kstore --context nothing get ",
        "kstore --store demo get pods webserver web",
    ],
)
def test_nothing_to_offer(offered: Offered, line: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Not a word, and no error, where nothing can be known; of the names one that is there already is left out."""
    found = offered(line)
    assert found == (["webserver-6d9c7f5b8d-x2k8m"] if line.endswith("webserver web") else [])
    assert capfd.readouterr() == ("", "")


def test_contexts(offered: Offered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the config file."""
    (tmp_path / "config.yaml").write_text("contexts:\n  production: {store: demo}\n  backup: {store: demo}\n")
    monkeypatch.setenv("KSTORE_CONFIG", str(tmp_path / "config.yaml"))
    assert offered("kstore --context ") == ["production", "backup"]
    assert offered("kstore --context pro") == ["production"]
    assert "webserver" in offered("kstore --context backup get pods ")


def every() -> Iterator[tuple[str, click.Command]]:
    """Each command that takes something, by its last word."""
    waiting = [(name, cli.get_command(click.Context(cli), name)) for section in COMMANDS.values() for name in section]
    while waiting:
        name, command = waiting.pop()
        assert command is not None
        if isinstance(command, click.Group):
            waiting += command.commands.items()
        yield name, command


def test_the_tables_are_of_today() -> None:
    """Each row is of an argument or option that there is, and none completes what click completes by its type."""
    used = {completer_of(name, one) for name, command in every() for one in command.params} | {
        completer_of("", one) for one in cli.params
    }
    assert used >= {*BY_METAVAR.values(), *BY_ARGUMENT.values(), *BY_OPTION.values()}
    arguments = {(name, one.name) for name, command in every() for one in command.params}
    assert set(BY_ARGUMENT) <= arguments
    for name, command in every():
        for one in command.params:
            if isinstance(one.type, click.Choice):
                assert completer_of(name, one) is None, (name, one.name)


def test_too_many_names_are_none() -> None:
    """A shell would take the beginning of those that it is given for that of all."""
    ctx = click.Context(click.Command("x"))
    assert len(complete(lambda ctx, word: map(str, range(50_000)), ctx, "")) == 50_000
    assert complete(lambda ctx, word: map(str, range(50_001)), ctx, "") == []
    assert complete(objects, ctx, "") == []  # no store


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each shell has its script, which names the program."""
    assert run(["completion", shell]) == 0
    assert capsys.readouterr().out == source(cli, shell, "kstore") + "\n"
    assert "kstore" in source(cli, shell, "kstore")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"kstore --store C:\backups\night.db get po", ["kstore", "--store", r"C:\backups\night.db", "get", "po"]),
        (r"""kstore --store 'C:\my backups\it''s.db' ls""", ["kstore", "--store", r"C:\my backups\it's.db", "ls"]),
        ('kstore ls -l "app=`"x`"" ', ["kstore", "ls", "-l", 'app="x"']),
        ("kstore get a` b", ["kstore", "get", "a b"]),
        ("kstore get 'unfin", ["kstore", "get", "unfin"]),
        ("kstore --store=D:\\x'y z'", ["kstore", "--store=D:\\xy z"]),
        ("", []),
    ],
)  # fmt: skip
def test_words_of_powershell(line: str, words: list[str]) -> None:
    """Quotes and backticks as about_Quoting_Rules has them; backslashes are those of paths."""
    assert powershell_words(line) == words


@pytest.mark.parametrize(
    ("line", "at", "some"),
    [
        ("kstore --store FILE get po", 4, "pods"),
        ("kstore --store FILE get pods web", 5, "webserver"),
        ("kstore g", 1, "get"),
    ],
)  # fmt: skip
def test_the_answer_to_powershell(
    line: str, at: int, some: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three lines an item, as the script takes them apart; also behind a store whose path has backslashes."""
    store = tmp_path / r"back\slash.db"
    store.write_bytes(unpacked().read_bytes())
    monkeypatch.setenv(VARIABLE, "powershell_complete")
    monkeypatch.setenv("COMP_WORDS", line.replace("FILE", f"'{store}'"))
    monkeypatch.setenv("COMP_CWORD", str(at))
    attach("", cli)
    lines = _PowerShell(cli, {}, "kstore", VARIABLE).complete().splitlines()
    assert len(lines) % 3 == 0
    assert ("plain", some) in list(zip(lines[::3], lines[1::3], strict=True))


# ---- real shells


NUMBER = 20_000


@pytest.fixture(scope="module")
def many(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running etcd with many ConfigMaps."""
    with Etcd(etcd_binary, tmp_path_factory.mktemp("etcd")) as server:
        with open_source(server.endpoint) as opened:
            assert isinstance(opened, WritableSource)
            puts = []
            for number in range(NUMBER):
                metadata = {"name": f"map-{number:05}", "namespace": "default"}
                obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
                key = f"/registry/configmaps/default/map-{number:05}".encode()
                puts.append(Put(key, json.dumps(obj).encode(), 0))
            only = puts[0].value.replace(b"map-00000", b"the-only-one")
            puts.append(Put(b"/registry/configmaps/default/the-only-one", only, 0))
            for at in range(0, len(puts), 100):
                opened.commit(puts[at : at + 100])
        yield server.endpoint


class Shell:
    """A shell on a terminal, with kstore on its path."""

    START: ClassVar = {
        "bash": (["--norc", "--noprofile", "-i"], "source <(kstore completion bash)"),
        "zsh": (["-f", "-i"], "autoload -U compinit && compinit -D -u && source <(kstore completion zsh)"),
        "fish": (["--no-config", "-i"], "kstore completion fish | source"),
    }  # fmt: skip

    def __init__(self, name: str, folder: Path, store: str) -> None:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        arguments, setup = self.START[name]
        (folder / "kstore").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kstore "$@"\n')
        (folder / "kstore").chmod(0o755)
        (folder / "a-snapshot.db").touch()
        environment = {
            "PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb", "KSTORE_STORE": store,
            "PS1": "$ ", "KSTORE_COMPLETION_TIMEOUT": "60", "LANG": "C.UTF-8", "fish_features": "no-query-term",
        }  # fmt: skip
        self.child = pexpect.spawn(
            name, arguments, env=environment, cwd=str(folder), encoding="utf-8", timeout=60, dimensions=(50, 200)
        )
        self.child.sendline(setup)
        self.child.sendline("echo re''ady")
        self.child.expect("\nready|\rready")

    def completed(self, typed: str, rest: str) -> None:
        """Type something and the tabulator: the rest of the word stands behind it then."""
        self.child.send(typed + "\t")
        self.child.expect_exact(rest)
        self.child.sendcontrol("u")

    def close(self) -> None:
        """End the shell."""
        self.child.close(force=True)


@pytest.mark.large
@pytest.mark.etcd
@pytest.mark.parametrize("name", ["bash", *(pytest.param(name, marks=pytest.mark.slow) for name in ("zsh", "fish"))])
def test_in_a_real_shell(name: str, many: str, tmp_path: Path) -> None:
    """A tabulator completes commands, resources, names among 20,000, namespaces' keys, and files after --store."""
    shell = Shell(name, tmp_path, many)
    try:
        shell.completed("kstore descr", "ibe")
        shell.completed("kstore get configm", "aps")
        shell.completed("kstore get configmaps th", "e-only-one")
        shell.completed("kstore get cm/the-", "only-one")
        shell.completed("kstore get cm/def", "ault/")
        shell.completed("kstore get /registry/confi", "gmaps/")
        shell.completed("kstore --store a-sn", "apshot.db")
        shell.completed("kstore --store=a-sn", "apshot.db")
        shell.completed("kstore ls -o jsonpath-a", "s-json=")
        shell.completed("kstore ls --rele", "ase")
    finally:
        shell.close()
