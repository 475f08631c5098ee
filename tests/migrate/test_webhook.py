"""
A conversion webhook over real TLS.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kstore.errors import NotConvertible
from kstore.migrate.webhook import ConversionWebhook


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A certificate of 127.0.0.1 that signs itself: a file with its key, and the PEM alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "webhook")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = built.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(pem + private)
    return path, pem


Answer = Callable[[dict[str, Any]], Any]


@pytest.fixture
def serve(certificate: tuple[Path, bytes]) -> Iterator[Callable[[Answer], int]]:
    """Start a webhook that answers with what a function makes of the review; its port."""
    servers: list[HTTPServer] = []

    def start(answer: Answer) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(answer(review)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate[0])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def good(review: dict[str, Any]) -> dict[str, Any]:
    """A review answered as a webhook should."""
    request = review["request"]
    objects = [{**one, "apiVersion": request["desiredAPIVersion"]} for one in request["objects"]]
    response = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects}
    return {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}


def webhook(port: int, bundle: bytes, versions: tuple[str, ...] = ("v1",)) -> ConversionWebhook:
    client = {"url": f"https://127.0.0.1:{port}/convert", "caBundle": base64.b64encode(bundle).decode()}
    return ConversionWebhook.of(
        "boats.example.com", {"clientConfig": client, "conversionReviewVersions": list(versions)}
    )


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_objects_come_back_in_order(serve, certificate, version):
    """A review of the version the webhook prefers goes out over TLS, in batches; objects come back in order."""
    reviews: list[Any] = []

    def answer(review: dict[str, Any]) -> dict[str, Any]:
        reviews.append(review["apiVersion"])
        return good(review)

    ask = webhook(serve(answer), certificate[1], (version, "v1"))
    objects = [{"kind": "Boat", "apiVersion": "b/v1", "number": number} for number in range(250)]
    assert [one["number"] for one in ask(objects, "b/v2")] == list(range(250))
    assert reviews == [f"apiextensions.k8s.io/{version}"] * 3


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda review: {}, "no response"),
        (lambda review: [], "no object"),
        (lambda review: {**good(review), "kind": "Status"}, "expected a review of v1"),
        (lambda review: {**good(review), "response": {**good(review)["response"], "uid": "x"}}, "another request"),
        (
            lambda review: {
                **good(review),
                "response": {"uid": review["request"]["uid"], "result": {"status": "Failure", "message": "no boats"}},
            },
            "no boats",
        ),
        (
            lambda review: {**good(review), "response": {**good(review)["response"], "convertedObjects": []}},
            "0 objects, expected 1",
        ),
    ],
)
def test_wrong_answers_are_refused(serve, certificate, spoil, complaint):
    """What is no success for these very objects is refused with the webhook's own words, where it has some."""
    with pytest.raises(NotConvertible, match=complaint):
        webhook(serve(spoil), certificate[1])([{"kind": "Boat", "apiVersion": "b/v1"}], "b/v2")


def test_a_server_that_the_bundle_does_not_know(serve):
    """Without the CRD's caBundle the certificate is not trusted."""
    with pytest.raises(NotConvertible, match="cannot be asked"):
        webhook(serve(good), b"")([{"kind": "Boat", "apiVersion": "b/v1"}], "b/v2")


def test_nobody_answers():
    """A webhook that does not listen is named, and how to ask another."""
    with pytest.raises(NotConvertible, match="cannot be asked") as raised:
        webhook(1, b"")([{"kind": "Boat", "apiVersion": "b/v1"}], "b/v2")
    assert "--webhook-url" in raised.value.hint


def test_where_a_service_lies():
    """A service becomes its name in the cluster; a URL given by hand wins."""
    service = {"clientConfig": {"service": {"name": "boats", "namespace": "port", "path": "convert"}}}
    assert ConversionWebhook.of("x", {**service, "conversionReviewVersions": ["v1"]}).url == (
        "https://boats.port.svc:443/convert"
    )
    assert ConversionWebhook.of("x", service, url="https://127.0.0.1:8443").url == "https://127.0.0.1:8443"


def test_a_review_that_nobody_knows():
    """A webhook that wants an unknown version of the review is refused at once."""
    with pytest.raises(NotConvertible, match="v2alpha1"):
        ConversionWebhook.of("x", {"clientConfig": {"url": "https://a"}, "conversionReviewVersions": ["v2alpha1"]})
