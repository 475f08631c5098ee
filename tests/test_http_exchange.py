"""
Exchanges with servers that do not answer as they should: each ends, in time and memory, with what was wrong.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tools.hostile_server import HostileServer, redirect_to, self_signed

from kstore.http_exchange import ExchangeFailed, HttpClient, verifying_context

TIMEOUT = 0.3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, and its key."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    self_signed(path)
    return path


MISDEEDS = [
    ("silence", "deadline"),
    ("no_answer", "deadline"),
    ("dripping_head", "deadline"),
    ("dripping_body", "deadline"),
    ("endless_continue", "deadline"),
    ("endless_headers", "protocol"),
    ("endless_line", "protocol"),
    ("endless_body", "size"),
    ("endless_chunk", "size"),
    ("cut_short", "protocol"),
    ("no_http", "protocol"),
]


@pytest.mark.parametrize(("misdeed", "kind"), MISDEEDS)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_every_exchange_ends(misdeed: str, kind: str, tls: bool, certificate: Path) -> None:
    """Whatever the server does, with TLS or without, the exchange fails as what it is; nothing is waited for twice."""
    with HostileServer(misdeed, certificate if tls else None) as server:
        client = HttpClient(
            server.url,
            tls=verifying_context(cafile=str(certificate)) if tls else None,
            timeout=TIMEOUT if kind == "deadline" else 200,
            limit=1 << 20,
            keep_alive=True,
        )
        with pytest.raises(ExchangeFailed) as failed:
            client.request("POST", "/convert", body=b"{}")
        assert failed.value.kind == kind
        assert failed.value.reason


@pytest.mark.parametrize("misdeed", ["no_answer", "no_http"])
def test_plain_text_where_tls_belongs(misdeed: str) -> None:
    """A server that does not speak TLS is told from one that cannot be reached."""
    with HostileServer(misdeed) as server:
        client = HttpClient(f"https://127.0.0.1:{server.port}", timeout=TIMEOUT, limit=1000)
        with pytest.raises(ExchangeFailed) as failed:
            client.request("GET", "/")
        assert failed.value.kind in ("tls", "deadline")


def test_a_certificate_that_nobody_vouches_for(certificate: Path) -> None:
    """The server is not spoken to, and the reason names the certificate."""
    with HostileServer("no_answer", certificate) as server:
        client = HttpClient(server.url, timeout=60, limit=1000)
        with pytest.raises(ExchangeFailed, match="certificate") as failed:
            client.request("GET", "/", headers={"Authorization": "secret"})
        assert failed.value.kind == "tls"
        assert server.requests == []


def test_nobody_listens() -> None:
    """That is told from all others: nobody is there."""
    with pytest.raises(ExchangeFailed, match="refused") as failed:
        HttpClient("http://127.0.0.1:1", timeout=60, limit=1000).request("GET", "/")
    assert failed.value.kind == "unreachable"


def test_a_server_that_does_not_read(certificate: Path) -> None:
    """A request that nobody takes is given up as well."""
    stop = threading.Event()

    def takes_nothing(*_: object) -> None:
        stop.wait()

    with HostileServer(takes_nothing, certificate) as server:
        client = HttpClient(server.url, tls=verifying_context(cafile=str(certificate)), timeout=TIMEOUT, limit=1000)
        with pytest.raises(ExchangeFailed) as failed:
            client.request("POST", "/", body=b"x" * (64 << 20))
        stop.set()
        assert failed.value.kind == "deadline"


def test_redirects_are_answers() -> None:
    """They are handed back as they are; nobody is asked elsewhere."""
    with HostileServer(redirect_to("http://127.0.0.1:1/")) as server:
        answer = HttpClient(server.url, timeout=60, limit=1000).request("GET", "/", headers={"Authorization": "secret"})
        assert (answer.status, answer.headers["Location"]) == (307, "http://127.0.0.1:1/")
        assert len(server.requests) == 1


def test_a_proxy_is_asked_to_connect() -> None:
    """Of https only the tunnel is asked of a proxy, with its own credentials; of http the whole URL."""
    with HostileServer("no_http") as proxy:
        address = f"http://me:pass%21@127.0.0.1:{proxy.port}"
        for url in ("https://etcd.example:2379", "http://etcd.example:2379"):
            with pytest.raises(ExchangeFailed):
                HttpClient(url, timeout=30, limit=1000, proxy=address).request("GET", "/v2/keys")
        tunnel, whole = (head.decode() for head in proxy.requests)
        assert tunnel.startswith("CONNECT etcd.example:2379 ")
        assert whole.startswith("GET http://etcd.example:2379/v2/keys ")
        assert tunnel.count("Basic bWU6cGFzcyE=") == whole.count("Basic bWU6cGFzcyE=") == 1
    with pytest.raises(ValueError, match="socks5"):
        HttpClient("http://a", timeout=1, limit=1, proxy="socks5://127.0.0.1:1")


@pytest.mark.large
@pytest.mark.parametrize("misdeed", ["endless_body", "endless_chunk", "endless_headers", "endless_line"])
def test_memory_has_an_end(misdeed: str) -> None:
    """An answer without end needs no more memory than its limit, a few times over, and the interpreter's own."""
    program = (
        "import sys\n"
        "from kstore.http_exchange import HttpClient, ExchangeFailed\n"
        "try:\n"
        "    HttpClient(sys.argv[1], timeout=200, limit=16 << 20).request('GET', '/')\n"
        "except ExchangeFailed as error:\n"
        "    print(error.kind)\n"
    )
    with HostileServer(misdeed) as server:
        ran = subprocess.run(
            [sys.executable, "-c", program, server.url],
            capture_output=True,
            text=True,
            timeout=300,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20)),
        )
    assert ran.stdout.strip() in ("size", "protocol"), ran.stderr
