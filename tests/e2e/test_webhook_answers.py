"""
A conversion webhook that answers in unusual ways: what a real server takes is taken, what it refuses is refused.
"""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from tests.e2e.aged_objects import Aged
from tests.e2e.test_aged import store
from tools.cluster import ApiError, Client, Etcd
from tools.hostile_server import self_signed

from kstore.customresource.webhook import ConversionWebhook
from kstore.errors import NotConvertible
from kstore.view.yaml_text import to_yaml

Object = dict[str, Any]
SERVICE = "hook", "sys"
"""The Service that the CRD names; nothing resolves it, and the certificate bears its name alone."""


def converted(review: Object) -> Object:
    """A review answered as it should be."""
    request = review["request"]
    objects = [{**one, "apiVersion": request["desiredAPIVersion"]} for one in request["objects"]]
    response = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects}
    return {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}


def text(review: Object) -> bytes:
    """The same as JSON."""
    return json.dumps(converted(review)).encode()


def yaml(review: Object) -> bytes:
    """The same as YAML."""
    return to_yaml(converted(review)).encode()


@dataclass(frozen=True)
class Answer:
    """How a webhook answers."""

    status: int = 200
    body: Callable[[Object], bytes] = text
    headers: dict[str, str] = field(default_factory=dict)
    first: int = 0
    """A status that the first request gets, with where to go on."""
    missing: int = 0
    """Bytes that the length promises beyond what is sent."""


ANSWERS = {
    **{f"status-{status}": Answer(status) for status in (200, 201, 202, 203, 204, 205, 206, 207, 300, 404, 500)},
    **{f"redirect-{status}": Answer(first=status) for status in (301, 302, 303, 307, 308)},
    "redirects-for-ever": Answer(307, headers={"Location": "/again"}),
    "redirect-without-place": Answer(307),
    "yaml": Answer(body=yaml),
    "yaml-that-says-so": Answer(body=yaml, headers={"Content-Type": "application/yaml"}),
    "yaml-that-says-json": Answer(body=yaml, headers={"Content-Type": "application/json"}),
    "json-that-says-text": Answer(headers={"Content-Type": "text/plain; charset=utf-8"}),
    "empty": Answer(body=lambda _: b""),
    "space-before": Answer(body=lambda review: b"\n  " + text(review)),
    "rubbish-behind": Answer(body=lambda review: text(review) + b"}"),
    "second-document": Answer(body=lambda review: text(review) + b'{"a":1}'),
    "no-number": Answer(body=lambda review: text(review).replace(b'"size": 3', b'"size": Infinity')),
    "rubbish": Answer(body=lambda _: b"<html>"),
    "list": Answer(body=lambda review: b"[" + text(review) + b"]"),
    "short": Answer(missing=5),
    "cut": Answer(body=lambda review: text(review)[:-5], missing=5),
}


class Hook(ThreadingHTTPServer):
    """A webhook whose answer is exchanged between requests."""

    answer = Answer()
    daemon_threads = True

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: Any) -> None:
        """Who hangs up is no fault of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(review, self.server.answer)

    def do_GET(self) -> None:
        """What is left of a request behind a redirect that loses its body."""
        self._answer({"kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1",
                      "request": {"uid": "", "desiredAPIVersion": "", "objects": []}}, self.server.answer)  # fmt: skip

    def _answer(self, review: Object, answer: Answer) -> None:
        elsewhere = self.path == "/elsewhere"
        body = answer.body(review)
        self.send_response(answer.first if answer.first and not elsewhere else answer.status)
        if answer.first and not elsewhere:
            self.send_header("Location", "/elsewhere")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + answer.missing))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(certificate: Path) -> Iterator[Hook]:
    """A webhook, for as long as it is needed."""
    hook = Hook(certificate)
    thread = threading.Thread(target=hook.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        hook.shutdown()
        hook.server_close()


def buoys(client_config: Object) -> Object:
    """A custom resource of two versions that a webhook converts."""
    spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "buoys.sea.example.com"},
        "spec": {
            "group": "sea.example.com", "scope": "Cluster", "names": {"plural": "buoys", "kind": "Buoy"},
            "versions": [
                {"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")
            ],
            "conversion": {"strategy": "Webhook", "webhook": {
                "clientConfig": client_config, "conversionReviewVersions": ["v1"]}},
        },
    }  # fmt: skip


def by_server(client: Client, name: str) -> Object | None:
    """The spec of the object in the other version, as the real server has it; None where it cannot."""
    try:
        found: Object = client.request("GET", f"/apis/sea.example.com/v2/buoys/{name}")["spec"]
    except ApiError:
        return None
    return found


def by_kstore(ask: ConversionWebhook) -> Object | None:
    """The same as kstore has it."""
    buoy = {"apiVersion": "sea.example.com/v1", "kind": "Buoy", "metadata": {"name": "b"}, "spec": {"size": 3}}
    (found,) = ask([buoy], "sea.example.com/v2")
    return None if isinstance(found, NotConvertible) else found["spec"]


def served_service(port: int) -> list[Aged]:
    """The Service of the webhook, at an address that only this machine has."""
    name, namespace = SERVICE
    metadata = {"creationTimestamp": "2020-01-01T00:00:00Z"}
    spec = {
        "type": "ClusterIP", "clusterIP": "127.0.0.1", "clusterIPs": ["127.0.0.1"], "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
        "ports": [{"protocol": "TCP", "port": port, "targetPort": port}],
    }  # fmt: skip
    return [
        Aged(f"/registry/services/specs/{namespace}/{name}", {
            "apiVersion": "v1", "kind": "Service", "spec": spec, "status": {"loadBalancer": {}},
            "metadata": {**metadata, "name": name, "namespace": namespace, "uid": "s"}}),
    ]  # fmt: skip


def test_answers(etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path) -> None:
    """Each is taken or refused as the real server does, for a Service whose name the certificate bears."""
    name, namespace = SERVICE
    certificate = self_signed(tmp_path / "hook.pem", x509.DNSName(f"{name}.{namespace}.svc"))
    with served(tmp_path / "hook.pem") as hook:
        store(etcd_server, served_service(hook.server_port))
        client = kube_apiserver(etcd_server).client()
        webhook = {
            "service": {"name": name, "namespace": namespace, "port": hook.server_port, "path": "/convert"},
            "caBundle": b64encode(certificate).decode(),
        }
        client.create(buoys(webhook))
        create_when_served(client)
        url = f"https://127.0.0.1:{hook.server_port}/convert"
        ask = ConversionWebhook.of(
            "buoys.sea.example.com", {"clientConfig": webhook, "conversionReviewVersions": ["v1"]}, url=url
        )
        seen: dict[str, tuple[Object | None, Object | None]] = {}
        for each, answer in ANSWERS.items():
            hook.answer = answer
            seen[each] = by_server(client, "b"), by_kstore(ask)
    assert {each: pair for each, pair in seen.items() if pair[0] != pair[1]} == {}
    taken = {each for each, (server, _) in seen.items() if server is not None}
    assert {"status-200", "status-201", "redirect-307", "yaml"} <= taken
    assert {"status-204", "status-300", "redirects-for-ever", "rubbish", "short"}.isdisjoint(taken)


def create_when_served(client: Client) -> None:
    """An object, as soon as the server knows its kind."""
    import time

    until = time.monotonic() + 120
    buoy = {"apiVersion": "sea.example.com/v1", "kind": "Buoy", "metadata": {"name": "b"}, "spec": {"size": 3}}
    while True:
        try:
            client.create(buoy)
            return
        except (ApiError, KeyError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
