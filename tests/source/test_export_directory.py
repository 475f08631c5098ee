"""An export as a store: the same records back, nothing half-written, nothing changed unnoticed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kstore.errors import Compacted, DamagedStore, FutureRevision, NotADatabase, SourceError, WriteRefused
from kstore.records import Record
from kstore.sorted_keys import SortedKeys
from kstore.source.export_directory import INDEX, DirectorySource, DirectoryWriter, file_name
from kstore.source.interface import StoreStatus
from kstore.source.location.address import open_source
from kstore.source.location.demo import open_demo

STATUS = StoreStatus("https://etcd:2379", "etcd", 90, server_version="3.6.0")
RECORDS = [
    Record(key, b"value of " + key, 3, 10 + number, 1, number)
    for number, key in enumerate(
        sorted(
            [
                b"/registry/pods/default/web",
                b"/registry/pods/default/web/exec",
                b"/registry/pods/default/web.stored/x",
                b"/registry/pods/default/web.yaml",
                b"/registry/clusterroles/system:node",
                b"/registry//twice",
                b"/registry/",
                b"/registry/./..",
                b"/registry/../../up",
                b"../up",
                b"/",
                b"/\xff\xfe not text",
                b"/" + b"long" * 100,
                b"/" + b"long" * 100 + b"er",
                "/registry/configmaps/münchen/größe".encode(),
                b"compact_rev_key",
                b"a/b",
                b"/a/b",
            ]
        )
    )
]


def export(path: Path, records: list[Record] = RECORDS, text: str = "") -> Path:
    """Write records to a directory."""
    with DirectoryWriter(path, STATUS, {7: 60, 1 << 62: 3600}) as writer:
        for record in records:
            writer.add(record, text=text, about={"kind": "Pod"})
    return path


def test_what_was_exported_comes_back(tmp_path: Path) -> None:
    """Every record with its revisions and lease, whatever its key; the store's revision, leases and version."""
    with DirectorySource(export(tmp_path / "export")) as source:
        assert list(source.scan()) == RECORDS
        assert [source.get(record.key) for record in RECORDS] == RECORDS
        assert source.get(b"/none") is None
        assert list(source.keys()) == [record.key for record in RECORDS]
        assert source.count() == len(RECORDS)
        assert source.leases() == {7: 60, 1 << 62: 3600}
        assert (source.status().revision, source.status().server_version) == (90, "3.6.0")
        assert source.status().kind == "directory"


@pytest.mark.parametrize("lease", [1, -1, (1 << 63) - 1, -(1 << 63) + 1])
def test_a_lease_that_a_client_has_named(tmp_path: Path, lease: int) -> None:
    """An id is any int64 but 0, whoever grants it may choose."""
    record = Record(b"/registry/events/default/a", b"event", 3, 4, 2, lease)
    with DirectoryWriter(tmp_path / "export", STATUS, {lease: 60}) as writer:
        writer.add(record)
    with DirectorySource(tmp_path / "export") as source:
        assert (list(source.scan()), source.leases()) == ([record], {lease: 60})


def test_scans_begin_and_end_where_told(tmp_path: Path) -> None:
    """A prefix and a start select as they do in every store."""
    with DirectorySource(export(tmp_path / "export")) as source:
        pods = [record for record in RECORDS if record.key.startswith(b"/registry/pods/")]
        assert list(source.scan(b"/registry/pods/")) == pods
        assert list(source.scan(b"/registry/pods/", start=pods[1].key)) == pods[1:]
        assert source.count(b"/registry/pods/") == len(pods)


def test_more_keys_than_are_sorted_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the same, whatever order the index has them in."""
    path = export(tmp_path / "export")
    lines = (path / INDEX).read_bytes().splitlines(keepends=True)
    (path / INDEX).write_bytes(b"".join(reversed(lines)))
    monkeypatch.setattr(SortedKeys.__init__, "__defaults__", (3,))
    with DirectorySource(path, salvage=True) as source:
        assert list(source.scan()) == RECORDS
        assert list(source.keys()) == [record.key for record in RECORDS]
        assert source.status().size == sum(len(record.value) for record in RECORDS)


def test_the_index_changes_meanwhile(tmp_path: Path) -> None:
    """A row that is not as it was read at first is damage."""
    path = export(tmp_path / "export")
    index = (path / INDEX).read_bytes()
    for salvage in (False, True):
        (path / INDEX).write_bytes(index)
        with DirectorySource(path, salvage=salvage) as source:
            (path / INDEX).write_bytes(index.replace(b'"version": 1', b'"version": 2', 1))
            if not salvage:
                with pytest.raises(DamagedStore, match="has changed since it was read"):
                    list(source.scan())
                continue
            assert list(source.scan()) == RECORDS[1:]
            assert len(source.damage) == 1


def test_the_demo_store_as_a_directory(tmp_path: Path) -> None:
    """A whole store, exported and opened by its path, is the store."""
    with open_demo() as demo:
        with DirectoryWriter(tmp_path / "export", demo.status(), demo.leases()) as writer:
            for record in demo.scan():
                writer.add(record)
        with open_source(str(tmp_path / "export")) as source:
            assert list(source.scan()) == list(demo.scan())
            assert source.leases() == demo.leases()


def test_one_revision(tmp_path: Path) -> None:
    """An export holds one revision: others are compacted, or yet to come."""
    with DirectorySource(export(tmp_path / "export")) as source:
        assert list(source.scan(revision=90)) == RECORDS
        with pytest.raises(Compacted):
            list(source.scan(revision=89))
        with pytest.raises(FutureRevision):
            source.get(b"/", revision=91)


def test_text_lies_beside(tmp_path: Path) -> None:
    """The readable text is beside the stored bytes, and the index says where; all is the owner's alone."""
    path = export(tmp_path / "export", [Record(b"/registry/pods/default/web", b"k8s\0", 1, 1, 1)], "kind: Pod\n")
    assert (path / "objects/registry/pods/default/web.stored").read_bytes() == b"k8s\0"
    assert (path / "objects/registry/pods/default/web.yaml").read_text() == "kind: Pod\n"
    row = json.loads((path / "index.jsonl").read_text())
    assert (row["yaml"], row["kind"]) == ("objects/registry/pods/default/web.yaml", "Pod")
    for found in [path, *(each for each in path.rglob("*") if each.is_file())]:
        assert found.stat().st_mode & 0o77 == 0, found


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """A directory with something in it is left alone; an empty one is taken."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    with pytest.raises(WriteRefused):
        export(tmp_path / "full")
    (tmp_path / "empty").mkdir()
    export(tmp_path / "empty")
    with pytest.raises(SourceError):
        export(tmp_path / "none" / "export")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["empty", "full"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """When reading fails half way, there is no export, and no remains of one."""

    def broken() -> None:
        with DirectoryWriter(tmp_path / "export", STATUS, {}) as writer:
            writer.add(RECORDS[0])
            raise KeyError("half way")

    with pytest.raises(KeyError):
        broken()
    assert list(tmp_path.iterdir()) == []


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file's content."""
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("error", [None, KeyError("half way")])
def test_a_full_disk_leaves_nothing(error: Exception | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the index still holds no longer fits, at the end or when the rest is cleared away."""
    create = DirectoryWriter._create

    def full(writer: DirectoryWriter, name: str) -> BinaryIO:
        return Path("/dev/full").open("wb") if name == INDEX else create(writer, name)

    def export_it() -> None:
        with DirectoryWriter(tmp_path / "export", STATUS, {}) as writer:
            writer.add(RECORDS[0])
            if error:
                raise error

    monkeypatch.setattr(DirectoryWriter, "_create", full)
    with pytest.raises(type(error) if error else SourceError):
        export_it()
    assert list(tmp_path.iterdir()) == []


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    """Stored bytes that are not those that were exported are an error; salvage leaves them out and says so."""
    path = export(tmp_path / "export")
    rewrite(path / "objects/registry/pods/default/web.stored", lambda data: data + b"!")
    (path / "objects/registry/clusterroles/system:node.stored").unlink()
    with DirectorySource(path) as source, pytest.raises(DamagedStore) as caught:
        list(source.scan())
    assert "system:node.stored" in caught.value.where
    with DirectorySource(path, salvage=True) as source:
        left = [each.key for each in source.scan()]
        assert len(left) == len(RECORDS) - 2
        assert b"/registry/pods/default/web" not in left
        assert len(source.damage) == 2


def test_a_changed_index_is_noticed(tmp_path: Path) -> None:
    """An index that is not as it was written is an error; salvage reads the lines that can be read."""
    path = export(tmp_path / "export")
    rewrite(path / "index.jsonl", lambda data: data + b"{}\nnot json\n")
    with pytest.raises(DamagedStore, match="index"):
        DirectorySource(path)
    with DirectorySource(path, salvage=True) as source:
        assert list(source.scan()) == RECORDS
        assert len(source.damage) == 3


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "objects/../../secret"])
def test_an_index_cannot_lead_outside(tmp_path: Path, name: str) -> None:
    """A file outside the export is never read."""
    path = export(tmp_path / "export", RECORDS[:1])
    row = json.loads((path / "index.jsonl").read_text()) | {"file": name}
    (path / "index.jsonl").write_text(json.dumps(row))
    with DirectorySource(path, salvage=True) as source:
        assert list(source.scan()) == []
        assert any("outside" in each.message for each in source.damage)


def test_what_is_no_export(tmp_path: Path) -> None:
    """Other directories, formats and versions are named for what they are."""
    with pytest.raises(NotADatabase, match="contains no store of etcd, and is no export"):
        open_source(str(tmp_path))
    for header, kind in (
        ("{}", NotADatabase),
        ("[]", NotADatabase),
        ("nonsense", DamagedStore),
        ('{"format": "kstore-export", "format_version": 2}', NotADatabase),
        ('{"format": "kstore-export", "format_version": 1}', DamagedStore),
        ('{"format": "kstore-export", "format_version": 1, "revision": 3}', DamagedStore),
    ):
        (tmp_path / "export.json").write_text(header)
        with pytest.raises(kind):
            DirectorySource(tmp_path)


@given(st.binary())
@example(b"/a/../../b")
@example(b"..")
@example(b"./a")
def test_names_are_paths_inside(key: bytes) -> None:
    """Whatever the key, its file's name is a relative path without dots, control characters or over-long parts."""
    parts = file_name(key).split("/")
    assert parts[0] in ("objects", "other")
    for part in parts:
        assert part not in ("", ".", "..")
        assert part.isprintable()
        assert len(part) <= 201


_ROW = {
    "key": "/registry/pods/a", "file": "objects/a.stored", "create_revision": 1, "mod_revision": 2, "version": 1,
    "lease": 0, "size": 4, "sha256": hashlib.sha256(b"four").hexdigest(),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"file": "objects/a\0.stored"}, "`file` holds a NUL"),
        ({"file": 5}, "`file` is int"),
        ({"key": ["/registry"]}, "`key` is list"),
        ({"key": ""}, "`key` is empty"),
        ({"key": "\ud800"}, "surrogates"),
        ({"key_b64": "%%%"}, "base64"),
        ({"size": 1e400}, "`size` is float"),
        ({"size": -1}, "`size` is no number"),
        ({"mod_revision": 1 << 70}, "`mod_revision` is no number"),
        ({"lease": None}, "`lease` is NoneType"),
        ({"version": True}, "`version` is no number"),
        ({"sha256": {}}, "`sha256` is dict"),
    ],
)
def test_a_row_of_another_shape(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    """A line of the index that is JSON but no row is an error that names file, line and member."""
    path = export(tmp_path / "export", RECORDS[:1])
    (path / "index.jsonl").write_text(json.dumps(_ROW | change) + "\n")
    with pytest.raises(DamagedStore, match=rf"line 1 of the index cannot be read: .*{reason}") as caught:
        DirectorySource(path)
    assert caught.value.where == str(path / "index.jsonl")
    with DirectorySource(path, salvage=True) as source:
        assert list(source.scan()) == []


def test_a_row_without_a_member(tmp_path: Path) -> None:
    """So is one that lacks what every line has, one that is no object, and one nested without an end."""
    path = export(tmp_path / "export", RECORDS[:1])
    for name in _ROW:
        row = {key: value for key, value in _ROW.items() if key != name}
        (path / "index.jsonl").write_text(json.dumps(row) + "\n")
        with pytest.raises(DamagedStore, match=f"it has no `{name}`"):
            DirectorySource(path)
    for text, reason in (("[]", "not an object"), ("[" * 100_000, "not JSON"), ("{", "not JSON")):
        (path / "index.jsonl").write_text(text)
        with pytest.raises(DamagedStore, match=reason):
            DirectorySource(path)


def test_lines_that_are_missing(tmp_path: Path) -> None:
    """An index that was cut between two lines is noticed, with its checksum made right again too."""
    path = export(tmp_path / "export")
    kept = (path / "index.jsonl").read_bytes().splitlines(keepends=True)[:-2]
    rewrite(path / "index.jsonl", lambda _: b"".join(kept))
    digest = hashlib.sha256(b"".join(kept)).hexdigest()
    rewrite(path / "export.json", lambda data: json.dumps(json.loads(data) | {"index_sha256": digest}).encode())
    with pytest.raises(DamagedStore, match=f"names {len(kept)} objects, {len(RECORDS)} were exported"):
        DirectorySource(path)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("member", ["export.json", "index.jsonl", "objects/registry/pods/default/web.stored"])
def test_a_member_that_is_no_file(tmp_path: Path, member: str) -> None:
    """A named pipe, a device, a directory, a hole of 60 GB where a file of an export belongs: named, and not read."""
    path = export(tmp_path / "export")
    place = path / member
    content = place.read_bytes()

    def hole() -> None:
        place.write_bytes(content)
        os.truncate(place, 60 << 30)

    for make in (lambda: os.mkfifo(place), lambda: place.symlink_to("/dev/zero"), place.mkdir, hole):
        place.unlink()
        make()
        with pytest.raises(DamagedStore) as caught, DirectorySource(path) as source:
            list(source.scan())
        assert member in caught.value.where
        if place.is_dir():
            place.rmdir()
            place.touch()


_KILLED = """
import os, signal, sys
from pathlib import Path
from kstore.records import Record
from kstore.source.export_directory import DirectoryWriter
from kstore.source.interface import StoreStatus
with DirectoryWriter(Path(sys.argv[1]), StoreStatus("x", "y", 1), {}) as writer:
    writer.add(Record(b"/registry/a/b", b"secret", 1, 1, 1))
    writer.add(Record(b"beside", b"secret", 1, 1, 1))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_export_is_cleared_by_the_next(tmp_path: Path) -> None:
    """What it left holds secrets, and is locked by nobody: the next export to the same directory takes its place."""
    path = tmp_path / "export"
    assert subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name == ".export.unfinished"
    with DirectoryWriter(path, StoreStatus("x", "y", 1), {}) as writer:
        with pytest.raises(WriteRefused, match="another process"):
            DirectoryWriter(path, StoreStatus("x", "y", 1), {})
        writer.add(Record(b"/registry/c", b"c", 1, 1, 1))
    assert list(tmp_path.iterdir()) == [path]
    assert [record.key for record in DirectorySource(path).scan()] == [b"/registry/c"]


@pytest.mark.parametrize("ending", [".stored", ".yaml"])
def test_a_folder_that_is_called_as_a_file(tmp_path: Path, ending: str) -> None:
    """A key with a file's ending may have others below it, beside the key whose file has that very name."""
    keys = [b"/registry/configmaps/a", b"/registry/configmaps/a" + ending.encode() + b"/below"]
    records = [Record(key, b"v", 3, 3, 1) for key in keys]
    path = export(tmp_path / "export", records, text="kind: ConfigMap")
    with DirectorySource(path) as source:
        assert list(source.scan()) == records
    assert (path / "objects/registry/configmaps" / f"a{ending}").is_file()
    assert (path / "objects/registry/configmaps" / f"a{ending}~").is_dir()


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_an_export_of_another_format(tmp_path: Path, version: object) -> None:
    """Older or newer than what is known, or of none: it is not read as if it were of this one."""
    header = export(tmp_path / "export") / "export.json"
    members = json.loads(header.read_text())
    header.write_text(json.dumps({**members, "format_version": version}))
    with pytest.raises(NotADatabase, match=f"an export of format {version}; known is 1"):
        DirectorySource(tmp_path / "export")
