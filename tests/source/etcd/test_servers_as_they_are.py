"""
Real etcds that are not as one would wish: behind a proxy, learners, without a quorum, with certificates of every kind,
and for users who may read a part. Each answers what a plain one answers, or it is said why not.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from tests.patience import COMMAND_TIMEOUT, SECONDS, InsistentSource, until
from tests.source.conftest import Authority, TlsEtcd
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd, Server, find_etcd, free_port

from kstore.catalog.releases import newest
from kstore.cli.main import run
from kstore.errors import NotWritable, StoreUnreachable
from kstore.inspect.analysis import Analyzer
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource
from kstore.store import Store
from kstore.testing import HISTORY_CHECKS, READ_CHECKS, WRITE_CHECKS, closes_twice, fill
from kstore.write.commit import writable

pytestmark = pytest.mark.etcd

Connect = Callable[..., LiveSource]
OPEN = tuple(check for check in READ_CHECKS if check is not closes_twice)
"""Those that leave the store open."""


def suite(filled: LiveSource) -> None:
    """What every source passes, on one that is empty so far."""
    for check in WRITE_CHECKS:
        check(filled)
        for record in list(filled.scan()):
            filled.commit([_deletion(record.key, record.mod_revision)])
    fill(filled)
    for other in (*HISTORY_CHECKS[:1], *OPEN):
        other(filled)


def _deletion(key: bytes, revision: int) -> object:
    from kstore.records import Delete

    return Delete(key, revision)


# ---- certificates


@pytest.mark.large
@pytest.mark.parametrize(
    "make",
    [ed25519.Ed25519PrivateKey.generate, lambda: ec.generate_private_key(ec.SECP521R1())],
    ids=["Ed25519", "P-521"],
)
def test_keys_that_grpc_does_not_know(
    start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, connect: Connect, make: Callable[[], object]
) -> None:
    """Such a server is verified and read all the same, and one of another authority is still refused."""
    certificate = authority.issue("unusual", key=make())  # type: ignore[arg-type]
    server = start_tls_etcd(certificate, client_cert_auth="false", trusted_ca_file="")
    suite(connect(server.endpoint, cacert=authority.cacert))
    with pytest.raises(StoreUnreachable, match="authority"):
        connect(server.endpoint).reach()
    with pytest.raises(StoreUnreachable, match="another name"):
        connect(server.endpoint, cacert=authority.cacert, tls_server_name="other").reach()


@pytest.mark.large
@pytest.mark.parametrize(
    ("validity", "words", "hint"),
    [({"days": -1}, "has expired", "renew"), ({"since": -5}, "not valid yet", "clocks")],
    ids=["expired", "not yet valid"],
)
def test_certificates_out_of_their_time(
    start_tls_etcd: Callable[..., TlsEtcd],
    authority: Authority,
    connect: Connect,
    validity: dict[str, int],
    words: str,
    hint: str,
) -> None:
    """The error names what is wrong with the certificate, and what reads the store all the same does."""
    server = start_tls_etcd(authority.issue("late", **validity), client_cert_auth="false", trusted_ca_file="")  # type: ignore[arg-type]
    with pytest.raises(StoreUnreachable, match=words) as caught:
        connect(server.endpoint, cacert=authority.cacert).reach()
    assert hint in caught.value.hint
    assert "`insecure_skip_tls_verify=True`" in caught.value.hint
    connect(server.endpoint, insecure_skip_tls_verify=True).reach()


@pytest.mark.large
def test_unix_sockets_with_tls(start_tls_etcd: Callable[..., TlsEtcd], authority: Authority, connect: Connect) -> None:
    """`unixs:///path` is verified for `localhost`, with a key that gRPC does not know as well."""
    certificate = authority.issue("socket", key=ed25519.Ed25519PrivateKey.generate())
    server = start_tls_etcd(certificate, client_cert_auth="false", trusted_ca_file="")
    server.server.stop()
    command = server.server.command
    urls = next(one for one in command if one.startswith("--listen-client-urls="))
    name = f"localhost:{free_port()}"  # the form that every release of etcd takes
    command[command.index(urls)] = f"{urls},unixs://{name}"
    server.server.start()
    assert connect(f"unixs://{server.server.folder / name}", cacert=authority.cacert).revision() >= 1


# ---- a proxy


@contextmanager
def grpc_proxy(binary: Path, folder: Path, endpoint: str) -> Iterator[str]:
    """An `etcd grpc-proxy` before an etcd."""
    address, metrics = f"127.0.0.1:{free_port()}", free_port()
    flags = {
        "endpoints": endpoint, "listen-addr": address, "advertise-client-url": address, "data-dir": str(folder / "d"),
        "metrics-addr": f"http://127.0.0.1:{metrics}",
    }  # fmt: skip
    command = [str(binary), "grpc-proxy", "start", *(f"--{name}={value}" for name, value in flags.items())]
    server = Server("grpc-proxy", command, folder, (metrics, "/metrics", False))
    server.start()
    try:
        yield f"http://{address}"
    finally:
        server.kill()


def test_grpc_proxy(etcd_server: Etcd, etcd_binary: Path, connect: Connect, tmp_path: Path) -> None:
    """It never says how far a watch has come: history and watch end all the same, and so on an empty store."""
    with grpc_proxy(etcd_binary, tmp_path, etcd_server.endpoint) as endpoint:
        store = connect(endpoint)
        assert list(store.history_scan()) == []
        suite(store)
        whole = [(one.record.key, one.record.mod_revision) for one in connect(etcd_server.endpoint).history_scan()]
        assert [(one.record.key, one.record.mod_revision) for one in store.history_scan()] == whole
        changes = store.watch(b"/b", start_revision=2)
        assert next(changes).record.key.startswith(b"/b")  # type: ignore[union-attr]
        changes.close()  # type: ignore[attr-defined]


# ---- one that is slow


@pytest.mark.alone
def test_a_server_that_takes_its_time(etcd_server: Etcd, connect: Connect) -> None:
    """A server that accepts a connection and says nothing for seconds is waited for as long as was asked for."""
    assert etcd_server.process is not None
    process = etcd_server.process
    process.send_signal(signal.SIGSTOP)
    waking = threading.Timer(4, process.send_signal, [signal.SIGCONT])
    waking.start()
    try:
        assert connect(etcd_server.endpoint, dial_timeout=SECONDS).revision() == 1
    finally:
        waking.join()


# ---- learners, and members without a leader


@pytest.fixture
def learner(etcd_server: Etcd, etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a learner that has joined an etcd."""
    folder = tmp_path_factory.mktemp("learner")
    client, peer = free_port(), f"http://127.0.0.1:{free_port()}"
    first = next(one for one in etcd_server.command if one.startswith("--initial-cluster=")).partition("=")[2]
    ctl = [str(find_etcd("etcdctl")), f"--endpoints={etcd_server.endpoint}", COMMAND_TIMEOUT]
    subprocess.run([*ctl, "member", "add", "l", "--learner", f"--peer-urls={peer}"], check=True, capture_output=True)
    flags = {
        "name": "l", "data-dir": str(folder / "d"), "listen-client-urls": f"http://127.0.0.1:{client}",
        "advertise-client-urls": f"http://127.0.0.1:{client}", "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer, "initial-cluster": f"{first},l={peer}",
        "initial-cluster-state": "existing", "log-level": "error",
    }  # fmt: skip
    command = [str(etcd_binary), *(f"--{name}={value}" for name, value in flags.items())]
    metrics = free_port()
    server = Server("learner", [*command, f"--listen-metrics-urls=http://127.0.0.1:{metrics}"], folder, (metrics, "/metrics", False))  # noqa: E501  # fmt: skip
    server.start()
    yield f"http://127.0.0.1:{client}"
    server.kill()


@pytest.mark.large
def test_a_learner_first(etcd_server: Etcd, learner: str, connect: Connect) -> None:
    """A voting member behind it is used; alone it is said to be one, at once, and read as far as it has come."""
    suite(connect(learner, etcd_server.endpoint))
    alone = connect(learner, command_timeout=SECONDS)
    with pytest.raises(StoreUnreachable, match="learner") as caught:
        alone.count()
    assert "`serializable=True`" in caught.value.hint
    serializable = connect(learner, serializable=True)
    newest_revision = connect(etcd_server.endpoint).revision()
    until(lambda: serializable.revision() == newest_revision)
    for check in OPEN:
        check(serializable)


@pytest.mark.alone
def test_the_quorum_is_lost(three_members: list[Server], connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    """One member of three is left: that is said, with what reads it; nothing is written."""
    with InsistentSource([one.endpoint for one in three_members]) as filling:
        fill(filling)
    last = three_members[2]
    behind = connect(last.endpoint, serializable=True)
    until(lambda: len(list(behind.keys())) == 5)
    for server in three_members[:2]:
        server.kill()

    def lost() -> bool:
        try:
            connect(last.endpoint, command_timeout=3.0).count()
        except StoreUnreachable as error:
            return "quorum is lost" in str(error) and "`serializable=True`" in error.hint
        return False

    until(lost)
    for check in OPEN:
        check(behind)
    assert run(["--store", last.endpoint, "--consistency", "serializable", "--etcd-prefix", "/a", "ls", "/", "-o", "keys"]) == 0  # noqa: E501  # fmt: skip
    assert capsys.readouterr().out.splitlines() == ["/a/1", "/a/3"]
    with pytest.raises(StoreUnreachable, match="quorum is lost") as caught:
        connect(last.endpoint, command_timeout=2.0).commit([Put(b"/x", b"1", 0)])
    assert "`serializable=True`" in caught.value.hint


def test_a_stale_store_is_not_written(etcd_server: Etcd, connect: Connect) -> None:
    """What one member has by itself says nothing of how a write ended: it is refused, before anything is saved."""
    with pytest.raises(NotWritable, match="stale") as caught:
        writable(connect(etcd_server.endpoint, serializable=True))
    assert "`serializable=True`" in caught.value.hint
    assert writable(connect(etcd_server.endpoint))


def test_nobody_listens_behind_a_tunnel(connect: Connect) -> None:
    """Where a certificate is not verified, a server that is not there is told as any other: not as our own socket."""
    with pytest.raises(StoreUnreachable, match="connection refused") as caught:
        connect(f"https://127.0.0.1:{free_port()}", insecure_skip_tls_verify=True).reach()
    assert "kstore-tls" not in f"{caught.value} {caught.value.hint}"


# ---- users who may read a part


@pytest.mark.large
@pytest.mark.parametrize(
    ("may_read", "expected"),
    [("/tenant-a/", "/tenant-a"), ("/registry/", "/registry"), ("/tenant-a/configmaps/", "/tenant-a")],
)
def test_a_user_of_one_prefix(
    etcd_release: EtcdRelease, serve: Callable[..., Etcd], connect: Connect, may_read: str, expected: str
) -> None:
    """What such a user may read is listed, with its history, and no prefix need be named."""
    server = serve(etcd_release)
    top = expected.strip("/")
    plain = connect(server.endpoint)
    value = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"d"}}'
    for tenant in (top, "tenant-b"):
        plain.commit([Put(f"/{tenant}/configmaps/d/c".encode(), value, 0)])
    for words in (
        "user add root:rootpw", "user grant-role root root", "user add t:tpw", "role add t",
        f"role grant-permission t --prefix readwrite {may_read}", "user grant-role t t", "auth enable",
    ):  # fmt: skip
        etcd_release.ctl(server.endpoint, *words.split())
    source = connect(server.endpoint, user="t", password="tpw")
    store = Store(source, Scheme(newest()))
    assert store.prefixes == (expected,)
    assert source.status().kind == "etcd"
    assert source.status().revision == 3
    key = f"{expected}/configmaps/d/c".encode()
    assert [one.record.key for one in store.objects(store.resources("configmaps")[0])] == [key]
    assert [one.record.mod_revision for one in source.history(key)] == [2]
    assert [one.record.key for one in source.history_scan(may_read.encode())] == [key]
    assert store.elsewhere() == {}
    if may_read.count("/") == 2:
        assert [one.record.key for one in store.under(f"{expected}/")] == [key]
        assert Analyzer(store).run().total.objects == 1


@pytest.mark.large
def test_the_history_of_such_a_user(
    etcd_release: EtcdRelease, serve: Callable[..., Etcd], connect: Connect, etcd_binary: Path, tmp_path: Path
) -> None:
    """
    A server that does not say how far a watch has come (before 3.5.13, or behind a proxy) and lets the user watch
    nothing else: changes, deletions and what others changed last come to the same as for who may read all.
    """
    server = serve(etcd_release)
    plain = connect(server.endpoint)
    keys = [b"/tenant-a/configmaps/d/%d" % number for number in range(4)]
    for number in range(12):
        key = keys[number % len(keys)]
        found = plain.get(key)
        if number % 5 == 4 and found is not None:
            plain.commit([_deletion(key, found.mod_revision)])
        else:
            plain.commit([Put(key, b"%d" % number, found.mod_revision if found else 0)])
    plain.commit([Put(b"/tenant-b/configmaps/d/last", b"{}", 0)])
    for words in (
        "user add root:rootpw", "user grant-role root root", "user add t:tpw", "role add t",
        "role grant-permission t --prefix readwrite /tenant-a/", "user grant-role t t", "auth enable",
    ):  # fmt: skip
        etcd_release.ctl(server.endpoint, *words.split())
    whole = list(connect(server.endpoint, user="root", password="rootpw").history_scan(b"/tenant-a/"))
    assert len(whole) == 12
    with grpc_proxy(etcd_release.etcd, tmp_path, server.endpoint) as proxy:
        for endpoint in (server.endpoint, proxy):
            source = connect(endpoint, user="t", password="tpw")
            assert list(source.history_scan(b"/tenant-a/")) == whole
            assert list(source.history(keys[0])) == [one for one in whole if one.record.key == keys[0]]
            assert list(source.history(b"/tenant-a/none")) == []
