"""Connections to real etcds: TLS, users, several endpoints, members that die, and releases that stream or do not."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from tests.patience import SECONDS, InsistentSource
from tests.source.conftest import Authority, TlsEtcd
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd, Server, free_port

from kstore.errors import AccessDenied, StoreUnreachable, UsageError
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

pytestmark = pytest.mark.etcd

Connect = Callable[..., LiveSource]


# ---- TLS


def test_a_client_certificate(start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, connect: Connect) -> None:
    """A server that wants a client's certificate is read and written with one."""
    server = start_tls_etcd()
    cert, key = authority.issue("client")
    store = connect(server.endpoint, cacert=authority.cacert, cert=cert, key=key)
    assert store.commit([Put(b"/a", b"1", 0)]).succeeded
    assert [record.key for record in store.scan()] == [b"/a"]


def test_no_client_certificate(start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, connect: Connect) -> None:
    """Without one the server closes the connection; what it wants is said, as the reason or as what may be it."""
    server = start_tls_etcd()
    with pytest.raises(StoreUnreachable) as caught:
        connect(server.endpoint, cacert=authority.cacert).reach()
    assert server.endpoint in caught.value.where or server.endpoint in str(caught.value)
    assert "client certificate" in f"{caught.value} {caught.value.hint}"
    assert "`cert=` and `key=`" in caught.value.hint


def test_another_authority(
    start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, connect: Connect, tmp_path: Path
) -> None:
    """A server whose certificate another authority signed is not trusted, unless told that it does not matter."""
    other = Authority(tmp_path, "other")
    server = start_tls_etcd(other.issue("server"), client_cert_auth="false", trusted_ca_file="")
    with pytest.raises(StoreUnreachable, match="authority") as caught:
        connect(server.endpoint, cacert=authority.cacert).reach()
    assert "`cacert=`" in caught.value.hint
    connect(server.endpoint, cacert=other.cacert).reach()
    connect(server.endpoint, insecure_skip_tls_verify=True).reach()


@pytest.mark.large
def test_only_kstore_speaks(start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, tmp_path: Path) -> None:
    """What gRPC's core would write of a failed handshake on standard error stays unsaid: the error is one line."""
    server = start_tls_etcd()
    untrusted = ["--cacert", str(Authority(tmp_path, "other").cacert)]
    wanting = ["--cacert", str(authority.cacert)]
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}
    for options in (untrusted, wanting):
        command = [sys.executable, "-m", "kstore", "--store", server.endpoint, *options, "ls"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 1
        assert [line.split()[0] for line in ran.stderr.splitlines()] == ["kstore:", "hint:"]


def test_another_name(start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, connect: Connect) -> None:
    """A certificate for another name is not accepted, unless that name is the one expected."""
    server = start_tls_etcd(
        authority.issue("elsewhere", names=("etcd.example.com",)), client_cert_auth="false", trusted_ca_file=""
    )
    with pytest.raises(StoreUnreachable, match="another name") as caught:
        connect(server.endpoint, cacert=authority.cacert).reach()
    assert "`tls_server_name=`" in caught.value.hint
    connect(server.endpoint, cacert=authority.cacert, tls_server_name="etcd.example.com").reach()


def test_plain_text_where_tls_is_spoken(start_tls_etcd: Callable[..., TlsEtcd], connect: Connect) -> None:
    """http:// to a server that speaks TLS is an error in time, and the hint has the other scheme."""
    server = start_tls_etcd()
    with pytest.raises(StoreUnreachable, match="closed the connection") as caught:
        connect(server.endpoint.replace("https", "http")).reach()
    assert "write https://" in caught.value.hint


def test_tls_where_plain_text_is_spoken(etcd_server: Etcd, connect: Connect) -> None:
    """And the other way round."""
    with pytest.raises(StoreUnreachable, match="closed the connection") as caught:
        connect(etcd_server.endpoint.replace("http", "https")).reach()
    assert "http:// if it does not" in caught.value.hint


def test_a_certificate_of_another_authority(
    start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, connect: Connect, tmp_path: Path
) -> None:
    """A server that does not know who signed the client's certificate says so; the hint names its own option."""
    server = start_tls_etcd()
    cert, key = Authority(tmp_path, "other").issue("client")
    with pytest.raises(StoreUnreachable, match="certificate") as caught:
        connect(server.endpoint, cacert=authority.cacert, cert=cert, key=key).reach()
    assert "--trusted-ca-file" in caught.value.hint


class Silent(http.server.BaseHTTPRequestHandler):
    """A web server without a log."""

    def log_message(self, *_: object) -> None: ...


def test_a_port_of_something_else(connect: Connect) -> None:
    """A web server is not an etcd, and where etcd's clients usually go is told."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(StoreUnreachable, match="it does not speak etcd's protocol") as caught:
            connect(f"http://127.0.0.1:{server.server_address[1]}").reach()
        server.shutdown()
    assert "2379" in caught.value.hint


# ---- users


@pytest.fixture
def guarded(newest_release: EtcdRelease, serve: Callable[..., Etcd]) -> Etcd:
    """An etcd with authentication: root, and a reader of /a."""
    server = serve(newest_release)
    for words in (
        "user add root:rootpw",
        "user grant-role root root",
        "user add reader:readerpw",
        "role add reading",
        "role grant-permission reading --prefix read /a",
        "user grant-role reader reading",
        "put /a/1 x",
        "put /b/1 x",
        "auth enable",
    ):
        newest_release.ctl(server.endpoint, *words.split())
    return server


@pytest.mark.large
def test_users_and_roles(guarded: Etcd, connect: Connect) -> None:
    """Each user reads and writes what its role permits; all else is AccessDenied that says what to do."""
    root = connect(guarded.endpoint, user="root", password="rootpw")
    assert root.commit([Put(b"/a/2", b"x", 0)]).succeeded
    assert root.count() == 3
    reader = connect(guarded.endpoint, user="reader", password="readerpw")
    assert [record.key for record in reader.scan(b"/a")] == [b"/a/1", b"/a/2"]
    with pytest.raises(AccessDenied, match="may not"):
        list(reader.scan(b"/b"))
    with pytest.raises(AccessDenied, match="may not"):
        reader.commit([Put(b"/a/3", b"x", 0)])
    with pytest.raises(AccessDenied, match="wrong user or password") as wrong:
        connect(guarded.endpoint, user="root", password="no").count()
    assert "an etcd user, not of Kubernetes" in wrong.value.hint
    with pytest.raises(AccessDenied) as caught:
        connect(guarded.endpoint).count()
    assert "`user=`" in caught.value.hint
    with pytest.raises(UsageError, match="password is missing"):
        connect(guarded.endpoint, user="root")


@pytest.mark.large
def test_a_token_that_expires(newest_release: EtcdRelease, guarded: Etcd, connect: Connect) -> None:
    """When users change, tokens are void; a new one is asked for without a word."""
    root = connect(guarded.endpoint, user="root", password="rootpw")
    assert root.count() == 2
    newest_release.ctl(guarded.endpoint, "--user=root:rootpw", "user", "add", "another:pw")
    assert root.commit([Put(b"/a/2", b"x", 0)]).succeeded
    assert root.count() == 3


# ---- endpoints


def test_an_endpoint_that_is_down(etcd_server: Etcd, connect: Connect) -> None:
    """Of several endpoints one that answers is enough; when none does, all are named."""
    dead = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    store = connect(dead[0], etcd_server.endpoint, dead[1])
    assert store.commit([Put(b"/a", b"1", 0)]).succeeded
    with pytest.raises(StoreUnreachable) as caught:
        connect(*dead).reach()
    assert all(endpoint in str(caught.value) for endpoint in dead)
    assert "connection refused" in str(caught.value)


@pytest.mark.alone
def test_a_leader_that_dies(three_members: list[Server], connect: Connect) -> None:
    """Reads and a scan in the middle go on when members of a cluster die one after the other and come back."""
    endpoints = [server.endpoint for server in three_members]
    store = connect(*endpoints, command_timeout=SECONDS)
    filling = InsistentSource(endpoints)
    keys = [b"/a/%05d" % number for number in range(2000)]
    for start in range(0, len(keys), 100):
        assert filling.commit([Put(key, b"x" * 2000, 0) for key in keys[start : start + 100]]).succeeded
    filling.close()
    scan = store.scan(b"/a/")
    found = [next(scan).key]
    three_members[0].kill()
    found += [record.key for record in scan]
    assert found == keys
    three_members[0].start()
    three_members[1].kill()
    assert store.count(b"/a/") == len(keys)
    assert list(store.keys(b"/a/")) == keys


# ---- releases


@pytest.mark.parametrize("name", ["etcd-3.4", "etcd", "etcd-3.7"])
def test_releases_that_stream_and_those_that_do_not(
    name: str, start_etcd_of: Callable[..., Etcd], connect: Connect
) -> None:
    """A scan is the same through RangeStream (3.7) and page by page; one revision in both."""
    store = connect(start_etcd_of(name).endpoint)
    keys = [b"/a/%05d" % number for number in range(3000)]
    for start in range(0, len(keys), 100):
        store.commit([Put(key, b"v" * 1000, 0) for key in keys[start : start + 100]])
    scan = store.scan(b"/a/")
    first = next(scan)
    record = store.get(keys[-1])
    assert record
    store.commit([Put(keys[-1], b"changed", record.mod_revision)])
    found = [first, *scan]
    assert [each.key for each in found] == keys
    assert found[-1] == record
    assert store.count(b"/a/") == len(keys)
