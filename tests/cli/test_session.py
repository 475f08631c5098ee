"""What options say of the store reaches it: salvage of damaged files, a data directory's log."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.source.etcd_releases import EtcdRelease, installed
from tools.cluster import Etcd

from kstore.cli.main import run
from kstore.cli.session import Session
from kstore.cli.settings import Settings
from kstore.errors import UsageError
from kstore.source.location.demo import open_demo, unpacked
from kstore.source.snapshot import digest as snapshot_digest
from kstore.source.snapshot.source import SnapshotSource


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """The demo store with a changed bit."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        data = bytearray(source.database_path.read_bytes())
    data[-100] ^= 1
    path = tmp_path / "damaged.db"
    path.write_bytes(data)
    return path


def test_salvage(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged file is an error; with --salvage it is read, what is lost is named, and the run exits 3."""
    assert run(["--store", str(damaged), "ls", "pods", "-o", "name"]) == 1
    assert capsys.readouterr().out == ""
    run(["--store", "demo", "ls", "pods", "-o", "name"])
    expected = capsys.readouterr().out
    assert run(["--store", str(damaged), "ls", "pods", "-o", "name", "--salvage"]) == 3
    shown = capsys.readouterr()
    assert shown.out == expected
    assert "SHA-256" in shown.err
    assert "lost: " in shown.err
    assert run(["--store", "demo", "--salvage", "ls", "pods", "-o", "name"]) == 0


@pytest.mark.large
@pytest.mark.parametrize("command", [["check", "--only", "removed-version"], ["analyze"], ["crds"], ["report"]])
@pytest.mark.parametrize("form", ["text", "json"])
def test_answers_of_a_damaged_file(
    damaged: Path, capsys: pytest.CaptureFixture[str], command: list[str], form: str
) -> None:
    """What could be read is answered, and the damage is named: exit code 3, whatever else was found."""
    options = [] if form == "text" or command == ["report"] else ["-o", "json"]
    run(["--store", "demo", *command, *options])
    expected = capsys.readouterr().out
    assert run(["--store", str(damaged), "--salvage", *command, *options]) == 3
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == len(expected.splitlines()) > 1
    assert "lost: " in shown.err


@pytest.mark.large
@pytest.mark.skipif(os.name != "posix", reason="nothing is remembered where files have no ctime")
def test_what_is_hashed_again(hashed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking into a snapshot hashes it once a day; what checks it, or writes by it, hashes it anew."""
    monkeypatch.setattr(snapshot_digest, "_SETTLED", -1.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    snapshot = tmp_path / "snapshot.db"
    snapshot.write_bytes(unpacked().read_bytes())
    store = ["--store", str(snapshot)]
    for looking in (["get", "pods/default/webserver", "-o", "yaml"], ["ls"], ["analyze"], ["diff", str(snapshot), "."]):
        assert run([*store, *looking]) == 0
    assert len(hashed) == 1
    export = ["export", str(tmp_path / "export")]
    for sure in (["check"], ["report"], export, ["migrate", "--to", "apps/v1", "--dry-run"]):
        hashed.clear()
        assert run([*store, *sure]) in (0, 5)
        assert hashed, sure


@pytest.mark.etcd
def test_the_log(start_etcd: Callable[..., Etcd], capsys: pytest.CaptureFixture[str]) -> None:
    """With --wal the keys are there that a data directory has only in its log."""
    if not installed():
        pytest.skip("no etcd with its tools is installed here")
    release: EtcdRelease = installed()[max(installed())]
    server = start_etcd(backend_batch_interval="1h", backend_batch_limit="100000")
    release.ctl(server.endpoint, "put", "/registry/configmaps/default/a", '{"kind":"ConfigMap","apiVersion":"v1"}')
    server.kill()
    assert run(["--store", str(server.data), "ls", "/registry", "-o", "keys"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["--store", str(server.data), "--wal", "ls", "/registry", "-o", "keys"]) == 0
    assert capsys.readouterr().out == "/registry/configmaps/default/a\n"


def test_a_context_names_its_keys(tmp_path: Path, kstore: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """`encrypt` and what reads its output take the encryption configuration that the context names."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "encryption.yaml").write_text(
        "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources:\n"
        "- resources: [secrets]\n  providers: [{aesgcm: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}]\n"
    )
    (tmp_path / "config.yaml").write_text(
        "contexts:\n"
        "  plain: {store: demo, encryption-provider-config: keys/encryption.yaml}\n"
        "  night: {store: new.db, encryption-provider-config: keys/encryption.yaml}\n"
        "  bare: {store: new.db}\n"
    )
    monkeypatch.setenv("KSTORE_CONFIG", str(tmp_path / "config.yaml"))
    output = str(tmp_path / "new.db")
    assert kstore("--context", "plain", "encrypt", "secrets", "--yes", "--output", output).code == 0
    ls = ("ls", "secrets", "-A", "-o", "name")
    assert kstore("--context", "night", *ls).out == kstore("--store", "demo", *ls).out != b""
    without = kstore("--context", "bare", *ls)
    assert (without.code, without.out) == (3, b"")
    assert "aesgcm" in without.err


def test_who_asks_and_how_its_name_is_told(tmp_path: Path) -> None:
    """A password may stand behind the user's colon, even an empty one; headers in a file, without its blank lines."""
    (tmp_path / "headers").write_text("A: b\n\n  \nC: d\n")
    own = Session(Settings(user="ops", password="p", http_header="A: b")).source_options()
    assert (own.user, own.password, own.http_headers) == ("ops", "p", ("A: b",))
    joined = Session(Settings(user="ops:", password="p", http_header=f"@{tmp_path}/headers")).source_options()
    assert (joined.user, joined.password, joined.http_headers) == ("ops", "", ("A: b", "C: d"))
    assert Session(Settings(user="ops:a:b")).source_options().password == "a:b"
    with pytest.raises(UsageError, match="file of headers cannot be read"):
        Session(Settings(http_header=f"@{tmp_path}/none")).source_options()


@pytest.mark.parametrize("given", [Settings(cert="a.pem"), Settings(key="a.key")])
def test_half_of_a_certificate(given: Settings) -> None:
    """A certificate needs its key, and a key its certificate."""
    with pytest.raises(UsageError, match="given together"):
        Session(given).source_options()


@pytest.mark.parametrize(("said", "serializable"), [("", False), ("l", False), ("s", True)])
def test_how_current_reads_are(said: str, serializable: bool) -> None:
    """Linearizable, unless asked otherwise."""
    assert Session(Settings(consistency=said)).source_options().serializable is serializable
