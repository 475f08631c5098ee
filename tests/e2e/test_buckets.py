"""Stores in the buckets of a real server of S3's API (versitygw), read by whole commands."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.source.remote.buckets import KEY_ID, S3, SECRET, new_bucket, use
from tools.cluster import Server, ServerMissing, find, free_port

from kstore.cli.main import run
from kstore.errors import AccessDenied, BucketNotFound
from kstore.library.stored_files import find_stores
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a versitygw, which keeps its buckets in a folder."""
    try:
        binary = find("versitygw")
    except ServerMissing as missing:
        pytest.skip(str(missing))
    folder, port = tmp_path_factory.mktemp("versitygw"), free_port()
    (folder / "buckets").mkdir()
    command = [
        str(binary), "--access", KEY_ID, "--secret", SECRET, "--port", f"127.0.0.1:{port}", "--health", "/health",
        "posix", str(folder / "buckets"),
    ]  # fmt: skip
    with Server("versitygw", command, folder, (port, "/health", False)):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def s3(gateway: str, monkeypatch: pytest.MonkeyPatch) -> S3:
    """An empty bucket."""
    use(monkeypatch, gateway)
    return new_bucket(gateway)


@pytest.mark.parametrize("command", [("ls",), ("get", "deploy/shop/cart", "-o", "yaml"), ("analyze", "-o", "json")])
def test_commands(command: tuple[str, ...], s3: S3, capfd: pytest.CaptureFixture[str]) -> None:
    """A command says of an object in a bucket what it says of the file."""
    address = s3.put("prod/etcd.db.gz", gzip.compress(unpacked().read_bytes()))
    assert run(["--store", address, *command]) == 0
    there = capfd.readouterr().out
    assert run(["--store", str(unpacked()), *command]) == 0
    assert there.replace(address, "X") == capfd.readouterr().out.replace(str(unpacked()), "X")


def test_a_proof(s3: S3, capfd: pytest.CaptureFixture[str]) -> None:
    """`prove` names the object, with the SHA-256 of its own bytes."""
    import hashlib
    import json

    content = gzip.compress(unpacked().read_bytes())
    address = s3.put("prod/etcd.db.gz", content)
    run(["--store", address, "prove", "-o", "json"])
    subject = json.loads(capfd.readouterr().out)["subject"][0]
    assert subject["name"] == address
    assert subject["digest"]["sha256"] == hashlib.sha256(content).hexdigest()


def test_patterns(s3: S3) -> None:
    """A real server's lists."""
    for key in ("a/latest.db", "b/latest.db", "b/old/1.db", "top.db"):
        s3.put(key)
    base = f"s3://{s3.name}"
    assert [one.address for one in find_stores(f"{base}/*/latest.db")] == [f"{base}/{x}/latest.db" for x in "ab"]
    assert len(list(find_stores(f"{base}/**/*.db"))) == 4
    assert [one.address for one in find_stores(f"{base}/b/")] == [f"{base}/b/latest.db", f"{base}/b/old/1.db"]


def test_refused(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that is not there; a key that is wrong."""
    with pytest.raises(BucketNotFound):
        open_source("s3://kstore-has-no-such-bucket/x.db")
    address = s3.put("x.db")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(AccessDenied):
        open_source(address)


def test_large_objects(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of several ranges, of a size that is no multiple of theirs, comes as it is."""
    monkeypatch.setattr("kstore.source.remote.bucket._RANGE", 70_001)
    address = s3.put("x.db", unpacked().read_bytes())
    with open_source(address) as there, open_source(str(unpacked())) as here:
        assert list(there.scan()) == list(here.scan())
