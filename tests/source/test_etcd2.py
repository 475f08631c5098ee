"""
The v2 keys API as a store: read whole, exported, put into a store of today; against a fake, and an etcd 3.4 if there
is one.
"""

from __future__ import annotations

import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.source.conftest import Authority
from tools.cluster import Etcd
from tools.hostile_server import HostileServer, redirect_to

from kstore.cli.main import run
from kstore.errors import AccessDenied, SourceError, StoreUnreachable, Unsupported, UsageError
from kstore.source.etcd.live import LiveSource
from kstore.source.etcd2 import Etcd2Source
from kstore.source.location.address import open_source
from kstore.source.options import SourceOptions

METADATA = {"name": "wordpress", "namespace": "default", "clusterName": "", "deletionGracePeriodSeconds": None}
WORDPRESS = json.dumps(
    {
        "apiVersion": "example.com/v1",
        "kind": "Database",
        "metadata": METADATA,
        "spec": {"user": "wp", "password": "secret", "encoding": "unicode"},
    }
)
KEY = "/registry/example.com/databases/default/wordpress"


class FakeV2:
    """The part of the API that is asked: GET of a key or a tree. `refusal` is an answer to everything instead."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.index = 3
        self.refusal: tuple[int, bytes] | None = None
        self.seen: list[Any] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.seen.append(self.headers)
                status, body = fake.refusal or fake.answer(urllib.parse.unquote(urllib.parse.urlsplit(self.path).path))
                self.send_response(status)
                self.send_header("X-Etcd-Index", str(fake.index))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def put(self, key: str, value: str, ttl: int = 0) -> None:
        """Write a key; what was there is replaced, and the node is a new one."""
        self.index += 1
        self.nodes[key] = {"key": key, "value": value, "createdIndex": self.index, "modifiedIndex": self.index}
        if ttl:
            self.nodes[key]["ttl"] = ttl

    def answer(self, path: str) -> tuple[int, bytes]:
        """A node with all that is below it."""
        if path == "/version":
            return 200, b'{"etcdserver": "2.3.8", "etcdcluster": "2.3.0"}'
        key = path.removeprefix("/v2/keys") or "/"
        if not key.startswith("/"):
            return 404, b"404 page not found\n"
        node = self.tree(key)
        if node is None:
            return 404, b'{"errorCode": 100, "message": "Key not found", "index": 3}'
        return 200, json.dumps({"action": "get", "node": node}).encode()

    def tree(self, key: str) -> dict[str, Any] | None:
        """The node of a key; a directory with its nodes."""
        if key in self.nodes:
            return self.nodes[key]
        top = f"{key.rstrip('/')}/"
        names = sorted({one[len(top) :].partition("/")[0] for one in self.nodes if one.startswith(top)})
        return {"key": key, "dir": True, "nodes": [self.tree(top + name) for name in names]} if names else None


@pytest.fixture
def fake() -> Iterator[FakeV2]:
    """A fake server."""
    found = FakeV2()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(params=["fake", "etcd-3.4"])
def server(request: pytest.FixtureRequest) -> tuple[str, Callable[..., None]]:
    """An endpoint, and a function that writes a key: of the fake, and of a real server of the time."""
    if request.param == "fake":
        pretended: FakeV2 = request.getfixturevalue("fake")
        return pretended.endpoint, pretended.put
    real: Etcd = request.getfixturevalue("start_etcd_of")("etcd-3.4", enable_v2="true")

    def put(key: str, value: str, ttl: int = 0) -> None:
        form = urllib.parse.urlencode({"value": value, **({"ttl": ttl} if ttl else {})}).encode()
        asked = urllib.request.Request(f"{real.endpoint}/v2/keys{urllib.parse.quote(key)}", form, method="PUT")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked).close()

    return real.endpoint, put


@pytest.fixture
def address(server: tuple[str, Callable[..., None]]) -> str:
    """A v2 store with a Database, a ConfigMap that is changed and expires, and one whose name begins like another's."""
    endpoint, put = server
    put(KEY, WORDPRESS)
    put("/registry/configmaps/default/a", "{}")
    put("/registry/configmaps/default/a", '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}', ttl=600)
    put("/registry/configmaps/default/ab", '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"ü"}}')
    return f"etcd2+{endpoint}"


@pytest.mark.parametrize("key", [b"compact_rev_key", b"/registry/\xff", b"/registry/configmaps/default/b"])
def test_what_can_be_no_key_is_none(address: str, key: bytes) -> None:
    """Keys of the v2 API are paths of text; what others ask of every store is not asked of it."""
    with open_source(address) as source:
        assert source.get(key) is None


def test_all_keys_are_read(address: str) -> None:
    """In key order, with their indices, the time to live as a lease, and the bytes as they were put."""
    with open_source(address) as source:
        records = list(source.scan())
        assert [record.key.decode() for record in records] == [
            "/registry/configmaps/default/a",
            "/registry/configmaps/default/ab",
            KEY,
        ]
        changed, named, database = records
        assert named.mod_revision == named.create_revision == changed.mod_revision + 1
        assert 590 < changed.lease <= 600
        assert "ü".encode() in named.value
        assert database.value == WORDPRESS.encode()
        assert (database.lease, database.version) == (0, 1)
        assert source.status().revision == max(record.mod_revision for record in records)
        assert list(source.leases()) == [changed.lease]


def test_prefixes_and_single_keys(address: str) -> None:
    """A prefix is one of bytes, as in v3; a directory is no key; what is not there is None."""
    with open_source(address) as source:
        assert len(list(source.scan(b"/registry/configmaps/default/a"))) == 2
        later = source.scan(b"/registry/configmaps/", start=b"/registry/configmaps/default/aa")
        assert [record.key for record in later] == [b"/registry/configmaps/default/ab"]
        assert list(source.scan(b"/elsewhere/")) == []
        found = source.get(KEY.encode())
        assert found is not None
        assert found.value == WORDPRESS.encode()
        assert source.get(b"/registry/configmaps") is None
        assert source.get(b"/registry/configmaps/default/none") is None
        with pytest.raises(Unsupported, match="earlier index"):
            list(source.scan(revision=1))


def test_it_is_exported_and_put_into_a_store_of_today(
    address: str, start_etcd: Callable[..., Etcd], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`export` writes it down, `restore` puts an object of it into an etcd 3, byte for byte."""
    backup = tmp_path / "backup"
    assert run(["--store", address, "export", str(backup)]) == 0
    assert "3 objects" in capsys.readouterr().err
    etcd = start_etcd()
    assert run(["--store", etcd.endpoint, "restore", KEY, "--from", str(backup), "--yes"]) == 0
    with LiveSource([etcd.endpoint]) as source:
        record = source.get(KEY.encode())
        assert record is not None
        assert record.value == WORDPRESS.encode()
    assert run(["--store", address, "migrate", "--to", "v1", "--yes"]) == 4


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [
        ((401, b'{"message": "Insufficient credentials"}'), AccessDenied, "refuses these credentials"),
        ((404, b"404 page not found\n"), Unsupported, "no v2 keys API"),
        ((200, b"<html>"), SourceError, "not an answer of etcd"),
        ((200, b'{"action": "get"}'), SourceError, "not an answer of the v2 keys API"),
        ((500, b'{"errorCode": 300, "message": "Raft Internal Error"}'), SourceError, "500: Raft Internal Error"),
    ],
)
def test_what_a_server_refuses(fake: FakeV2, refusal: tuple[int, bytes], error: type[Exception], words: str) -> None:
    """Each refusal is said as what it is."""
    fake.refusal = refusal
    with pytest.raises(error, match=words):
        list(Etcd2Source([fake.endpoint]).scan())


def test_user_and_endpoints(fake: FakeV2) -> None:
    """User and password go along; an endpoint that is down is passed over, all of them are an error."""
    fake.put(KEY, WORDPRESS)
    source = Etcd2Source(["http://127.0.0.1:1", fake.endpoint], SourceOptions(user="u", password="p"))
    assert len(list(source.scan())) == 1
    assert fake.seen[-1]["Authorization"] == "Basic dTpw"
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1"):
        Etcd2Source(["http://127.0.0.1:1"]).reach()
    with pytest.raises(UsageError):
        Etcd2Source(["ftp://host"])


def credentials(server: HostileServer) -> list[bool]:
    """Whether each request so far carried the password."""
    return [b"authorization: basic" in head.lower() for head in server.requests]


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:{port}/", "//127.0.0.1:{port}/v2/keys/registry"])
def test_the_password_stays_with_its_server(fake: FakeV2, elsewhere: str) -> None:
    """A redirect to another server is followed, and that one is told neither user nor password."""
    with HostileServer("cut_short") as other:
        place = elsewhere.format(port=other.port)
        with HostileServer(redirect_to(place)) as first:
            source = Etcd2Source([first.url], SourceOptions(user="u", password="p", command_timeout=60))
            with pytest.raises(StoreUnreachable, match="early"):
                list(source.scan())
            assert credentials(first) == [True]
        assert credentials(other) == [False]


@pytest.mark.parametrize("place", ["http://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/", "http://127.0.0.1:99999/"])
def test_https_is_not_left_for_plain_text(authority: Authority, tmp_path: Path, place: str) -> None:
    """Nothing is asked over plain text of whom https was asked for, and nothing of what is no server."""
    certificate = tmp_path / "server.pem"
    certificate.write_bytes(b"".join(file.read_bytes() for file in authority.issue("etcd2")))
    with HostileServer("no_answer") as other:
        with HostileServer(redirect_to(place.format(port=other.port)), certificate) as first:
            options = SourceOptions(user="u", password="p", cacert=authority.cacert, command_timeout=60)
            with pytest.raises(SourceError, match="not followed") as refused:
                list(Etcd2Source([first.url], options).scan())
            assert refused.value.where.startswith(first.url)
        assert other.requests == []


def test_redirects_have_an_end() -> None:
    """A server that sends one round in circles is given up, with its credentials where they belong."""
    with HostileServer("redirect_to_itself") as server:
        with pytest.raises(SourceError, match="more than 5 redirects"):
            list(Etcd2Source([server.url], SourceOptions(user="u", password="p")).scan())
        assert credentials(server) == [True] * 6


@pytest.mark.parametrize(
    ("misdeed", "words"),
    [
        ("dripping_body", "no whole answer within 0.3 s"),
        ("dripping_head", "no whole answer within 0.3 s"),
        ("endless_continue", "no whole answer within 0.3 s"),
        ("endless_headers", "not HTTP as it should be"),
        ("deep_json", "not an answer of etcd"),
    ],
)
def test_a_hostile_server_ends(misdeed: str, words: str) -> None:
    """Whatever the server does, an error names it in the time that was given."""
    seconds = 0.3 if "0.3" in words else 200
    with HostileServer(misdeed) as server:
        with pytest.raises(SourceError, match=words) as raised:
            list(Etcd2Source([server.url], SourceOptions(command_timeout=seconds)).scan())
        assert str(server.port) in str(raised.value)


@pytest.mark.parametrize(
    "node", [{}, {"key": "/a"}, {"key": 5, "createdIndex": 1, "modifiedIndex": 1}, {"dir": True, "nodes": [5]},
             {"key": "/a", "createdIndex": "many", "modifiedIndex": 1}, {"dir": True, "nodes": 5}]
)  # fmt: skip
def test_nodes_that_are_none(fake: FakeV2, node: dict[str, Any]) -> None:
    """A node without what each has is an error of the store."""
    fake.refusal = (200, json.dumps({"node": {"dir": True, "nodes": [node]}}).encode())
    with pytest.raises(SourceError, match="not a node of the v2 keys API"):
        list(Etcd2Source([fake.endpoint]).scan())
