"""
How much memory kstore takes to read one large store in each form that it can have: `python -m bench.memory`.

    python -m bench.memory [FORM ...] [--count N] [--folder DIR] [--limit MIB]

Each form is made once in the folder, out of one snapshot, and each must give as many keys as that. The figure is the
largest resident set of any kstore process, its workers counted by themselves. More than the limit fails.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from tools.cluster import Server, find, free_port
from tools.hostile_server import self_signed

from bench.command import KSTORE
from bench.data import snapshot

_COMMAND = ("ls", "/", "-o", "keys")
_CHUNK = 1 << 20
_STARTER = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""A small program that starts kstore: what the kernel says of a process begins with the size of who started it."""
LIMIT = 150
"""MiB that a store of 617 MB may take, in whatever form."""
_KINE = """
CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, created INTEGER, deleted INTEGER,
  create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB);
CREATE INDEX kine_name_index ON kine (name);
CREATE INDEX kine_name_id_index ON kine (name, id);
CREATE UNIQUE INDEX kine_name_prev_revision_uindex ON kine (name, prev_revision);
"""
"""As kine makes it (`pkg/drivers/sqlite/sqlite.go`)."""


@dataclass
class Form:
    """A form of the store, ready to be read."""

    address: str
    options: tuple[str, ...] = ()
    stdin: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)


Made = Iterator[Form]


# ---- files


def _copied(source: Path, target: IO[bytes]) -> None:
    with source.open("rb") as stream:
        shutil.copyfileobj(stream, target, _CHUNK)


def _zstd(path: Path) -> IO[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return cast(IO[bytes], zstd.open(path, "wb"))
    import zstandard

    return cast(IO[bytes], zstandard.open(path, "wb", cctx=zstandard.ZstdCompressor(level=3)))


_OPEN: dict[str, Callable[[Path], IO[bytes]]] = {
    "gz": lambda path: cast(IO[bytes], gzip.GzipFile(path, "wb", 6)),
    "zst": _zstd,
    "xz": lambda path: cast(IO[bytes], lzma.LZMAFile(path, "wb", preset=6)),  # noqa: SIM115 - it is returned
    "bz2": lambda path: cast(IO[bytes], bz2.BZ2File(path, "wb")),
}


def _made(path: Path, make: Callable[[Path], object]) -> Path:
    """A file or folder, made under another name first."""
    if not path.exists():
        unfinished = path.with_name(f"unfinished-{path.name}")
        make(unfinished)
        unfinished.rename(path)
    return path


def _compressed(whole: Path, name: str) -> Path:
    """A file compressed as its new name ends."""

    def make(path: Path) -> None:
        with _OPEN[name](path) as target:
            _copied(whole, target)

    return _made(whole.with_name(f"{whole.name}.{name}"), make)


def _tar(whole: Path) -> Path:
    def make(path: Path) -> None:
        with tarfile.open(path, "w") as archive:
            archive.add(whole, "backup/etcd.db")

    return _made(whole.with_suffix(".tar"), make)


def _zip(whole: Path) -> Path:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(whole, "etcd.db")

    return _made(whole.with_suffix(".zip"), make)


def _database(whole: Path) -> Path:
    """The database without its checksum: all pages are looked at."""

    def make(path: Path) -> None:
        with path.open("wb") as target:
            _copied(whole, target)
            target.truncate(whole.stat().st_size - 32)

    return _made(whole.with_name("bare.db"), make)


def _export(whole: Path) -> Path:
    command = [*KSTORE, "--store", str(whole), "export", "--no-yaml"]
    return _made(whole.with_name("export"), lambda path: subprocess.run([*command, str(path)], check=True))


def _kine(whole: Path) -> Path:
    """K3s' file, with the same changes at the same revisions."""
    from kstore.source.location.address import open_source

    def make(path: Path) -> None:
        newest: dict[bytes, tuple[int, bytes]] = {}
        with open_source(str(whole)) as source, sqlite3.connect(path) as database:
            database.executescript(_KINE)
            for number, one in enumerate(source.history_scan(), 1):
                record = one.record
                before, old = newest.get(record.key, (0, None))
                first = record.create_revision == record.mod_revision
                row = (
                    number, record.key.decode(), int(first), int(one.deleted), None if first else before, before, 0,
                    record.value, old,
                )  # fmt: skip
                database.execute("INSERT INTO kine VALUES (?,?,?,?,?,?,?,?,?)", row)
                newest[record.key] = number, record.value
        database.close()

    return _made(whole.with_name("state.db"), make)


# ---- servers


_TLS_SERVER = """
import functools, http.server, ssl, sys
port, folder, certificate = sys.argv[1:]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
"""Python's own web server speaks TLS by a flag from 3.14 on only."""


@contextmanager
def _served_with_tls(whole: Path) -> Made:
    """By a web server whose certificate is verified."""
    with_key, certificate = whole.with_name("web-with-key.pem"), whole.with_name("web.pem")
    certificate.write_bytes(self_signed(with_key))
    port = free_port()
    command = [sys.executable, "-c", _TLS_SERVER, str(port), str(whole.parent), str(with_key)]
    with Server("tls", command, whole.parent, (port, "/", True)):
        yield Form(f"https://127.0.0.1:{port}/{whole.name}", ("--cacert", str(certificate)))


@contextmanager
def _served(whole: Path) -> Made:
    """By a web server in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(whole.parent)]
    with Server("web", command, whole.parent, (port, "/", False)):
        yield Form(f"http://127.0.0.1:{port}/{whole.name}")


@contextmanager
def _in_bucket(whole: Path) -> Made:
    """In a bucket of versitygw, which keeps objects as files."""
    folder, port = whole.parent / "versitygw", free_port()
    bucket = folder / "buckets" / "backups"
    bucket.mkdir(parents=True, exist_ok=True)
    _made(bucket / whole.name, lambda path: shutil.copy(whole, path))
    command = [
        str(find("versitygw")), "--access", "key", "--secret", "secret", "--port", f"127.0.0.1:{port}",
        "--health", "/health", "posix", str(folder / "buckets"),
    ]  # fmt: skip
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip
    with Server("versitygw", command, folder, (port, "/health", False)):
        yield Form(f"s3://backups/{whole.name}", environment=environment)


@contextmanager
def _as_it_is(form: Form) -> Made:
    yield form


def _file(make: Callable[[Path], Path], *options: str) -> Callable[[Path], object]:
    return lambda whole: _as_it_is(Form(str(make(whole)), options))


def _piped(make: Callable[[Path], Path]) -> Callable[[Path], object]:
    return lambda whole: _as_it_is(Form("-", stdin=make(whole)))


FORMS: dict[str, Callable[[Path], object]] = {
    "snapshot": _file(lambda whole: whole),
    "database": _file(_database),
    "data directory": _file(lambda whole: whole.parent / "etcd" / "etcd"),
    **{name: _file(lambda whole, name=name: _compressed(whole, name)) for name in _OPEN},  # type: ignore[misc]
    "tar": _file(_tar),
    "tar.gz": _file(lambda whole: _compressed(_tar(whole), "gz")),
    "tar.zst": _file(lambda whole: _compressed(_tar(whole), "zst")),
    "zip": _file(_zip),
    "stdin": _piped(lambda whole: whole),
    "stdin, gz": _piped(lambda whole: _compressed(whole, "gz")),
    "web server": _served,
    "web server, TLS": _served_with_tls,
    "web server, TLS, xz": lambda whole: _served_with_tls(_compressed(whole, "xz")),
    "web server, zst": lambda whole: _served(_compressed(whole, "zst")),
    "bucket": _in_bucket,
    "bucket, zst": lambda whole: _in_bucket(_compressed(whole, "zst")),
    "export": _file(_export),
    "K3s' SQLite": _file(_kine),
}


# ---- measuring


def peak(form: Form) -> tuple[int, int]:
    """
    Read a form; the peak of memory in bytes, and how many keys there are.

    Raises:
        RuntimeError: it failed.
    """
    command = [*KSTORE, "--store", form.address, *form.options, *_COMMAND]
    with tempfile.TemporaryFile() as keys, tempfile.TemporaryFile() as words, open(form.stdin or os.devnull, "rb") as given:  # noqa: E501  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-S", "-c", _STARTER, *command], stdin=given, stdout=keys, stderr=words,
            env={**os.environ, **form.environment}, check=False,
        )  # fmt: skip
        words.seek(0)
        told = words.read().decode().splitlines()
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {' '.join(told)[-500:]}")
        keys.seek(0)
        return int(told[-1]) << 10, sum(1 for _ in keys)


def main() -> int:
    """Read each form and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description="Memory by the form of a store.")
    parser.add_argument("forms", nargs="*", help=f"of {', '.join(FORMS)}; all if none is named")
    parser.add_argument("--count", type=int, default=50_000, help="objects of each of two kinds")
    parser.add_argument("--folder", type=Path, required=True, help="where the forms are kept (some 6 GB)")
    parser.add_argument("--limit", type=int, default=LIMIT, help="MiB that none may take more than")
    arguments = parser.parse_args()
    if unknown := set(arguments.forms) - set(FORMS):
        parser.error(f"no such form: {', '.join(sorted(unknown))}")
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    whole = snapshot(folder, arguments.count)
    expected = peak(Form(str(whole)))[1]
    above = []
    for name in arguments.forms or FORMS:
        with ExitStack() as opened:
            form = opened.enter_context(FORMS[name](whole))  # type: ignore[arg-type]
            taken, keys = peak(form)
        print(f"{name:20} {taken >> 20:5} MiB  {keys:,} keys", flush=True)
        if taken >> 20 > arguments.limit or keys != expected:
            above.append(name)
    if above:
        print(f"more than {arguments.limit} MiB, or other keys: {', '.join(above)}")
    return bool(above)


if __name__ == "__main__":
    raise SystemExit(main())
