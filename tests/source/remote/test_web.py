"""Stores on web servers: with credentials, through redirects, resumed, and what is said when they cannot be had."""

from __future__ import annotations

import base64
import gzip
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.source.conftest import Authority
from tests.source.remote.conftest import Web, send

from kstore.cli.main import run
from kstore.errors import (
    AccessDenied,
    NotADatabase,
    SourceError,
    StoreNotFound,
    StoreTimedOut,
    StoreUnreachable,
    UsageError,
)
from kstore.records import Record
from kstore.source.archive import spool
from kstore.source.location.address import is_live, locate_store, open_source
from kstore.source.options import SourceOptions
from kstore.source.remote.address import is_remote, without_credentials


@pytest.fixture(scope="module")
def records(demo: Path) -> list[Record]:
    """What the demo store holds."""
    with open_source(str(demo)) as source:
        return list(source.scan())


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of the tests are on this machine."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.mark.parametrize(
    ("address", "remote"),
    [
        ("https://backups.example.com/etcd/x.db.gz", True),
        ("http://127.0.0.1:8000/x", True),
        ("https://backups.example.com/x.db?X-Amz-Signature=00", True),
        ("https://10.0.0.1:2379", False),
        ("https://10.0.0.1:2379/", False),
        ("https://10.0.0.1:2379,https://10.0.0.2:2379", False),
        ("s3://b/k", True),
        ("gs://b/k", True),
        ("az://c/k", True),
        ("etcd2+http://127.0.0.1:2379/v2", False),
        ("unix:///run/x.sock", False),
    ],
)
def test_what_is_remote(address: str, remote: bool) -> None:
    """An address of http with a path is a file; endpoints have none."""
    assert is_remote(address) == remote
    if remote:
        assert not is_live(address)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_opened(wrap: Callable[[bytes], bytes], web: Web, demo: Path, records: list[Record]) -> None:
    """A snapshot on a web server, as it is or compressed, is the same store as the file."""
    content = wrap(demo.read_bytes())
    address = web.serve("/etcd/x.db", content)
    with open_source(address) as source:
        assert list(source.scan()) == records
        assert source.file_sha256 == hashlib.sha256(content).hexdigest()
    assert len(web.asked) == 1


def test_an_address_that_was_signed(web: Web, demo: Path, records: list[Record]) -> None:
    """A query is sent as it is, and shown nowhere."""
    address = web.serve("/x%20y.db", demo.read_bytes()) + "?X-Amz-Signature=se%2Fcret"
    with open_source(address) as source:
        assert list(source.scan()) == records
        assert source.status().location == f"{web.url}/x%20y.db"
    assert web.asked[0][0] == "/x%20y.db?X-Amz-Signature=se%2Fcret"
    web.answers.clear()
    with pytest.raises(StoreNotFound) as raised:
        open_source(address)
    assert "cret" not in str(raised.value)


def test_without_a_length(web: Web, demo: Path, records: list[Record]) -> None:
    """An answer in chunks, whose length nobody tells."""
    content = demo.read_bytes()

    def answer(handler: Any) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for at in range(0, len(content), 50_000):
            part = content[at : at + 50_000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")

    web.answers["/x.db"] = answer
    with open_source(f"{web.url}/x.db") as source:
        assert list(source.scan()) == records


# ---- credentials and redirects


def test_credentials(web: Web, demo: Path) -> None:
    """A user as Basic, of an option or of the address; headers of one's own."""
    address = web.serve("/x.db", demo.read_bytes())
    basic = "Basic " + base64.b64encode(b"ops:p w").decode()
    open_source(address, SourceOptions(user="ops", password="p w")).close()
    open_source(address.replace("://", "://ops:p%20w@")).close()
    open_source(address, SourceOptions(http_headers=("Authorization: Bearer x", "PRIVATE-TOKEN:y"))).close()
    assert [headers.get("Authorization") for _, headers in web.asked] == [basic, basic, "Bearer x"]
    assert {name.lower(): value for name, value in web.asked[2][1].items()}["private-token"] == "y"


@pytest.mark.parametrize("header", ["no colon", ": x", "a: b\r\nc: d"])
def test_no_header(header: str, web: Web) -> None:
    """What is no header is refused before anything is asked."""
    with pytest.raises(UsageError, match="no header"):
        open_source(f"{web.url}/x.db", SourceOptions(http_headers=(header,)))
    assert not web.asked


def test_variables_of_etcdctl_are_not_shown_to_a_web_server(web: Web, demo: Path) -> None:
    """`$ETCDCTL_USER` is the user of an etcd."""
    address = web.serve("/x.db", demo.read_bytes())
    open_source(address, environment={"ETCDCTL_USER": "root:secret", "ETCDCTL_CACERT": "/none"}).close()
    assert "Authorization" not in web.asked[0][1]
    assert locate_store("s3://b/k", environment={"ETCDCTL_USER": "root:x"}).options == SourceOptions()


def redirect(web: Web, path: str, to: str) -> str:
    """Answer a path with a redirect; its address."""
    web.answers[path] = lambda handler: send(handler, 302, Location=to)
    return web.url + path


def test_redirects(web: Web, start_web: Callable[[], Web], demo: Path, records: list[Record]) -> None:
    """Redirects are followed; what is for one server is not shown to another, and is to the same one."""
    other = start_web()
    here = redirect(web, "/here", web.serve("/x.db", demo.read_bytes()))
    away = redirect(web, "/away", other.serve("/x.db", demo.read_bytes()))
    options = SourceOptions(user="ops", password="x", http_headers=("PRIVATE-TOKEN: y",))
    for address in (here, away):
        with open_source(address, options) as source:
            assert list(source.scan()) == records
    shown = [{name.lower() for name in headers} & {"authorization", "private-token"} for _, headers in web.asked]
    assert shown == [{"authorization", "private-token"}] * 3
    assert not {name.lower() for name in other.asked[0][1]} & {"authorization", "private-token"}


def test_redirects_without_end(web: Web) -> None:
    """A circle ends."""
    with pytest.raises(SourceError):
        open_source(redirect(web, "/round", f"{web.url}/round"))


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_redirects_to_other_things(to: str, web: Web) -> None:
    """A server cannot have files of this machine read."""
    with pytest.raises(SourceError):
        open_source(redirect(web, "/x.db", to))


# ---- broken connections


def breaking(content: bytes, every: int, **headers: str) -> Callable[[Any], None]:
    """Answers that break off after so many bytes; parts are sent when asked for."""

    def answer(handler: Any) -> None:
        asked = handler.headers.get("Range", "bytes=0-")
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206 if "Range" in handler.headers else 200)
        if "Range" in handler.headers:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start : start + every])

    return answer


def test_resumed(web: Web, demo: Path, records: list[Record]) -> None:
    """A connection that breaks off again and again: each time the rest is asked for, of the same version."""
    content = demo.read_bytes()
    web.answers["/x.db"] = breaking(content, len(content) // 6, ETag='"v1"', Accept_Ranges="bytes")
    with open_source(f"{web.url}/x.db") as source:
        assert list(source.scan()) == records
        assert source.file_sha256 == hashlib.sha256(content).hexdigest()
    assert len(web.asked) > 5
    assert {headers.get("If-Range") for _, headers in web.asked[1:]} == {'"v1"'}


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"v1"', "Accept_Ranges": "bytes"}, {"ETag": '"v1"'}])
def test_not_resumed(headers: dict[str, str], web: Web, demo: Path) -> None:
    """Where a server cannot go on, or not surely with the same file, half a file is no store."""
    web.answers["/x.db"] = breaking(demo.read_bytes(), 100_000, **headers)
    with pytest.raises(StoreUnreachable, match="bytes early"):
        open_source(f"{web.url}/x.db")


def test_replaced_meanwhile(web: Web, demo: Path) -> None:
    """A server that sends all of it anew, as another file is there by now."""
    content, first = demo.read_bytes(), breaking(demo.read_bytes(), 100_000, ETag='"v1"', Accept_Ranges="bytes")

    def answer(handler: Any) -> None:
        if "Range" in handler.headers:
            send(handler, 200, content, ETag='"v2"')
        else:
            first(handler)

    web.answers["/x.db"] = answer
    with pytest.raises(SourceError, match="replaced while it was read"):
        open_source(f"{web.url}/x.db")


@pytest.mark.parametrize("moved", [-1, 1, None])
def test_another_part_than_was_asked_for(moved: int | None, web: Web, demo: Path) -> None:
    """A part that begins elsewhere, or does not say where, is never taken for the rest."""
    content = demo.read_bytes()
    first = breaking(content, 100_000, ETag='"v1"', Accept_Ranges="bytes")

    def answer(handler: Any) -> None:
        if "Range" not in handler.headers:
            first(handler)
            return
        start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-")) + (moved or 0)
        place = {} if moved is None else {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        send(handler, 206, content[start:], ETag='"v1"', **place)

    web.answers["/x.db"] = answer
    with pytest.raises(SourceError, match="replaced while it was read"):
        open_source(f"{web.url}/x.db")


def test_nothing_more_comes(web: Web, demo: Path) -> None:
    """Tries end where none of them brings a byte."""
    content = demo.read_bytes()
    web.answers["/x.db"] = breaking(content, 0, ETag='"v1"', Accept_Ranges="bytes")
    with pytest.raises(StoreUnreachable):
        open_source(f"{web.url}/x.db")
    assert len(web.asked) == 4


# ---- errors


@pytest.mark.parametrize(
    ("status", "expected"), [(401, AccessDenied), (403, AccessDenied), (404, StoreNotFound), (500, SourceError)]
)
def test_refused(status: int, expected: type[SourceError], web: Web) -> None:
    """What a server answers."""
    web.answers["/x.db"] = lambda handler: send(handler, status)
    with pytest.raises(SourceError, match=f"the server answered {status}") as raised:
        open_source(f"{web.url}/x.db")
    assert type(raised.value) is expected
    assert raised.value.where == f"{web.url}/x.db"


def test_a_page_for_people(web: Web) -> None:
    """A page to log in at is no store, and is recognized as what it is."""
    address = web.serve("/x.db", b"<html>", Content_Type="text/html; charset=utf-8")
    with pytest.raises(NotADatabase, match="page for people"):
        open_source(address)


def test_unreachable() -> None:
    """Nobody listens; no such host; no such scheme of port."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(StoreUnreachable, match="Connection refused"):
            open_source(f"http://127.0.0.1:{closed.getsockname()[1]}/x.db")
    with pytest.raises(StoreUnreachable):
        open_source("http://kstore.invalid/x.db")
    with pytest.raises(UsageError):
        open_source("http://127.0.0.1:port/x.db")


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_too_slow(begins: bytes) -> None:
    """A server that takes the connection and answers nothing, or not all."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held: list[socket.socket] = []

        def serve() -> None:
            connection, _ = silent.accept()
            connection.recv(65536)
            connection.sendall(begins)
            held.append(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(StoreTimedOut):
            open_source(f"http://127.0.0.1:{silent.getsockname()[1]}/x.db", SourceOptions(command_timeout=1))
        thread.join()
        held[0].close()


def test_no_http(web: Web) -> None:
    """Something else listens there."""
    with socket.create_server(("127.0.0.1", 0)) as other:

        def serve() -> None:
            connection, _ = other.accept()
            connection.recv(65536)
            connection.sendall(b"220 mail ready\r\n")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(StoreUnreachable, match="no answer of the server"):
            open_source(f"http://127.0.0.1:{other.getsockname()[1]}/x.db")


def test_too_large(web: Web, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is taken than any etcd has."""
    monkeypatch.setattr(spool.Spool.__init__, "__kwdefaults__", {"salvage": False, "largest": 100_000})
    with pytest.raises(SourceError, match="no etcd has"):
        open_source(web.serve("/x.db", demo.read_bytes()))


# ---- TLS


@pytest.fixture
def tls(authority: Authority, demo: Path) -> Any:
    """A web server with a certificate of the tests' authority."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/down":
                send(self, 302, Location="http://127.0.0.1:1/x.db")
            else:
                send(self, 200, demo.read_bytes())

        def log_message(self, *arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("web"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_tls(tls: str, authority: Authority, records: list[Record]) -> None:
    """Certificates are verified, with `--cacert` or not at all; the reason is said."""
    for options in (SourceOptions(cacert=authority.cacert), SourceOptions(insecure_skip_tls_verify=True)):
        with open_source(f"{tls}/x.db", options) as source:
            assert list(source.scan()) == records
    with pytest.raises(StoreUnreachable, match=r"no connection that can be trusted: .*certificate"):
        open_source(f"{tls}/x.db")


def test_no_way_down(tls: str, authority: Authority) -> None:
    """A redirect from TLS to plain text is not followed."""
    with pytest.raises(SourceError, match="which is not encrypted"):
        open_source(f"{tls}/down", SourceOptions(cacert=authority.cacert))


# ---- the command line


@pytest.mark.large
def test_headers_of_the_command_line(web: Web, demo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`--http-header` takes one, or a file with a line each; what is none is a usage error."""
    address = web.serve("/x.db", demo.read_bytes())
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer x\n\nX-Two: 2\n")
    assert run(["--store", address, "ls", "--http-header", "X-One: 1"]) == 0
    assert run(["--store", address, "ls", "--http-header", f"@{file}"]) == 0
    assert web.asked[0][1]["X-One"] == "1"
    assert (web.asked[1][1]["Authorization"], web.asked[1][1]["X-Two"]) == ("Bearer x", "2")
    assert run(["--store", address, "ls", "--http-header", f"@{tmp_path}/none"]) == 2
    assert run(["--store", address, "ls", "--http-header", "nothing"]) == 2
    assert "NAME: VALUE" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://h/x.db?X-Amz-Signature=secret&b=c", "https://h/x.db"),
        ("https://ops:secret@h/x.db#secret", "https://h/x.db"),
        ("HTTPS://h/a.tar?sig=secret!member", "HTTPS://h/a.tar"),
        ("https://a:secret@h:2379,https://b:p@secret@i:2379", "https://h:2379,https://i:2379"),
        ("https://h:2379?token=secret,https://i:2379", "https://h:2379"),
        ("s3://key:secret@bucket/a@b?c#d", "s3://bucket/a@b?c#d"),
        ("/backups/a?b#c@d.db", "/backups/a?b#c@d.db"),
        ("demo", "demo"),
    ],
)
def test_without_credentials(address: str, expected: str) -> None:
    """What may be shown of an address; names of files and objects stay as they are."""
    assert without_credentials(address) == expected


SIGNED: list[tuple[Any, ...]] = [
    (0, "ls", "-v"),
    (1, "get", "namespaces/nowhere"),
    (5, "check", "-o", "json"),
    (
        0,
        "report",
    ),
    (0, "prove", "-o", "json"),
    (0, "export", "{folder}/export"),
    (3, "migrate", "--to-release", "1.37", "--dry-run", "--save-plan", "{folder}/plan.json"),
    (3, "migrate", "--to-release", "1.37", "--output", "{folder}/copy.db", "--journal", "{folder}/journal", "--yes"),
    (4, "migrate", "--to-release", "1.37", "--yes"),
    (0, "sql", "select store, count(*) from objects group by 1"),
]


@pytest.mark.slow
@pytest.mark.usefixtures("own_folders")
def test_what_permits_to_read_is_kept_to_itself(
    web: Web, demo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing that is printed or written, by any command, has the signature or the password of the address."""
    address = web.serve("/x.db", demo.read_bytes()).replace("://", "://ops:pass-secret@") + "?sig=query-secret"
    gone = address.replace("/x.db", "/gone.db")
    for expected, *words in SIGNED:
        code = run(["--store", address, *(word.format(folder=tmp_path) for word in words)])
        assert code == expected, words
    fleet = [address, gone, f"{address}2"]
    for output in ("table", "json", "prometheus"):
        run(["fleet", "check", *fleet, "-o", output, "--html", f"{tmp_path}/{output}.html"])
    run(["fleet", "export", f"{tmp_path}/lake", *fleet])
    endpoint = f"{web.url.replace('://', '://ops:pass-secret@')}?sig=query-secret"
    assert run(["--store", endpoint, "ls"]) == 2
    assert run(["--store", f"etcd2+{endpoint}", "ls"]) == 2
    assert run(["fleet", "check", endpoint]) == 1
    run(["config", "set-context", "signed", "--store", address])
    run(["config", "get-contexts"])
    run(["config", "view"])
    told = "".join(capfd.readouterr())
    assert f"{web.url}/x.db (2)" in told
    assert "secret" not in told.replace("secrets", "")
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "config.yaml":
            assert b"-secret" not in file.read_bytes(), file
    assert [file.name for file in tmp_path.rglob("config.yaml")] == ["config.yaml"]


@pytest.fixture
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever is kept is kept where the test looks."""
    for name in ("CACHE", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
