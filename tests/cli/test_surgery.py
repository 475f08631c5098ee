"""`kstore delete`, `restore` and `edit` on a real etcd: a copy first, compare-and-swap, nothing lost."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tools.cluster import Etcd

from kstore.catalog.releases import newest
from kstore.cli.main import run
from kstore.decode.envelope import read_envelope, write_envelope
from kstore.object_codec import ObjectCodec
from kstore.records import Delete, Put, Record
from kstore.scheme.scheme import Scheme
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

KEY = "/registry/configmaps/shop/settings"
BAD = "/registry/pods/shop/bad"
pytestmark = pytest.mark.etcd


def stored(value: str = "blue", *, unknown: bool = True) -> bytes:
    """A ConfigMap in protobuf with managedFields and a field (number 99) that no release knows."""
    obj = {
        "kind": "ConfigMap", "apiVersion": "v1",
        "metadata": {"name": "settings", "namespace": "shop", "uid": "u-1", "managedFields": [
            {"manager": "m", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
             "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:z": {}, "f:a": {}}}}]},
        "data": {"colour": value},
    }  # fmt: skip
    value_bytes = ObjectCodec(Scheme(newest())).encode(obj)
    envelope = read_envelope(value_bytes)
    return write_envelope("v1", "ConfigMap", bytes(envelope.body) + (b"\x9a\x06\x03abc" if unknown else b""))


@pytest.fixture
def store(etcd_server: Etcd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WritableSource:
    """A store with two keys, and an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KSTORE_STORE", etcd_server.endpoint)
    source = open_source(etcd_server.endpoint)
    assert isinstance(source, WritableSource)
    source.commit([Put(KEY.encode(), stored(), 0)])
    source.commit([Put(BAD.encode(), b"k8s\x00\xff\xff", 0)])
    return source


def at(source: WritableSource, key: str = KEY) -> Record | None:
    """What is under a key."""
    return source.get(key.encode())


def test_delete_keeps_a_copy(store: WritableSource, capsys: pytest.CaptureFixture[str]) -> None:
    """What no codec can read is deleted once somebody agreed, and can be put back byte for byte."""
    assert run(["delete", BAD]) == 4
    assert at(store, BAD) is not None
    assert run(["delete", BAD, "--dry-run"]) == 0
    assert BAD in capsys.readouterr().out
    assert run(["delete", BAD, "--yes", "--keep", "copy"]) == 0
    assert at(store, BAD) is None
    assert run(["restore", BAD, "--from", "copy", "--yes"]) == 0
    back = at(store, BAD)
    assert back is not None
    assert back.value == b"k8s\x00\xff\xff"


def test_a_copy_has_the_leases(store: WritableSource) -> None:
    """What is deleted is kept with its lease and that one's time to live, and has it again when it is put back."""
    event, lease = "/registry/events/shop/e", 4711
    store.grant_lease(lease, 3600)
    store.commit([Put(event.encode(), b"an event", 0, lease)])
    assert run(["delete", event, "--yes", "--keep", "copy"]) == 0
    with open_source("copy") as copy:
        assert copy.leases() == {lease: 3600}
    assert run(["restore", event, "--from", "copy", "--yes"]) == 0
    back = at(store, event)
    assert back is not None
    assert (back.value, back.lease) == (b"an event", lease)


def test_what_a_condition_cannot_read_is_told(store: WritableSource, capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is deleted, or put back, and the exit code says that some of what was meant may be left."""
    before = store.status().revision
    meant = ["configmaps", "pods", "-n", "shop", "--field-selector", "metadata.name=settings", "--yes"]
    assert run(["delete", *meant, "--keep", "copy"]) == 3
    assert (at(store) is None, at(store, BAD) is None) == (True, False)
    assert BAD in capsys.readouterr().err
    assert run(["restore", *meant, "--from-rev", str(before)]) == 3
    assert at(store) is not None
    assert BAD in capsys.readouterr().err


def test_delete_means_one_object(store: WritableSource) -> None:
    """Many are deleted with --all only; what is not there is an error."""
    assert run(["delete", "configmaps", "--yes"]) == 1
    assert run(["delete", "cm/shop/nobody", "--yes"]) == 1
    assert run(["delete", "configmaps", "-n", "other", "--all", "--yes"]) == 1
    assert at(store) is not None
    assert run(["delete", "/registry", "--all", "--yes"]) == 0
    assert list(store.scan()) == []


def test_a_file_is_never_written() -> None:
    """A snapshot is only read."""
    assert run(["--store", "demo", "delete", "deploy/shop/frontend", "--yes"]) == 4


def test_restore_from_history(store: WritableSource) -> None:
    """A deleted key comes back as it was last, with --from-rev as it was then."""
    first = at(store)
    assert first is not None
    second = store.commit([Put(KEY.encode(), stored("red"), first.mod_revision)]).revision
    store.commit([Delete(KEY.encode(), second)])
    assert run(["restore", "configmaps", "-n", "shop", "--from-history", "--yes"]) == 0
    back = at(store)
    assert back is not None
    assert back.value == stored("red")
    assert run(["restore", KEY, "--from-rev", str(first.mod_revision), "--yes"]) == 4, "something else is stored there"
    overwritten = ["--yes", "--overwrite", "--keep", "overwritten"]
    assert run(["restore", KEY, "--from-rev", str(first.mod_revision), *overwritten]) == 0
    back = at(store)
    assert back is not None
    assert back.value == stored()
    with open_source("overwritten") as copy:
        assert [(one.key.decode(), one.value) for one in copy.scan()] == [(KEY, stored("red"))]
    assert run(["restore", KEY, "--from-history"]) == 1, "it is not deleted any more"


def test_restore_below_another_prefix(etcd_server: Etcd, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An export's keys below another prefix go back there; never beside a cluster that is stored elsewhere."""
    key = KEY.replace("/registry", "/tenants/a").encode()
    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        source.commit([Put(key, stored(), 0), Put(key + b"-2", stored("red"), 0)])
        prefixed = ["--store", etcd_server.endpoint, "--etcd-prefix", "/tenants/a"]
        export = str(tmp_path / "export")
        assert run([*prefixed, "export", export]) == 0
        source.commit([Delete(key, 2)])
        assert run([*prefixed, "restore", "cm/shop/settings", "--from", export, "--yes"]) == 0
        back = source.get(key)
        assert back is not None
        assert back.value == stored()
        ours = str(tmp_path / "ours")
        assert run(["--store", "demo", "export", ours, "configmaps", "-n", "shop"]) == 0
        capsys.readouterr()
        assert run(["--store", etcd_server.endpoint, "restore", "cm", "--from", ours, "--yes"]) == 2
        told = capsys.readouterr().err
        assert "is below no prefix of this store's, which are /tenants/a/" in told
        assert "kstore move --to-prefix" in told
        assert source.count(b"/registry/") == 0


def test_restore_as_manifests(store: WritableSource, capsys: pytest.CaptureFixture[str]) -> None:
    """For kubectl: what only the server sets is left out."""
    found = at(store)
    assert found is not None
    assert run(["restore", KEY, "--from-rev", str(found.mod_revision), "-o", "yaml"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("---\n")
    assert "colour: blue" in text
    assert not any(word in text for word in ("uid", "managedFields", "resourceVersion"))


def test_edit_touches_nothing_else(store: WritableSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor changes one field: unknown fields, managedFields and lease stay byte for byte."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/blue/pink/ "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("KUBE_EDITOR", str(editor))
    assert run(["edit", KEY]) == 4, "nobody agreed"
    assert run(["edit", KEY, "--yes"]) == 0
    found = at(store)
    assert found is not None
    assert found.value == stored("pink")
    assert run(["restore", KEY, "--from", str(next(tmp_path.glob("kstore-edited-*"))), "--overwrite", "--yes"]) == 0
    found = at(store)
    assert found is not None
    assert found.value == stored()


def test_edit_from_a_file(store: WritableSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What would be under another's key is refused; odd changes are marked; no change writes nothing."""
    run(["get", KEY, "-o", "json"])
    obj = json.loads(capsys.readouterr().out)
    path = tmp_path / "changed.json"

    def edit(*more: str) -> int:
        path.write_text(json.dumps(obj))
        return run(["edit", KEY, "-f", str(path), *more])

    assert edit("--yes") == 0
    assert "no change" in capsys.readouterr().err
    obj["metadata"]["uid"] = "u-2"
    assert edit("--dry-run") == 0
    assert "(set by the server)" in capsys.readouterr().out
    obj["metadata"]["name"] = "other"
    assert edit("--yes") == 4
    assert run(["edit", BAD, "-f", str(path)]) == 3


@pytest.fixture
def typing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets an editor: Python that changes `text`. What it leaves is in a directory of its own."""
    (tmp_path / "drafts").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "drafts"))

    def sets(code: str) -> None:
        editor = tmp_path / "editor"
        editor.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\n"
            f"text = path.read_text()\n{code}\npath.write_text(text)\n"
        )
        editor.chmod(0o755)
        monkeypatch.setenv("KUBE_EDITOR", str(editor))

    return sets


def drafts(tmp_path: Path) -> list[Path]:
    """What editors have left."""
    return sorted((tmp_path / "drafts").iterdir())


def again(said: str) -> list[str]:
    """The command that is suggested, as a shell reads it."""
    found = re.search(r"saved in (\S+); `(.+)` goes on", said)
    assert found is not None
    words = shlex.split(found[2])
    assert (words[0], words[-1]) == ("kstore", found[1])
    return words[1:]


_OTHERS = f"""
from kstore.source.location.address import open_source
from kstore.records import Put
import os
source = open_source(os.environ["KSTORE_STORE"])
record = source.get({KEY.encode()!r})
source.commit([Put(record.key, record.value.replace(b"blue", b"grey"), record.mod_revision)])
source.close()
text = text.replace("blue", "pink")
"""


@pytest.mark.large
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('text = text.replace("colour: blue", "colour: [pink")', 3),
        ('text = "just a word"', 2),
        ('text = text.replace("name: settings", "name: other")', 4),
        ('text = text.replace("blue", "pink").replace("data:", "data: 5\\nother:")', 3),
        (_OTHERS, 4),
    ],
)
def test_what_was_typed_is_kept(
    store: WritableSource, tmp_path: Path, typing: Callable[[str], None], capsys: pytest.CaptureFixture[str],
    code: str, expected: int,
) -> None:  # fmt: skip
    """Invalid YAML, no object, another's key, what no type holds, a conflict: the text is in a file, which goes on."""
    typing(code)
    assert run(["edit", KEY, "--yes"]) == expected
    words = again(capsys.readouterr().err)
    (draft,) = drafts(tmp_path)
    assert draft.stat().st_mode & 0o777 == 0o600
    assert words == ["edit", KEY, "-f", str(draft)]
    found = at(store)
    assert found is not None
    assert b"pink" not in found.value
    if code == _OTHERS:
        assert "colour: pink" in draft.read_text()
        assert run([*words, "--yes"]) == 0
        found = at(store)
        assert found is not None
        assert b"pink" in found.value


@pytest.mark.large
def test_a_draft_that_is_not_needed(
    store: WritableSource, tmp_path: Path, typing: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left of what was written, or not changed; of a dry run, and what nobody agreed to, it is."""
    for code, arguments, expected, left in (
        ("pass", [], 0, 0),
        ('text = ""', [], 0, 0),
        ('text = "# a word\\n" + text', ["--yes"], 0, 0),
        ('text = text.replace("blue", "pink")', ["--dry-run"], 0, 1),
        ('text = text.replace("blue", "pink")', [], 4, 2),
        ('text = text.replace("blue", "pink"); path.write_text(text); sys.exit(1)', ["--yes"], 1, 3),
        ('text = text.replace("blue", "pink")', ["--yes"], 0, 3),
    ):
        typing(code)
        assert run(["edit", KEY, *arguments]) == expected
        assert len(drafts(tmp_path)) == left
        assert ("what you typed" in capsys.readouterr().err) == (left > 0 and expected + ("--dry-run" in arguments) > 0)


@pytest.mark.timeout(30)
def test_edit_from_what_is_no_file(store: WritableSource, tmp_path: Path) -> None:
    """A named pipe, a device without an end: refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert run(["edit", KEY, "-f", str(path), "--yes"]) == 2
