"""`kstore export`: the demo store as a directory and as Parquet, whole and in part."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kstore.cli.main import run
from kstore.source.export_directory import DirectorySource
from kstore.source.location.demo import open_demo


def index(path: Path) -> list[dict[str, Any]]:
    """The lines of an export's index."""
    return [json.loads(line) for line in (path / "index.jsonl").read_text().splitlines()]


def test_the_whole_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every key, its bytes, revisions and lease; nothing on standard output; the directory lists as the store does."""
    assert run(["--store", "demo", "export", str(tmp_path / "export")]) == 0
    assert capsys.readouterr().out == ""
    with open_demo() as demo, DirectorySource(tmp_path / "export") as source:
        assert list(source.scan()) == list(demo.scan())
        assert source.leases() == demo.leases()
        assert source.status().revision == demo.status().revision
    run(["--store", "demo", "ls"])
    whole = capsys.readouterr().out
    run(["--store", str(tmp_path / "export"), "ls"])
    assert capsys.readouterr().out == whole


def test_yaml_beside_the_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each object that can be read has YAML beside it, the one that `get` prints; --no-yaml leaves it out."""
    run(["--store", "demo", "export", str(tmp_path / "export"), "deployments.apps"])
    rows = index(tmp_path / "export")
    assert rows
    for row in rows:
        capsys.readouterr()
        run(["--store", "demo", "get", row["key"]])
        assert (tmp_path / "export" / row["yaml"]).read_text() == capsys.readouterr().out
    run(["--store", "demo", "export", str(tmp_path / "bytes"), "deployments.apps", "--no-yaml"])
    assert not list((tmp_path / "bytes").rglob("*.yaml"))


def test_secrets_are_masked(tmp_path: Path) -> None:
    """The values of Secrets are in the stored bytes, but in YAML only when asked for."""
    for name, arguments in (("masked", []), ("shown", ["--show-secrets"])):
        assert run(["--store", "demo", "export", str(tmp_path / name), "secrets", *arguments]) == 0
    pages = {
        name: [(tmp_path / name / row["yaml"]).read_text() for row in index(tmp_path / name)]
        for name in ("masked", "shown")
    }
    assert pages["masked"]
    assert all("*****" in page for page in pages["masked"])
    assert not any("*****" in page for page in pages["shown"])


def test_a_part(tmp_path: Path) -> None:
    """Resources, keys, namespaces and labels select; what is named twice is exported once."""
    with open_demo() as demo:
        keys = [record.key.decode() for record in demo.scan(b"/registry/configmaps/")]
    target = str(tmp_path / "maps")
    assert run(["--store", "demo", "export", target, "configmaps", "/registry/configmaps", keys[0]]) == 0
    assert sorted(row["key"] for row in index(tmp_path / "maps")) == sorted(keys)
    assert run(["--store", "demo", "export", str(tmp_path / "web"), "-n", "default", "pods"]) == 0
    assert all("/default/" in row["key"] for row in index(tmp_path / "web"))


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """A target that is there is refused with the exit code of a guard."""
    (tmp_path / "there").write_text("mine")
    assert run(["--store", "demo", "export", str(tmp_path / "there"), "pods"]) == 4
    assert run(["--store", "demo", "export", str(tmp_path / "there"), "pods", "-o", "parquet"]) == 4
    assert (tmp_path / "there").read_text() == "mine"


def test_an_earlier_revision(tmp_path: Path) -> None:
    """--rev exports the store as of that revision."""
    with open_demo() as demo:
        revision = demo.status().revision - 20
        records = list(demo.scan(revision=revision))
    assert run(["--store", "demo", "--rev", str(revision), "export", str(tmp_path / "export")]) == 0
    with DirectorySource(tmp_path / "export") as source:
        assert list(source.scan()) == records
        assert source.revision == revision


@pytest.mark.large
def test_what_cannot_be_read_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An object that cannot be decoded is exported as it is stored, named with its reason, and the run exits 3."""
    assert run(["--store", "demo", "export", str(tmp_path / "export")]) == 0
    rows = index(tmp_path / "export")
    row = next(row for row in rows if row["key"].startswith("/registry/pods/"))
    broken = b"k8s\0broken"
    source = tmp_path / "export"
    (source / row["file"]).write_bytes(broken)
    row["sha256"] = hashlib.sha256(broken).hexdigest()
    text = "".join(json.dumps(each) + "\n" for each in rows)
    (source / "index.jsonl").write_text(text)
    header = json.loads((source / "export.json").read_text())
    header["index_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (source / "export.json").write_text(json.dumps(header))
    capsys.readouterr()
    assert run(["--store", str(source), "export", str(tmp_path / "again")]) == 3
    assert row["key"] in capsys.readouterr().err
    again = next(each for each in index(tmp_path / "again") if each["key"] == row["key"])
    assert again["error"]
    assert "yaml" not in again
    assert (tmp_path / "again" / again["file"]).read_bytes() == broken


def test_parquet(tmp_path: Path) -> None:
    """A row an object, with what its key, its metadata and etcd say; Secrets masked unless asked."""
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run(["--store", "demo", "export", str(tmp_path / "demo.parquet"), "-o", "parquet"]) == 0
    rows = {row["key"]: row for row in parquet.read_table(tmp_path / "demo.parquet").to_pylist()}
    with open_demo() as demo:
        records = list(demo.scan())
        revision = demo.status().revision
    assert list(rows) == [record.key.decode() for record in records]
    for record in records:
        row = rows[record.key.decode()]
        assert (row["mod_revision"], row["version"], row["size"], row["lease"], row["store_revision"]) == (
            record.mod_revision,
            record.version,
            len(record.value),
            record.lease,
            revision,
        )
    pod = rows["/registry/pods/default/webserver"]
    assert (pod["resource"], pod["namespace"], pod["name"], pod["kind"]) == ("pods", "default", "webserver", "Pod")
    assert json.loads(pod["object"])["metadata"]["uid"] == pod["uid"]
    secret = next(row for row in rows.values() if row["kind"] == "Secret")
    assert set(json.loads(secret["object"])["data"].values()) == {"*****"}


def test_a_partitioned_dataset(tmp_path: Path) -> None:
    """--partition adds a file to a dataset, in a folder that names the store; the same night is refused twice."""
    dataset = pytest.importorskip("pyarrow.dataset")
    arguments = ["--store", "demo", "export", str(tmp_path / "lake"), "pods", "-o", "parquet", "--partition"]
    assert run(arguments) == 0
    with open_demo() as demo:
        status = demo.status()
    assert run(["--store", "demo", "--rev", str(status.revision - 1), *arguments[2:]]) == 0
    assert run(arguments) == 4
    found = dataset.dataset(tmp_path / "lake", partitioning="hive").to_table(columns=["store", "store_revision"])
    assert set(found["store"].to_pylist()) == {status.location}
    assert set(found["store_revision"].to_pylist()) == {status.revision, status.revision - 1}
    assert run(["--store", "demo", "export", str(tmp_path / "x"), "--partition"]) == 2
