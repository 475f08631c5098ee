"""
`kstore diff -o unified` and `-o external`: git's form, and the program that `kubectl diff` would run.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import pytest

from kstore.catalog.releases import newest
from kstore.cli import external_diff
from kstore.cli.commands import diff
from kstore.cli.main import run
from kstore.inspect.comparison import Compared, Side, compare
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.selection.criteria import Criteria
from kstore.source.location.address import open_source
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database
from kstore.store import Store
from kstore.testing import MemorySource

OLD, NEW = "deploy/shop/frontend", "deploy/shop/search"
DEMO = ["--store", "demo", "diff"]
pytestmark = pytest.mark.usefixtures("own_temporary")


@pytest.fixture
def own_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, to be looked at."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def differ(folder: Path, code: int) -> tuple[str, Path]:
    """A program that writes down what it is given, and ends so; and where it does."""
    said, script = folder / "said.json", folder / "my differ.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "folders = [pathlib.Path(one) for one in sys.argv[-2:]]\n"
        "files = [{file.name: file.read_text() for file in folder.iterdir()} for folder in folders]\n"
        f"pathlib.Path({str(said)!r}).write_text(json.dumps([sys.argv[1:-2], [f.name for f in folders], files]))\n"
        f"sys.exit({code})\n"
    )
    return f"{sys.executable} '{script}' --with 'two words'", said


def test_two_objects_in_gits_form(capsys: pytest.CaptureFixture[str]) -> None:
    """Each side is named by its own key, and the exit code says that they differ."""
    assert run([*DEMO, OLD, NEW, "-o", "unified"]) == 5
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [f"diff --git a/{OLD} b/{NEW}", f"--- a/{OLD}", f"+++ b/{NEW}"]
    assert "-  replicas: 3" in lines
    assert "+  replicas: 1" in lines
    assert not any("managedFields" in line for line in lines)


def test_what_does_not_differ_prints_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """No program is run for it either."""
    for form in ("unified", "external"):
        assert run([*DEMO, OLD, OLD, "-o", form]) == 0
        assert capsys.readouterr().out == ""


def test_the_program_of_kubectl_diff(
    own_temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It gets kubectl's two directories with kubectl's names; nothing of them stays."""
    command, said = differ(tmp_path, 1)
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", command)
    assert run([*DEMO, OLD, NEW, "-o", "external"]) == 5
    arguments, folders, (old, new) = json.loads(said.read_text())
    assert arguments == ["--with", "two words"]
    assert [name.split("-")[0] for name in folders] == ["LIVE", "MERGED"]
    assert list(old) == list(new) == ["extensions.v1beta1.Deployment.shop.search"]
    assert "replicas: 3" in next(iter(old.values()))
    assert "replicas: 1" in next(iter(new.values()))
    assert list(own_temporary.iterdir()) == []


def test_objects_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As clusters below one prefix have them: each has a file of its own, the same in both folders."""
    found: list[dict[str, str]] = []

    def look(command: list[str]) -> None:
        found.extend({file.name: file.read_text() for file in Path(folder).iterdir()} for folder in command[-2:])

    monkeypatch.setattr(external_diff, "_run", look)

    def changed(number: int) -> Compared:
        states = [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": f"{number}{side}"}}
            for side in ("old", "new")
        ]
        return Compared(f"/{number}", "configmaps", "", "changed", "ConfigMap", before=states[0], after=states[1])

    assert len(list(external_diff.external_diff(map(changed, range(3)), secrets=False))) == 3
    names = [f"v1.ConfigMap..a{mark}" for mark in ("", "~2", "~3")]
    for side, files in zip(("old", "new"), found, strict=True):
        assert sorted(files) == names
        assert [f"k: {number}{side}" in files[name] for number, name in enumerate(names)] == [True] * 3


def test_a_program_that_fails(
    own_temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Above 1 is a failure, whatever differs; so is a program that is not there, or a command that is none."""
    for value, said in (
        (differ(tmp_path, 2)[0], "its exit code is 2"),
        (str(tmp_path / "none"), "cannot be run"),
    ):
        monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", value)
        assert run([*DEMO, OLD, NEW, "-o", "external"]) == 1
        assert said in capsys.readouterr().err
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", "diff 'open")
    assert run([*DEMO, OLD, NEW, "-o", "external"]) == 2
    assert "$KUBECTL_EXTERNAL_DIFF is no command" in capsys.readouterr().err
    assert list(own_temporary.iterdir()) == []


def test_what_one_store_has_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown whole, and masked."""
    monkeypatch.chdir(tmp_path)  # where delete keeps what it deletes
    changed = str(tmp_path / "changed.db")
    delete = ["delete", "secrets/shop/payment-gateway", "--output", changed, "--yes", "-q"]
    assert run(["--store", "demo", *delete]) == 0
    capsys.readouterr()
    assert run(["diff", "demo", changed, "secrets", "-o", "unified"]) == 5
    text = capsys.readouterr().out
    assert "deleted file mode 100644\n--- a/registry/secrets/shop/payment-gateway\n+++ /dev/null\n" in text
    assert ": '*****'" in text
    assert run(["diff", changed, "demo", "secrets", "-o", "unified"]) == 5
    assert (
        "new file mode 100644\n--- /dev/null\n+++ b/registry/secrets/shop/payment-gateway\n" in capsys.readouterr().out
    )


def test_bytes_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same on both sides they are no difference; other ones, or on one side alone, are one that names the fault."""
    key = b"/registry/configmaps/shop/damaged"
    with open_source("demo") as demo:
        assert isinstance(demo, SnapshotSource)
        for name, value in (("a", b"k8s\0\xff"), ("b", b"k8s\0\xfe")):
            write_database(demo, [Put(key, value, 0)], tmp_path / f"{name}.db")
    one, other = str(tmp_path / "a.db"), str(tmp_path / "b.db")
    assert run(["diff", one, one, "configmaps", "-n", "shop"]) == 0
    assert run(["diff", one, other, "configmaps", "-n", "shop"]) == 5
    assert f"~ {key.decode()}  (other bytes: " in capsys.readouterr().out
    assert run(["diff", "demo", one, "configmaps", "-n", "shop"]) == 5


@pytest.mark.parametrize("name", ["x" * 300, "\u00e9" * 150])
def test_long_names_of_files(name: str) -> None:
    """They are cut to what file systems take, in bytes, and still differ."""
    one, other = (
        external_diff._file_name({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name + end}})
        for end in ("a", "b")
    )
    assert len(one.encode()) <= 255
    assert one != other
    assert one.startswith("v1.ConfigMap.." + name[:50])


@pytest.mark.parametrize("what", ["configmaps", "/registry/configmaps/", "/registry/"])
@pytest.mark.parametrize(("namespace", "told"), [("shop", ["a"]), ("stage", ["b"]), ("", ["a", "b"])])
def test_two_stores_in_one_namespace(what: str, namespace: str, told: list[str]) -> None:
    """What differs elsewhere is no difference of it."""
    places = {"a": "shop", "b": "stage"}
    old, new = (
        Side(Store(MemorySource({
            f"/registry/configmaps/{place}/{name}": {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": place},
                "data": {"side": side},
            }
            for name, place in places.items()
        }), Scheme(newest())))
        for side in ("old", "new")
    )  # fmt: skip
    found = diff._states(old, new, Criteria((what,), namespace), compared=compare)
    assert [one.key.rpartition("/")[2] for one in found] == told
