"""
`kstore config`: contexts made, changed, used, renamed and removed, in both forms of the file.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import Kstore

from kstore.errors import UsageError
from kstore.source.location.config_edit import ConfigDocument

MAP = """\
# what we have
current-context: prod   # the one in use
contexts:
  prod:
    store: https://10.0.0.1:2379
    user: root
    password: secret
  7:
    store: demo
"""
LIST = """\
current-context: prod
contexts:
- name: prod
  context:
    store: https://10.0.0.1:2379
    user: root
    password: secret
- name: 7
  context:
    store: demo
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the config file is; it is not there yet."""
    path = tmp_path / "deep" / "config.yaml"
    monkeypatch.setenv("KSTORE_CONFIG", str(path))
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture(params=[MAP, LIST], ids=["map", "list"])
def filled(file: Path, request: pytest.FixtureRequest) -> Path:
    """The config file in either form."""
    file.parent.mkdir()
    file.write_text(request.param)
    return file


def members(file: Path) -> dict[str, object]:
    """The contexts of a file, in whichever form."""
    found = yaml.safe_load(file.read_text())["contexts"]
    return {str(one["name"]): one["context"] for one in found} if isinstance(found, list) else {
        str(name): one for name, one in found.items()
    }  # fmt: skip


def test_from_nothing(kstore: Kstore, file: Path, tmp_path: Path) -> None:
    """The file and its folder are made, for their owner only; files are named from anywhere."""
    assert kstore("config", "get-contexts").text.split() == ["CURRENT", "NAME", "STORE", "PREFIX"]
    assert kstore("config", "current-context").code == 1
    made = kstore("config", "set-context", "a", "--store", "demo", "--cacert", "ca.crt", "--user", "me:pw")
    assert (made.code, made.text) == (0, 'Context "a" created.\n')
    assert members(file) == {"a": {"cacert": str(tmp_path / "ca.crt"), "store": "demo", "user": "me", "password": "pw"}}
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert kstore("config", "use-context", "a").text == 'Switched to context "a".\n'
    assert kstore("config", "current-context").text == "a\n"


def test_a_context_that_is_used(kstore: Kstore, file: Path) -> None:
    """Commands take its store from then on."""
    kstore("config", "set-context", "there", "--store", "demo")
    kstore("config", "use-context", "there")
    assert "configmap" in kstore("ls", "configmaps", "-A", "-o", "name").text


def test_lists(kstore: Kstore, filled: Path) -> None:
    """A star before the current one; those that are named; their names alone."""
    lines = kstore("config", "get-contexts").text.splitlines()
    assert [line.split() for line in lines] == [
        ["CURRENT", "NAME", "STORE", "PREFIX"],
        ["7", "demo"],
        ["*", "prod", "https://10.0.0.1:2379"],
    ]
    assert kstore("config", "get-contexts", "prod", "--no-headers").text.split()[:2] == ["*", "prod"]
    assert kstore("config", "get-contexts", "-o", "name").text == "7\nprod\n"
    assert kstore("config", "get-contexts", "none").code == 2


def test_view(kstore: Kstore, filled: Path) -> None:
    """Both forms look the same; the password is shown on demand."""
    shown = yaml.safe_load(kstore("config", "view").out)
    assert shown["contexts"]["prod"]["password"] == "REDACTED"
    assert list(shown["contexts"]) == ["7", "prod"]
    raw = yaml.safe_load(kstore("config", "view", "--raw", "--minify").out)
    assert raw == {
        "contexts": {"prod": {"store": "https://10.0.0.1:2379", "user": "root", "password": "secret"}},
        "current-context": "prod",
    }
    assert list(yaml.safe_load(kstore("config", "view", "--minify", "--context", "7").out)["contexts"]) == ["7"]


def test_changes_keep_the_form_and_the_rest(kstore: Kstore, filled: Path) -> None:
    """What is not said stays."""
    form = type(yaml.safe_load(filled.read_text())["contexts"])
    command = ("config", "set-context", "--current", "--etcd-prefix", "/x", "--dial-timeout", "1m30s")
    assert kstore(*command, "--consistency", "s").text == 'Context "prod" modified.\n'
    assert members(filled)["prod"] == {
        "store": "https://10.0.0.1:2379", "user": "root", "password": "secret", "etcd-prefix": "/x",
        "dial-timeout": 90.0, "serializable": True,
    }  # fmt: skip
    assert kstore("config", "set-context", "7", "--store", "https://10.0.0.7:2379").code == 0
    assert members(filled)["7"] == {"store": "https://10.0.0.7:2379"}
    assert isinstance(yaml.safe_load(filled.read_text())["contexts"], form)


def test_renamed_and_removed(kstore: Kstore, filled: Path) -> None:
    """The current context stays it under its new name; removed, none is."""
    assert kstore("config", "rename-context", "prod", "7").code == 2
    assert kstore("config", "rename-context", "prod", "main").code == 0
    assert kstore("config", "current-context").text == "main\n"
    ran = kstore("config", "delete-context", "main")
    assert (ran.text, ran.err) == ('Context "main" deleted.\n', "kstore: it was the current context: none is now\n")
    assert list(members(filled)) == ["7"]
    assert kstore("config", "delete-context", "main").code == 2
    assert kstore("config", "set-context", "--current", "--store", "demo").code == 1


def test_comments_stay_where_only_the_current_context_changes(kstore: Kstore, file: Path) -> None:
    """Its line is replaced, and nothing else."""
    file.parent.mkdir()
    file.write_text(MAP)
    assert kstore("config", "use-context", "7").code == 0
    assert file.read_text() == MAP.replace("prod   # the one in use", "'7'")
    assert kstore("config", "current-context").text == "7\n"


def test_what_is_wrong_is_not_written(kstore: Kstore, filled: Path) -> None:
    """The file stays as it was."""
    before = filled.read_text()
    for wrong in (
        ("use-context", "none"),
        ("set-context", "new"),
        ("set-context", "prod", "--current", "--store", "demo"),
        ("set-context",),
        ("set-context", "prod", "--release", "1.37"),
        ("set-context", "prod", "--dial-timeout", "soon"),
    ):
        assert kstore("config", *wrong).code == 2, wrong
    assert filled.read_text() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contexts: [{context: {store: demo}}]", "needs a name"),
        ("contexts: [{name: a, store: demo}]", "needs a name and its members"),
        ("contexts: [{name: a, context: {store: b}}, {name: a, context: {store: c}}]", "two contexts 'a'"),
        ("contexts: text", "no map"),
        ("- a", "no map"),
    ],
)
def test_a_file_that_is_none(kstore: Kstore, file: Path, text: str, said: str) -> None:
    """It is neither read nor written over."""
    file.parent.mkdir()
    file.write_text(text)
    for command in (("get-contexts",), ("set-context", "b", "--store", "demo")):
        ran = kstore("config", *command)
        assert ran.code == 2
        assert said in ran.err
    assert file.read_text() == text


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_one(kstore: Kstore, file: Path, tmp_path: Path) -> None:
    """As where the file is kept with others under version control."""
    kept = tmp_path / "kept.yaml"
    kept.write_text(MAP)
    file.parent.mkdir()
    file.symlink_to(kept)
    assert kstore("config", "use-context", "7").code == 0
    assert file.is_symlink()
    assert "'7'" in kept.read_text()


def test_what_another_wrote_meanwhile_is_kept(filled: Path) -> None:
    """Of two who change the file at once, the second is told; neither's change is lost."""
    first, second = ConfigDocument(filled), ConfigDocument(filled)
    first.use("7")
    first.save()
    second.put("new", {"store": "demo"})
    with pytest.raises(UsageError, match="was changed meanwhile"):
        second.save()
    assert ConfigDocument(filled).contexts.current_name == "7"
    assert "new" not in members(filled)
