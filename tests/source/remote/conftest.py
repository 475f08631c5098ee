"""Servers on loopback that keep files: of S3's API (moto's), and of HTTP, as badly behaved as a test wants it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.source.remote.buckets import S3, new_bucket, use

from kstore.source.location.demo import unpacked


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a server of S3's API."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(moto: str, monkeypatch: pytest.MonkeyPatch) -> S3:
    """An empty bucket, and the variables with which it is read."""
    use(monkeypatch, moto)
    return new_bucket(moto)


@pytest.fixture(scope="session")
def demo() -> Path:
    """The demo store, a snapshot with its checksum."""
    return unpacked()


@dataclass
class Web:
    """A web server, and what was asked of it."""

    url: str
    answers: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    """What is done for a path, with the handler of the request."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of each request."""

    def serve(self, path: str, content: bytes, **headers: str) -> str:
        """Answer a path with a file; its address."""

        def answer(handler: Any) -> None:
            send(handler, 200, content, **headers)

        self.answers[path] = answer
        return self.url + path


def send(handler: Any, status: int, content: bytes = b"", **headers: str) -> None:
    """An answer, whole."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(content)


@pytest.fixture
def start_web() -> Iterator[Callable[[], Web]]:
    """Start a web server on a free port."""
    started: list[ThreadingHTTPServer] = []

    def start() -> Web:
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                served.asked.append((self.path, dict(self.headers)))
                served.answers.get(self.path.partition("?")[0], lambda handler: send(handler, 404))(self)

            def log_message(self, *arguments: Any) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        served = Web(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return served

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def web(start_web: Callable[[], Web]) -> Web:
    """A web server."""
    return start_web()
