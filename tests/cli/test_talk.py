"""
How kstore talks: help, version, colours, quiet and verbose, and what was probably meant.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore

from kstore.cli.color import asked_for, wants_color
from kstore.cli.standard_output import progress_text
from kstore.view.styles import STYLES


def test_bare(kstore: Kstore) -> None:
    """Help on standard output, and nothing is wrong."""
    ran = kstore()
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == kstore("--help").out


def test_version(kstore: Kstore) -> None:
    """The option says what the command says."""
    assert kstore("--version").text == kstore("version").text
    assert kstore("--version").code == 0


class Terminal:
    """A stream that is one."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.mark.parametrize(
    ("when", "variables", "terminal", "pipe"),
    [
        ("auto", {}, True, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ("auto", {"TERM": "dumb"}, False, False),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("never", {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_when_colours_are_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, when: str, variables: dict[str, str], terminal: bool, pipe: bool
) -> None:
    """The command line, then the environment, then the terminal."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with (tmp_path / "file").open("w") as file:
        assert wants_color(Terminal(), when) is terminal  # type: ignore[arg-type]
        assert wants_color(file, when) is pipe


@pytest.mark.large
def test_colours_of_a_command(demo: Kstore, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--color`, with a word or without, before the command and after it; errors have colours, too."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = demo("check")
    assert b"\x1b" not in plain.out
    for words in (
        ("check", "--color"),
        ("--color", "check"),
        ("--color", "always", "check"),
        ("check", "--color=always"),
    ):
        assert STYLES["red"].encode() in demo(*words).out, words
    for words in (("check", "--no-color"), ("check", "--color=never"), ("check", "--color", "auto")):
        assert demo(*words).out == plain.out, words
    assert demo("check", "--color=perhaps").code == 2
    assert STYLES["red"] in demo("get", "pods", "nobody", "--color").err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert STYLES["red"] in demo("get", "pods", "nobody").err
    assert "\x1b" not in demo("get", "pods", "nobody", "--no-color").err


def test_quiet(demo: Kstore) -> None:
    """No notes and no hints; the error itself is said."""
    loud, quiet = demo("get", "pods", "nobody"), demo("get", "pods", "nobody", "-q")
    assert loud.err.splitlines()[:1] == quiet.err.splitlines()
    assert "hint" in loud.err
    assert demo("get", "pods", "-n", "nowhere", "--quiet").err == ""


def test_verbose(demo: Kstore) -> None:
    """Which store, who named it, and which revision; standard output is as without."""
    ran = demo("-v", "get", "nodes", "-o", "name")
    assert ran.text == demo("get", "nodes", "-o", "name").text
    assert "from --store, revision " in ran.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("get", "pods", "webservr"), "did you mean 'pods/default/webserver'?"),
        (("get", "deploy", "cart"), "did you mean 'deployments/shop/cart'?"),
        (("get", "nodes", "node-c"), "nodes/node-"),
        (("get", "/registry/pods/default/webserve"), "pods/default/webserver"),
        (("describe", "deploy/shop/card"), "deployments/shop/cart"),
        (("get", "pods", "-n", "shp"), "there is no namespace 'shp': did you mean 'shop'?"),
        (("ls", "-n", "zzzz"), "there is no namespace 'zzzz'"),
    ],
)
def test_what_was_meant(demo: Kstore, arguments: tuple[str, ...], meant: str) -> None:
    """A name that is spelled alike, the same name in another namespace, a namespace."""
    ran = demo(*arguments)
    assert ran.out == b""
    assert meant in ran.err


def test_nothing_is_like_it(demo: Kstore) -> None:
    """Then what is there can be listed; an empty namespace is no mistake."""
    assert "`kstore ls /registry/pods/default`" in demo("get", "pods", "qqqqqqqq").err
    assert "no namespace" not in demo("get", "pods", "-n", "shop").err


def test_what_a_command_line_asks_for() -> None:
    """Before it is understood."""
    assert asked_for(["get", "--color=never"]) == "never"
    assert asked_for(["--no-color"]) == "never"
    assert asked_for(["x"]) == "auto"


def test_as_kubectls_plugin(tmp_path: Path) -> None:
    """`kubectl kstore` finds it by its name on the path, and it calls itself so."""
    program = tmp_path / "kubectl-kstore"
    program.write_text(f"#!{sys.executable}\nfrom kstore.cli.main import main\nmain()\n")
    program.chmod(0o755)
    ran = subprocess.run([program, "get", "--help"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("Usage: kubectl kstore get ")


@pytest.mark.parametrize(
    ("count", "total", "seconds", "text"),
    [
        (1200, 20000, 3.0, "1,200 of 20,000 keys, 400/s, 47 s left"),
        (1200, 200000, 3.0, "1,200 of 200,000 keys, 400/s, 8 min 17 s left"),
        (1200, None, 3.0, "1,200 keys, 400/s"),
        (1200, 1000, 3.0, "1,200 keys, 400/s"),
        (0, 10, 3.0, "0 of 10 keys, 0/s"),
    ],
)
def test_progress(count: int, total: int | None, seconds: float, text: str) -> None:
    """How many of how many, how fast, and how long it takes yet."""
    assert progress_text(count, total, seconds, "keys") == text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("get", "pods", "-o", "yml"), "did you mean 'yaml'?"),
        (("get", "pods", "--all"), "`-A` means all namespaces"),
        (("get", "/registry/pods", "--prefix", "--keys-only"), "`kstore ls /registry/pods`"),
        (("ls", "-la"), "no object here has 'a'"),
        (("pods",), "did you mean `kstore get pods`?"),
        (("deploy", "-n", "shop"), "did you mean `kstore get deploy -n shop`?"),
        (("snapshots",), "--store FILE opens one"),
        (("https://etcd:2379", "get", "po"), "did you mean `kstore --store https://etcd:2379 get po`?"),
        (("/dev/null",), "did you mean `kstore --store /dev/null ls`?"),
        (("migrate", "--to", "apps"), "known versions are apps/v1, apps/v1beta1, apps/v1beta2"),
        (("get", "ct", "my-new"), "did you mean 'crontabs/default/my-new-cron-object'?"),
        (("delete", "pod", "webserver", "--dry-run"), "did you mean 'pod/webserver'?"),
        (("edit", "cm", "settings"), "an object is one word"),
        (("ls", "registry/pods"), "did you mean '/registry/pods'?"),
        (("get", "registry/pods/default/webserver"), "did you mean '/registry/pods/default/webserver'?"),
        (("get", "pods", "--timeout", "1"), "did you mean '--dial-timeout' or '--command-timeout'?"),
    ],
)
def test_what_users_of_other_tools_type(demo: Kstore, typed: tuple[str, ...], said: str) -> None:
    """Hands that know kubectl, etcdctl, k9s, restic or ls are told what kstore has for it."""
    assert said in demo(*typed).err


@pytest.mark.parametrize("typed", [("version", "--client"), ("restore", "latest", "--target", "x")])
def test_no_far_fetched_option_is_suggested(demo: Kstore, typed: tuple[str, ...]) -> None:
    """click finds `--quiet` in `--client`."""
    ran = demo(*typed)
    assert ran.code == 2
    assert "mean" not in ran.err


@pytest.mark.large
@pytest.mark.parametrize(
    "given", [("-n", "shop"), ("-nshop",), ("-n=shop",), ("--namespace", "shop"), ("--namespace=shop",), ("-A",)]
)
def test_a_namespace_in_front_of_the_command(demo: Kstore, given: tuple[str, ...]) -> None:
    """As kubectl takes it there, beside options with values of their own."""
    behind = demo("get", "deploy", *given)
    assert behind.code == 0
    assert demo(*given, "get", "deploy").out == behind.out
    assert demo("--release", "1.37", *given, "--etcd-prefix", "/registry", "get", "deploy").out == behind.out
    assert demo(*given).code == 2
