"""Stores in buckets: fetched, listed, and what is said when they cannot be."""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.source.remote.buckets import S3
from tests.source.remote.conftest import Web, send

from kstore.errors import (
    AccessDenied,
    BucketNotFound,
    DamagedStore,
    ExtraMissing,
    KstoreError,
    SourceError,
    StoreNotFound,
    StoreTimedOut,
    StoreUnreachable,
    UsageError,
)
from kstore.records import Record
from kstore.source.archive.source import ArchivedSource
from kstore.source.location.address import open_source
from kstore.source.options import SourceOptions
from kstore.source.remote import bucket
from kstore.source.remote.matching import find_files


@pytest.fixture(scope="module")
def records(demo: Path) -> list[Record]:
    """What the demo store holds."""
    with open_source(str(demo)) as source:
        return list(source.scan())


@pytest.fixture(params=["", ".gz"])
def content(request: pytest.FixtureRequest, demo: Path) -> bytes:
    """The demo store as it is, and compressed."""
    return gzip.compress(demo.read_bytes()) if request.param else demo.read_bytes()


def test_opened(s3: S3, content: bytes, records: list[Record]) -> None:
    """A snapshot in a bucket is the same store as the file; its temporary copy is gone when it is closed."""
    address = s3.put("prod/etcd-2026-11-28.db", content)
    with open_source(address) as source:
        assert list(source.scan()) == records
        assert source.status().location == address
        assert source.file_sha256 == hashlib.sha256(content).hexdigest()
        assert isinstance(source, ArchivedSource)
        copy = source.database_path
    assert not copy.exists()


def test_many_ranges(s3: S3, demo: Path, records: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    """An object of many ranges is whole, in order, and its bytes are counted."""
    monkeypatch.setattr(bucket, "_RANGE", 10_000)
    told: list[tuple[int, int]] = []
    options = SourceOptions(fetching=lambda size, total: told.append((size, total)))
    with open_source(s3.put("x.db", demo.read_bytes()), options) as source:
        assert list(source.scan()) == records
    assert sum(size for size, _ in told) == demo.stat().st_size
    assert {total for _, total in told} == {demo.stat().st_size}
    assert len(told) > 10


def test_replaced_meanwhile(s3: S3, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written anew while it is read is never read half old, half new."""
    monkeypatch.setattr(bucket, "_RANGE", 10_000)
    content = demo.read_bytes()
    address = s3.put("x.db", content)
    replaced = []

    def replace_it(size: int, total: int) -> None:
        if not replaced:
            replaced.append(s3.put("x.db", content[::-1]))

    with pytest.raises(SourceError, match="replaced while it was read"):
        open_source(address, SourceOptions(fetching=replace_it))


def test_a_part_of_an_archive(s3: S3, demo: Path, records: list[Record]) -> None:
    """`ADDRESS!MEMBER` as for files; a key that itself has the mark is meant first."""
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.db", demo.read_bytes())
        archive.writestr("b.db", demo.read_bytes())
    address = s3.put("both.zip", buffer.getvalue())
    with pytest.raises(UsageError, match=re.escape("there are 2 stores in it: a.db, b.db")):
        open_source(address)
    with open_source(f"{address}!b.db") as source:
        assert list(source.scan()) == records
    with open_source(s3.put("odd!b.db", demo.read_bytes())) as source:
        assert list(source.scan()) == records


def test_a_folder(s3: S3, demo: Path, records: list[Record]) -> None:
    """A folder with one object is that object; of several, the newest is offered; nothing is nothing."""
    only = s3.put("one/x.db", demo.read_bytes())
    with open_source(f"s3://{s3.name}/one/") as source:
        assert list(source.scan()) == records
        assert source.status().location == only
    s3.put("many/1.db")
    s3.put("many/2.db")
    with pytest.raises(UsageError, match=r"there are 2 objects in it, the last ones: 1\.db, 2\.db"):
        open_source(f"s3://{s3.name}/many/")
    with pytest.raises(StoreNotFound, match="nothing is stored there"):
        open_source(f"s3://{s3.name}/none/")
    with pytest.raises(StoreNotFound, match="no such object in the bucket, but a folder") as raised:
        open_source(f"s3://{s3.name}/many")
    assert f"s3://{s3.name}/many/" in raised.value.hint


def test_damaged_on_the_way(s3: S3, demo: Path) -> None:
    """The checksum at a snapshot's end is computed while it is fetched."""
    content = bytearray(demo.read_bytes())
    content[-1] ^= 1
    with pytest.raises(DamagedStore, match="SHA-256"), open_source(s3.put("x.db", bytes(content))) as source:
        list(source.scan())


def test_kept(s3: S3, demo: Path, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With $KSTORE_DOWNLOADS an object is fetched once for each version; the older one goes."""
    folder = tmp_path / "downloads"
    monkeypatch.setenv("KSTORE_DOWNLOADS", str(folder))
    address = s3.put("x.db", demo.read_bytes())
    with open_source(address) as source:
        assert list(source.scan()) == records
    (kept,) = folder.iterdir()
    assert kept.read_bytes() == demo.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0

    def refuse(*_: Any) -> Iterator[bytes]:
        raise AssertionError("it is fetched again")
        yield b""

    with monkeypatch.context() as patched:
        patched.setattr(bucket.Bucket, "pieces", refuse)
        with open_source(address) as source:
            assert list(source.scan()) == records
            assert source.file_sha256 == hashlib.sha256(demo.read_bytes()).hexdigest()
    s3.put("x.db", gzip.compress(demo.read_bytes()))
    with open_source(address) as source:
        assert list(source.scan()) == records
    (newer,) = folder.iterdir()
    assert newer != kept


# ---- errors


def test_nothing_there(s3: S3) -> None:
    """No such bucket and no such key are told apart, when listed too."""
    with pytest.raises(BucketNotFound) as raised:
        open_source("s3://kstore-has-no-such-bucket/x.db")
    assert raised.value.bucket == "kstore-has-no-such-bucket"
    with pytest.raises(BucketNotFound):
        list(find_files("s3://kstore-has-no-such-bucket/*"))
    with pytest.raises(BucketNotFound):
        list(find_files("s3://kstore-has-no-such-bucket/**/x"))
    with pytest.raises(StoreNotFound, match="no such object") as missing:
        open_source(f"s3://{s3.name}/x.db")
    assert not isinstance(missing.value, BucketNotFound)


@pytest.mark.parametrize(
    "body",
    [b"", b"Not Found", b"<Error><Code>NoSuchBucket</Code></Error>", b'{"error": {"code": 404, "message": "?"}}'],
)
def test_no_bucket_in_whatever_words(body: bytes, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Google Cloud Storage, or what stands in for it: a list that is not found is that of a bucket."""
    monkeypatch.setenv("GOOGLE_BASE_URL", web.url)
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    web.answers["/none"] = web.answers["/none/x.db"] = lambda handler: send(handler, 404, body)
    for ask in (lambda: open_source("gs://none/x.db"), lambda: list(find_files("gs://none/*"))):
        with pytest.raises(BucketNotFound, match="there is no bucket none"):
            ask()
    empty = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
    web.answers["/there"] = lambda handler: send(handler, 200, empty)
    web.answers["/there/x.db"] = lambda handler: send(handler, 404, body)
    with pytest.raises(StoreNotFound, match="no such object"):
        open_source("gs://there/x.db")


@pytest.mark.parametrize("address", ["s3://", "s3:///x.db"])
def test_no_bucket(address: str) -> None:
    """An address without a bucket."""
    with pytest.raises(UsageError, match="no bucket is named"):
        open_source(address)


def test_a_key_that_cannot_be(s3: S3) -> None:
    """obstore has no keys with an empty part."""
    with pytest.raises(UsageError, match="no object can have this key"):
        open_source(f"s3://{s3.name}/a//b.db")


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_denied(code: str, s3: S3, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What S3 answers with 403; where credentials come from is said."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    web.answers["/closed"] = web.answers["/closed/x.db"] = lambda handler: send(handler, 403, body)
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    for ask in (lambda: open_source("s3://closed/x.db"), lambda: list(find_files("s3://closed/*"))):
        with pytest.raises(AccessDenied) as raised:
            ask()
        assert "AWS_ACCESS_KEY_ID" in raised.value.hint


def test_unreachable(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens; no such host."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(StoreUnreachable, match="Connection refused"):
            open_source("s3://backups/x.db")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://kstore.invalid")
    with pytest.raises(StoreUnreachable, match="no connection to S3"):
        open_source("s3://backups/x.db")


@pytest.mark.large
def test_too_slow(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the connection, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(StoreTimedOut):
            open_source("s3://backups/x.db", SourceOptions(command_timeout=0.2))


def test_errors_of_the_server(s3: S3, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What else a server answers is said in its words, in one line."""
    web.answers["/backups/x.db"] = lambda handler: send(handler, 400, b"<Error><Code>Strange</Code></Error>")
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    with pytest.raises(SourceError, match="S3 answered 400") as raised:
        open_source("s3://backups/x.db")
    assert "\n" not in str(raised.value)


def test_obstore_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, how to install it."""
    import sys

    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ExtraMissing, match="needs obstore") as raised:
        open_source("gs://backups/x.db")
    assert raised.value.extra == "remote"


def test_a_profile_without_boto3(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of the AWS configuration, which obstore cannot read, is not passed over."""
    import sys

    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "obstore.auth.boto3", raising=False)
    with pytest.raises(UsageError, match="only boto3 can read"):
        open_source("s3://backups/x.db")


def test_a_profile_beside_a_key(s3: S3, demo: Path, records: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment comes first, as for the tools of AWS; then the profile is not needed."""
    import sys

    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "obstore.auth.boto3", raising=False)
    with open_source(s3.put("x.db", demo.read_bytes())) as source:
        assert list(source.scan()) == records


def test_a_profile_with_boto3(
    s3: S3, demo: Path, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With boto3, the profile's key is used."""
    pytest.importorskip("boto3")
    credentials = tmp_path / "credentials"
    credentials.write_text("[prod]\naws_access_key_id = AKIAX\naws_secret_access_key = y\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with open_source(s3.put("x.db", demo.read_bytes())) as source:
        assert list(source.scan()) == records


# ---- patterns

KEYS = (
    "a/latest.db.gz", "a/2026-11-27.db.gz", "a/old/latest.db.gz", "b/latest.db.gz", "b/latest.txt", "ab/x [1].db",
    "top.db", "c/d/e/latest.db.gz", "grüße/latest.db.gz",
)  # fmt: skip


@pytest.fixture
def filled(s3: S3) -> S3:
    """A bucket with several folders."""
    for key in KEYS:
        s3.put(key)
    return s3


@pytest.mark.large
@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("*/latest.db.gz", ["a/latest.db.gz", "b/latest.db.gz", "grüße/latest.db.gz"]),
        ("?/latest.*", ["a/latest.db.gz", "b/latest.db.gz", "b/latest.txt"]),
        ("*", ["top.db"]),
        ("**", sorted(KEYS)),
        ("**/latest.db.gz", sorted(key for key in KEYS if key.endswith("latest.db.gz"))),
        ("c/**/*.gz", ["c/d/e/latest.db.gz"]),
        ("[!a]/latest.db.gz", ["b/latest.db.gz"]),
        ("[ab]*/*.db", ["ab/x [1].db"]),
        ("ab/x [[]1].db", ["ab/x [1].db"]),
        ("a/", ["a/2026-11-27.db.gz", "a/latest.db.gz", "a/old/latest.db.gz"]),
        ("", sorted(KEYS)),
        ("top.db", ["top.db"]),
        ("none/*", []),
        ("*.DB", []),
    ],
)
def test_patterns(pattern: str, keys: list[str], filled: S3) -> None:
    """Patterns are the shell's; files come in the order of their keys, with size, time and version."""
    found = list(find_files(f"s3://{filled.name}/{pattern}"))
    assert [one.address for one in found] == [f"s3://{filled.name}/{key}" for key in keys]
    assert all(one.size == 1 and one.version and one.modified.tzinfo for one in found)


def test_only_what_may_match_is_listed(filled: S3) -> None:
    """`*/latest.db.gz` lists the top folder, and asks for one key in each: old backups beside them cost nothing."""
    asked: list[str] = []
    listed, found = bucket.Bucket.list, bucket.Bucket.find

    class Counted(bucket.Bucket):
        def list(self, folder: str) -> Any:
            asked.append(f"list {folder}")
            return listed(self, folder)

        def find(self, key: str) -> Any:
            asked.append(key)
            return found(self, key)

    from kstore.source.remote import matching

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(matching, "Bucket", Counted)
        list(find_files(f"s3://{filled.name}/*/latest.db.gz"))
    assert sorted(asked) == sorted(["list ", *(f"{one}/latest.db.gz" for one in ("a", "b", "ab", "c", "grüße"))])


def test_a_pattern_is_no_store(filled: S3) -> None:
    """One store is opened, not many; a key with such a character is one."""
    with pytest.raises(UsageError, match="this is a pattern"):
        open_source(f"s3://{filled.name}/*/latest.db.gz")
    with pytest.raises(KstoreError, match="neither a snapshot"):
        open_source(f"s3://{filled.name}/ab/x [1].db")


def test_files_of_this_machine(tmp_path: Path) -> None:
    """The same function for paths."""
    for name in ("b/2.db", "b/1.db", "c/3.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"four")
    found = list(find_files(f"{tmp_path}/**/*.db"))
    assert [(Path(one.address).name, one.size, one.version) for one in found] == [("1.db", 4, ""), ("2.db", 4, "")]
    assert [one.address for one in find_files(str(tmp_path / "c/3.txt"))] == [str(tmp_path / "c/3.txt")]
    with pytest.raises(StoreNotFound):
        list(find_files(str(tmp_path / "none")))


def test_a_web_server_lists_nothing() -> None:
    """A pattern cannot be asked of a web server."""
    with pytest.raises(UsageError, match="no list of its files"):
        list(find_files("https://example.invalid/a/*"))
