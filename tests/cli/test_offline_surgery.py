"""
`kstore delete`, `edit` and `restore` on a store that is a file: a new database, which etcd restores and serves.
"""

from __future__ import annotations

import gzip
import json
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore, Ran
from tests.source.conftest import connect, newest_release, serve
from tests.source.etcd_releases import EtcdRelease
from tests.source.sqlite.test_source import write as write_state
from tools.cluster import Etcd, find_etcd

from kstore.migrate.journal import Journal
from kstore.records import Put, Record
from kstore.source.etcd.live import LiveSource
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked

__all__ = ["connect", "newest_release", "serve"]

SETTINGS, FRONTEND = b"/registry/configmaps/shop/settings", b"/registry/deployments/shop/frontend"
BROKEN = b"/registry/pods/shop/broken"
CONFIGURATION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aesgcm: {keys: [{name: key1, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}
  - identity: {}
"""


@pytest.fixture
def backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the demo snapshot in the working directory, which nothing may touch."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "backup.db"
    shutil.copy(unpacked(), path)
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before


def records(store: Path | str) -> dict[bytes, Record]:
    """All keys of a store."""
    with open_source(str(store)) as source:
        return {one.key: one for one in source.scan()}


def values(store: Path | str) -> dict[bytes, bytes]:
    """What is under each key."""
    return {key: one.value for key, one in records(store).items()}


def fine(ran: Ran) -> Ran:
    """A command that ended well."""
    assert ran.code == 0, ran.err
    return ran


def as_directory(backup: Path) -> Path:
    """The same store as a data directory, its database without a checksum."""
    folder = backup.parent / "node" / "member" / "snap"
    folder.mkdir(parents=True)
    (folder / "db").write_bytes(backup.read_bytes()[:-32])
    return backup.parent / "node"


def as_gzip(backup: Path) -> Path:
    """The same store, compressed."""
    path = backup.with_suffix(".db.gz")
    path.write_bytes(gzip.compress(backup.read_bytes()))
    return path


def as_member(backup: Path) -> str:
    """The same store as one of two in an archive."""
    with tarfile.open(backup.parent / "week.tar.gz", "w:gz") as archive:
        for name in ("monday.db", "tuesday.db"):
            archive.add(backup, name)
    return "week.tar.gz!monday.db"


@pytest.mark.large
@pytest.mark.etcd
@pytest.mark.parametrize("form", [Path, as_directory, as_gzip, as_member])
def test_a_cluster_without_a_broken_object(
    kstore: Kstore, backup: Path, form: Callable[[Path], Path | str], newest_release: EtcdRelease,
    serve: Callable[..., Etcd], connect: Callable[..., LiveSource],
) -> None:  # fmt: skip
    """What every form of a file becomes is restored and served by a real etcd, and lacks the deleted keys alone."""
    store = str(form(backup))
    before = records(store)
    removed = {SETTINGS, FRONTEND}
    ran = fine(
        kstore("--store", store, "delete", *map(bytes.decode, removed), "--yes", "--keep", "k", "--output", "new.db")
    )
    assert all(f"{key.decode()} deleted" in ran.text for key in removed)
    expected = {key: one for key, one in before.items() if key not in removed}
    flags = ["--skip-hash-check"] if form is as_directory else []
    data = newest_release.restore(backup.parent / "new.db", backup.parent / "restored", *flags)
    with connect(serve(newest_release, data).endpoint) as live:
        assert {one.key: one for one in live.scan()} == expected
    assert records("k").keys() == removed
    assert "2 objects read again, 262 others compared" in fine(kstore("migrate", "verify", "new.db")).text


def test_verify_finds_another_output(kstore: Kstore, backup: Path) -> None:
    """The journal tells the planned database from others: one with a key more, one with a key less."""
    for what, output in ((SETTINGS, "a.db"), (FRONTEND, "b.db")):
        fine(kstore("--store", "backup.db", "delete", what.decode(), "--yes", "--output", output))
    shutil.copy("b.db", "a.db")
    ran = kstore("migrate", "verify", "a.db", "-o", "json")
    assert ran.code == 5
    assert {(one["key"], one["code"]) for one in ran.json["objects_found"]} == {
        (SETTINGS.decode(), "not-written"), (FRONTEND.decode(), "touched"),
    }  # fmt: skip
    assert "encryption" not in fine(kstore("migrate", "status", "b.db")).text


def test_an_object_is_edited(kstore: Kstore, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an editor or from a file, once or again on what the first time made; nothing else changes."""
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/replicas: 3/replicas: 7/'")
    edit = ("edit", "deployments/shop/frontend")
    assert "replicas: 3 → 7" in fine(kstore("--store", "backup.db", *edit, "--dry-run")).text
    assert not Path("once.db").exists()
    fine(kstore("--store", "backup.db", *edit, "--yes", "--output", "once.db"))
    Path("typed.json").write_bytes(
        fine(kstore("--store", "once.db", "get", edit[1], "-o", "json")).out.replace(b'"replicas": 7', b'"replicas": 9')
    )
    fine(kstore("--store", "once.db", *edit, "-f", "typed.json", "--yes", "--output", "twice.db"))
    found = fine(kstore("--store", "twice.db", "get", edit[1], "-o", "json")).json
    assert found["spec"]["replicas"] == 9
    old, new = records(backup), records("twice.db")
    assert {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)} == {FRONTEND}
    assert new[FRONTEND].version == old[FRONTEND].version + 2
    for output in ("once.db", "twice.db"):
        fine(kstore("migrate", "verify", output))


def test_a_refused_edit_says_how_to_go_on(kstore: Kstore, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed is kept, and the command that takes it up again names the output."""
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/^kind: .*/kind: [/'")
    ran = kstore("--store", "backup.db", "edit", "deployments/shop/frontend", "--yes", "--output", "my new.db")
    assert ran.code != 0
    assert "--output 'my new.db'" in ran.err
    assert not list(backup.parent.glob("*new.db*"))


def test_an_encrypted_object_is_edited(kstore: Kstore, backup: Path) -> None:
    """What was encrypted for its key is encrypted again for it."""
    Path("enc.yaml").write_text(CONFIGURATION)
    keys = ("--encryption-provider-config", "enc.yaml")
    fine(kstore("--store", "backup.db", "encrypt", *keys, "--yes", "--output", "enc.db"))
    key = min(key for key in values("enc.db") if key.startswith(b"/registry/secrets/"))
    get = ("get", key.decode(), "-o", "json", "--show-secrets", *keys)
    obj = fine(kstore("--store", "enc.db", *get)).json
    obj["data"] = {"new": "bmV3"}
    Path("typed.json").write_text(json.dumps(obj))
    ran = kstore("--store", "enc.db", "edit", key.decode(), "-f", "typed.json", *keys, "--yes", "--output", "new.db")
    assert "bmV3" not in fine(ran).text
    assert values("new.db")[key].startswith(b"k8s:enc:aesgcm:v1:key1:")
    assert fine(kstore("--store", "new.db", *get)).json["data"] == {"new": "bmV3"}
    fine(kstore("migrate", "verify", "new.db", *keys))


def test_objects_are_put_back(kstore: Kstore, backup: Path) -> None:
    """From another snapshot, a saved copy, or the file's own history: the bytes that were there."""
    fine(kstore("--store", "backup.db", "delete", "/registry/configmaps/shop", "--all", "--yes", "--keep", "k",
                "--output", "less.db"))  # fmt: skip
    for number, origin in enumerate((("--from", "backup.db"), ("--from", "k"), ("--from-rev", "315"))):
        output = f"back{number}.db"
        command = ("--store", "less.db", "restore", "configmaps", "-n", "shop", *origin)
        assert "to be put back" in fine(kstore(*command, "--dry-run")).text
        fine(kstore(*command, "--yes", "--output", output))
        assert values(output) == values(backup)
        fine(kstore("migrate", "verify", output))
    fine(kstore("--store", "less.db", "restore", SETTINGS.decode(), "--from-history", "--yes", "--output", "own.db"))
    assert values("own.db")[SETTINGS] == values(backup)[SETTINGS]
    ran = fine(kstore("--store", "backup.db", "restore", "/", "--from", "less.db", "--yes", "--output", "same.db"))
    assert "nothing to write" in ran.err
    assert not Path("same.db").exists()


@pytest.mark.large
def test_what_lies_there_is_overwritten_on_request(kstore: Kstore, backup: Path) -> None:
    """A key that holds something else is a conflict; with --overwrite it is saved, and put back."""
    fine(kstore("--store", "backup.db", "migrate", "deployments", "--to", "apps/v1", "--yes", "--output", "new.db"))
    changed = {key for key, value in values("new.db").items() if values(backup)[key] != value}
    assert changed
    command = ("--store", "new.db", "restore", "deployments", "-A", "--from", "backup.db", "--yes", "--output", "o.db")
    assert kstore(*command).code == 4
    assert not Path("o.db").exists()
    fine(kstore(*command, "--overwrite", "--keep", "k"))
    assert values("o.db") == values(backup)
    assert records("k").keys() == changed


@pytest.mark.parametrize("command", [("delete",), ("edit",), ("restore", "--from-rev", "300", "--overwrite")])
def test_a_file_is_not_modified_in_place(
    kstore: Kstore, backup: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a new name nothing is written, and the error says what to pass; nor over what is there already."""
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/name: settings/&\\n  labels: {a: b}/'")
    verb, *options = command
    for store, kind in ((str(backup), "snapshot"), (str(as_directory(backup)), "database")):
        ran = kstore("--store", store, verb, SETTINGS.decode(), *options, "--yes")
        if verb == "restore" and ran.code == 0:
            continue  # it was there in the same bytes: nothing to write
        assert ran.code == 4
        assert f"a {kind} is not modified in place" in ran.err
        assert "pass --output NEW.db" in ran.err
    if verb != "restore":
        assert kstore("--store", "backup.db", verb, SETTINGS.decode(), "--yes", "--output", "backup.db").code == 4
        assert kstore("--store", "backup.db", verb, SETTINGS.decode(), "--yes", "--output", "no/new.db").code == 1


def test_what_cannot_be_copied(kstore: Kstore, backup: Path) -> None:
    """An export and kine's SQLite hold no database of etcd's; an old revision is not changed; nothing is left."""
    fine(kstore("--store", "backup.db", "export", "saved"))
    write_state(Path("state.db"))
    there = {path.name for path in backup.parent.iterdir()}
    (key, *_) = records("state.db")
    for store, what in (("saved", SETTINGS), ("state.db", key)):
        ran = kstore("--store", store, "delete", what.decode(), "--yes", "--output", "new.db")
        assert ran.code == 4
        assert "no etcd database" in ran.err
    rev = ("--rev", "300", "--output", "new.db", "--yes")
    assert kstore("--store", "backup.db", "delete", SETTINGS.decode(), *rev).code == 2
    ran = kstore("--store", "backup.db", "restore", "/", "--from", "saved", "--output", "yaml")
    assert ran.code == 2
    assert "-o yaml" in ran.err
    assert {path.name for path in backup.parent.iterdir()} == there


@pytest.mark.etcd
def test_a_running_store_is_not_written_to_a_file(kstore: Kstore, etcd_server: Etcd, backup: Path) -> None:
    """There --output is a mistake, and nothing is deleted."""
    with open_source(etcd_server.endpoint) as live:
        assert isinstance(live, LiveSource)
        live.commit([Put(BROKEN, b"rubbish", 0)])
    ran = kstore("--store", etcd_server.endpoint, "delete", BROKEN.decode(), "--yes", "--output", "new.db")
    assert ran.code == 2
    assert BROKEN in records(etcd_server.endpoint)
    assert not Path("new.db").exists()


@pytest.mark.etcd
def test_what_check_advises_on_a_file(
    kstore: Kstore, newest_release: EtcdRelease, etcd_server: Etcd, backup: Path
) -> None:
    """The advised deletion is one that a file can have, and what was found is not found in what it writes."""
    with open_source(etcd_server.endpoint) as live:
        assert isinstance(live, LiveSource)
        live.commit([Put(BROKEN, b"k8s\0\xff\xff", 0), Put(b"/registry/secrets/shop/it's $x", b"k8s\0\xfe", 0)])
    newest_release.save(etcd_server.endpoint, Path("saved.db").absolute())
    store = "saved.db"
    for _ in range(2):
        ran = kstore("--store", store, "check", "--only", "undecodable", "-o", "json")
        finding, *_ = ran.json["findings"]
        _, dry, delete = (shlex.split(one) for one in finding["command"].split("; "))
        assert "--output" not in dry
        output = delete[delete.index("--output") + 1]
        fine(kstore("--store", store, *dry[1:]))
        fine(kstore("--store", store, *delete[1:], "--yes"))
        store = output
    assert kstore("--store", store, "check", "--only", "undecodable").code == 0
    assert "--output" not in kstore("--store", etcd_server.endpoint, "check", "--only", "undecodable").text


def test_the_journal_names_what_was_done(kstore: Kstore, backup: Path) -> None:
    """Which keys, of which kind, and what they held."""
    fine(kstore("--store", "backup.db", "delete", SETTINGS.decode(), "--yes", "--output", "new.db"))
    journal = Journal(Path("new.db.journal"))
    (batch,) = journal.batches()
    (entry,) = batch.entries
    assert (entry.key, entry.kind, entry.stored, entry.target, entry.deletes) == (SETTINGS, "ConfigMap", "v1", "", True)
    assert entry.before == values(backup)[SETTINGS]


@pytest.mark.etcd
@pytest.mark.parametrize(
    "words",
    [
        ("delete", SETTINGS.decode(), "--yes"),
        ("migrate", "deployments", "--to", "apps/v1", "--yes"),
        ("move", "--to-prefix", "/moved", "--yes"),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("saved", [True, False])
def test_a_copy_without_checksum(kstore: Kstore, backup: Path, words: tuple[str, ...], saved: bool) -> None:
    """A database of a data directory has none, and so its copy: the command that restores it is said, and does."""
    store = backup if saved else as_directory(backup)
    ran = kstore("--store", str(store), *words, "--output", "new file.db")
    assert ran.code in (0, 3), ran.err
    commands = [text for text in ran.err.split("`") if text.startswith("etcdutl ")]
    assert len(commands) == (0 if saved else 1)
    told = shlex.split(commands[0])[1:] if commands else ["snapshot", "restore", "new file.db"]
    subprocess.run([str(find_etcd("etcdutl")), *told, "--data-dir", "restored"], check=True, capture_output=True)
    assert values("restored") == values("new file.db")


@pytest.mark.parametrize(("name", "code"), [("new.db", 4), ("new.db.journal", 1)])
def test_what_would_be_in_the_way(kstore: Kstore, backup: Path, name: str, code: int) -> None:
    """A file of the output's name, or of its journal's, is somebody's: nothing is written, nor a copy saved."""
    Path(name).write_text("mine")
    before = sorted(path.name for path in Path().iterdir())
    ran = kstore("--store", "backup.db", "delete", SETTINGS.decode(), "--yes", "--output", "new.db")
    assert (ran.code, "name another output" in ran.err, "--journal" in ran.err) == (code, True, False)
    assert Path(name).read_text() == "mine"
    assert sorted(path.name for path in Path().iterdir()) == before


def test_the_revision_of_each_key_is_said(kstore: Kstore, backup: Path) -> None:
    """In the order of the keys, from the one behind the store's newest on, whatever their order on the command line."""
    with open_source("backup.db") as source:
        newest = source.status().revision
    names = [FRONTEND.decode(), SETTINGS.decode()]
    ran = fine(kstore("--store", "backup.db", "delete", *names, "--yes", "--output", "new.db"))
    said = [line for line in ran.out.decode().splitlines() if "deleted" in line]
    assert said == [f"{name} deleted (revision {newest + at})" for at, name in enumerate(sorted(names), 1)]
    with open_source("new.db") as source:
        assert source.status().revision == newest + 2
        gone = {one.record.key.decode(): one.record.mod_revision for one in source.history_scan() if one.deleted}
    assert {name: gone[name] for name in names} == {name: newest + at for at, name in enumerate(sorted(names), 1)}
    header = Journal(Path("new.db.journal")).header
    assert (header["prefix"], header["revision"]) == ("/registry", newest)


def test_what_is_not_there(kstore: Kstore, backup: Path) -> None:
    """One name that means nothing stops the whole: nothing is written, and nothing saved."""
    before = sorted(path.name for path in Path().iterdir())
    for more in ((), (SETTINGS.decode(),)):
        ran = kstore("--store", "backup.db", "delete", "/registry/none", *more, "--yes", "--output", "new.db", "--all")
        assert ran.code == 1
        assert "nothing is stored at /registry/none" in ran.err
    assert sorted(path.name for path in Path().iterdir()) == before
