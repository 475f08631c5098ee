"""
A conversion webhook over real TLS.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from tests.customresource.boats import crd_with_webhook
from tools.hostile_server import HostileServer, self_signed

from kstore.cli.main import run
from kstore.customresource.unstructured import normalize
from kstore.customresource.webhook import ConversionWebhook
from kstore.decode.json import go_json
from kstore.errors import NotConvertible
from kstore.records import Put
from kstore.source.etcd.live import LiveSource


def certificate_of(folder: Path, *names: x509.GeneralName) -> tuple[Path, bytes]:
    """A certificate that signs itself: a file with its key, and the PEM alone."""
    path = folder / "server.pem"
    return path, self_signed(path, *names)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A certificate of 127.0.0.1 that signs itself."""
    return certificate_of(tmp_path_factory.mktemp("tls"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


BOAT = {"kind": "Boat", "apiVersion": "b/v1"}

Answer = Callable[[dict[str, Any]], Any]


@contextmanager
def served(answer: Answer, certificate: Path) -> Iterator[int]:
    """A webhook that answers with what a function makes of the review; its port."""

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
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def serve(certificate: tuple[Path, bytes]) -> Iterator[Callable[[Answer], int]]:
    """Start a webhook that answers with what a function makes of the review; its port."""
    with ExitStack() as servers:
        yield lambda answer: servers.enter_context(served(answer, certificate[0]))


def good(review: dict[str, Any]) -> dict[str, Any]:
    """A review answered as a webhook should."""
    request = review["request"]
    objects = [{**one, "apiVersion": request["desiredAPIVersion"]} for one in request["objects"]]
    response = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects}
    return {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}


def response(review: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A good answer but for some members of its response."""
    return {**good(review), "response": {**good(review)["response"], **members}}


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


def test_what_is_nested_deeply_goes_both_ways(serve, certificate):
    """As deep as Go reads it, and beside an object that is not."""
    deep = go_json.loads(b'{"kind":"Boat","apiVersion":"b/v1","free":%s1%s}' % (b'{"a":' * 600, b"}" * 600))
    found = webhook(serve(good), certificate[1])([BOAT, deep], "b/v2")
    assert [one["apiVersion"] for one in found] == ["b/v2"] * 2
    assert go_json.dumps(normalize(found[1]["free"])) == go_json.dumps(deep["free"])


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
        (lambda review: response(review, result=[{"status": "Success"}]), "response.result is no Status"),
        (lambda review: response(review, result="Success"), "response.result is no Status"),
        (lambda review: response(review, convertedObjects=5), "convertedObjects is no list"),
        (lambda review: response(review, convertedObjects={"0": BOAT}), "convertedObjects is no list"),
        (lambda review: {**good(review), "response": [good(review)["response"]]}, "no response"),
        (lambda review: response(review, result={"status": "Failure", "message": ["a", {"b": 1}]}), "['a', {'b': 1}]"),
        (lambda review: response(review, uid={"uid": 1}), "another request"),
        (lambda review: response(review, convertedObjects=[float("inf")]), "answered with no JSON"),
    ],
)
def test_wrong_answers_are_refused(serve, certificate, spoil, complaint):
    """What is no success for these very objects is refused with the webhook's own words, where it has some."""
    (found,) = webhook(serve(spoil), certificate[1])([BOAT], "b/v2")
    assert isinstance(found, NotConvertible)
    assert complaint in found.message


def test_a_server_that_the_bundle_does_not_know(serve):
    """Without the CRD's caBundle the certificate is not trusted."""
    (found,) = webhook(serve(good), b"")([BOAT], "b/v2")
    assert isinstance(found, NotConvertible)
    assert "cannot be asked" in found.message


def test_nobody_answers():
    """A webhook that does not listen is named, and how to ask another."""
    (found,) = webhook(1, b"")([BOAT], "b/v2")
    assert isinstance(found, NotConvertible)
    assert "cannot be asked" in found.message
    assert "`webhook_url=`" in found.hint


def test_where_a_service_lies():
    """A service becomes its name in the cluster; a URL given by hand wins."""
    service = {"clientConfig": {"service": {"name": "boats", "namespace": "port", "path": "convert"}}}
    assert ConversionWebhook.of("x", {**service, "conversionReviewVersions": ["v1"]}).url == (
        "https://boats.port.svc:443/convert"
    )
    assert ConversionWebhook.of("x", service, url="https://127.0.0.1:8443").url == "https://127.0.0.1:8443"


@pytest.mark.parametrize(
    ("bears", "service", "is_trusted"),
    [
        (x509.DNSName("boats.port.svc"), {"name": "boats", "namespace": "port"}, True),
        (x509.DNSName("*.port.svc"), {"name": "boats", "namespace": "port"}, True),
        (x509.DNSName("boats.port.svc"), {"name": "boats", "namespace": "other"}, False),
        (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), {"name": "boats", "namespace": "port"}, False),
        (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), None, True),
    ],
)
def test_a_service_bears_its_own_name(tmp_path, bears, service, is_trusted):
    """
    Asked at a place that is named by hand, such as a port-forward's, a service's webhook is verified as the service
    that the CRD names (`apiserver/pkg/util/webhook/client.go`); one with a URL as the host that is asked.
    """
    path, bundle = certificate_of(tmp_path, bears)
    with served(good, path) as port:
        place = {"service": service} if service else {"url": "https://boats.example.com"}
        asked = ConversionWebhook.of(
            "boats.example.com",
            {
                "clientConfig": {**place, "caBundle": base64.b64encode(bundle).decode()},
                "conversionReviewVersions": ["v1"],
            },
            url=f"https://127.0.0.1:{port}",
        )
        (found,) = asked([BOAT], "b/v2")
    assert isinstance(found, NotConvertible) is not is_trusted


def test_a_review_that_nobody_knows():
    """A webhook that wants an unknown version of the review is refused at once."""
    with pytest.raises(NotConvertible, match="v2alpha1"):
        ConversionWebhook.of("x", {"clientConfig": {"url": "https://a"}, "conversionReviewVersions": ["v2alpha1"]})


def boats(count: int) -> list[dict[str, Any]]:
    """Objects that a webhook may convert."""
    return [{**BOAT, "metadata": {"name": f"boat-{number}"}, "number": number} for number in range(count)]


def refuses(*numbers: int, words: str = "boat {number} has no mast") -> Answer:
    """A webhook that refuses a whole review as soon as it meets one of these."""

    def answer(review: dict[str, Any]) -> dict[str, Any]:
        for one in review["request"]["objects"]:
            if one["number"] in numbers:
                message = words.format(number=one["number"])
                return response(review, result={"status": "Failure", "message": message}, convertedObjects=[])
        return good(review)

    return answer


@pytest.mark.large
@pytest.mark.parametrize("refused", [(0,), (2,), (99,), (0, 50, 51, 99), tuple(range(0, 100, 7))])
def test_a_refused_object_costs_only_itself(serve, certificate, refused):
    """The others are converted, in order; beside each refused one stands what the webhook said of that very one."""
    found = webhook(serve(refuses(*refused)), certificate[1])(boats(100), "b/v2")
    assert [number for number, one in enumerate(found) if isinstance(one, NotConvertible)] == list(refused)
    for number, one in enumerate(found):
        if number in refused:
            assert f"boat {number} has no mast" in str(one)
        else:
            assert (one["number"], one["apiVersion"]) == (number, "b/v2")


def test_a_webhook_that_leaves_one_out(serve, certificate):
    """Fewer objects than were sent are no answer for any; asked for by halves, only that one is missing."""

    def answer(review: dict[str, Any]) -> dict[str, Any]:
        whole = good(review)["response"]["convertedObjects"]
        return response(review, convertedObjects=[one for one in whole if one["number"] != 3])

    found = webhook(serve(answer), certificate[1])(boats(8), "b/v2")
    assert [isinstance(one, NotConvertible) for one in found] == [number == 3 for number in range(8)]
    assert "0 objects, expected 1" in str(found[3])


def hostile(server: HostileServer, bundle: bytes, timeout: float = 0.3) -> ConversionWebhook:
    """A webhook at a hostile server."""
    asked = webhook(server.port, bundle)
    asked.timeout = timeout
    return asked


@pytest.mark.parametrize("misdeed", ["silence", "no_answer", "dripping_head", "dripping_body", "endless_continue"])
def test_a_webhook_that_holds_its_answer_back(certificate, misdeed):
    """It costs its time once: the objects are named at once, and those after them without being sent."""
    with HostileServer(misdeed, certificate[0]) as server:
        asked = hostile(server, certificate[1])
        first, later = asked(boats(100), "b/v2"), asked(boats(1000), "b/v2")
        assert len(server.requests) <= 1
    assert len(first) == 100
    assert {type(one).__base__ for one in first} == {NotConvertible}
    assert "no whole answer within 0.3 s" in str(first[0])
    assert "is not asked again yet" in str(later[-1])


@pytest.mark.parametrize(
    ("misdeed", "words"),
    [
        ("endless_body", "larger than 16 MiB"),
        ("endless_headers", "not HTTP"),
        ("cut_short", "early"),
        ("no_http", "not HTTP"),
        ("deep_json", "neither JSON nor YAML"),
        ("redirect_to_itself", "answered 302"),
    ],
)
def test_a_webhook_that_answers_nonsense(certificate, misdeed, words):
    """Each object is skipped with what was wrong, and the webhook's address."""
    with HostileServer(misdeed, certificate[0]) as server:
        found = hostile(server, certificate[1], 30)(boats(1), "b/v2")
    assert isinstance(found[0], NotConvertible)
    assert words in str(found[0])
    assert f"127.0.0.1:{server.port}" in str(found[0])


@pytest.mark.parametrize("name", ["evil.example/", "a:b@evil", "", "x" * 64, "Big"])
def test_a_service_whose_name_is_none(name):
    """A service's name that would lead elsewhere is refused."""
    with pytest.raises(NotConvertible, match="no valid name"):
        ConversionWebhook.of("x", {"clientConfig": {"service": {"name": name, "namespace": "port"}}})


def test_a_bundle_that_is_none():
    """So is a caBundle that is no base64; one that is no certificate is said of each object."""
    broken = {"clientConfig": {"url": "https://127.0.0.1:1/", "caBundle": "abc"}, "conversionReviewVersions": ["v1"]}
    with pytest.raises(NotConvertible, match="no base64"):
        ConversionWebhook.of("x", broken)
    (found,) = webhook(1, b"-----BEGIN CERTIFICATE-----\nnothing")([BOAT], "b/v2")
    assert "is no certificate" in str(found)


# ---- asked, or not, by the command line


@pytest.fixture
def harbour(start_etcd, tmp_path, monkeypatch) -> Callable[[int, bytes], str]:
    """An etcd with four boats, whose CRD names a conversion webhook on a port of this machine; its endpoint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)

    def fill(port: int, bundle: bytes) -> str:
        endpoint: str = start_etcd().endpoint
        client = {"url": f"https://127.0.0.1:{port}/convert", "caBundle": base64.b64encode(bundle).decode()}
        crd = crd_with_webhook(client)
        with LiveSource([endpoint]) as source:
            key = b"/registry/apiextensions.k8s.io/customresourcedefinitions/boats.example.com"
            source.commit([Put(key, json.dumps(crd).encode(), 0, 0)])
            for number in range(4):
                metadata = {"name": f"boat-{number}", "namespace": "port", "uid": str(uuid.UUID(int=number))}
                boat = {"apiVersion": "example.com/v1", "kind": "Boat", "metadata": metadata, "number": number}
                key = f"/registry/example.com/boats/port/boat-{number}".encode()
                source.commit([Put(key, json.dumps(boat).encode(), 0, 0)])
        return endpoint

    return fill


def stored_versions(endpoint: str) -> list[str]:
    """In which version each boat is stored."""
    with LiveSource([endpoint]) as source:
        records = source.scan(b"/registry/example.com/boats/")
        return [json.loads(record.value)["apiVersion"].rpartition("/")[2] for record in records]


MIGRATE = ["migrate", "--to", "example.com/v2", "--yes"]


def test_nothing_is_sent_unasked(harbour, serve, certificate, capsys):
    """Where only a CRD of the store names the webhook, it is not asked: the objects are skipped, and why is said."""
    reviews: list[Any] = []
    port = serve(lambda review: reviews.append(review) or good(review))
    endpoint = harbour(port, certificate[1])
    assert run(["--store", endpoint, *MIGRATE]) == 3
    said = capsys.readouterr()
    assert "--allow-webhooks" in said.out + said.err
    assert f"https://127.0.0.1:{port}/convert" in said.out + said.err
    assert (reviews, stored_versions(endpoint)) == ([], ["v1"] * 4)
    assert run(["--store", endpoint, *MIGRATE, "--allow-webhooks", "--journal", "second"]) == 0
    assert (len(reviews), stored_versions(endpoint)) == (1, ["v2"] * 4)


def test_a_url_that_is_given_is_consent(harbour, serve, certificate):
    """Whoever names the place needs not say it twice."""
    port = serve(good)
    endpoint = harbour(1, certificate[1])
    assert run(["--store", endpoint, *MIGRATE, "--webhook-url", f"https://127.0.0.1:{port}/"]) == 0
    assert stored_versions(endpoint) == ["v2"] * 4


def test_a_file_alone_does_not_consent(harbour, serve, certificate, tmp_path, capsys):
    """A plan or a journal that says that webhooks are asked wants it said again; then it is carried out."""
    reviews: list[Any] = []
    port = serve(lambda review: reviews.append(review) or good(review))
    endpoint = harbour(port, certificate[1])
    plan = str(tmp_path / "plan")
    assert run(["--store", endpoint, *MIGRATE[:3], "--allow-webhooks", "--dry-run", "--save-plan", plan]) == 0
    reviews.clear()
    capsys.readouterr()
    assert run(["--store", endpoint, "migrate", "--plan", plan, "--yes"]) == 2
    assert "--allow-webhooks" in capsys.readouterr().err
    assert reviews == []
    assert run(["--store", endpoint, "migrate", "--plan", plan, "--yes", "--allow-webhooks"]) == 0
    assert stored_versions(endpoint) == ["v2"] * 4
    (journal,) = tmp_path.glob("*.journal")
    assert run(["--store", endpoint, "migrate", "resume", str(journal)]) == 2


def test_a_refused_boat_is_left_alone(harbour, serve, certificate, capsys):
    """The others are written; beside the one that is left stands what the webhook said of it, and of no other."""
    endpoint = harbour(serve(refuses(2)), certificate[1])
    assert run(["--store", endpoint, *MIGRATE, "--allow-webhooks", "-o", "json"]) == 3
    assert stored_versions(endpoint) == ["v2", "v2", "v1", "v2"]
    assert capsys.readouterr().out.count("boat 2 has no mast") >= 1


ODD: list[Callable[[dict[str, Any]], Any]] = [
    lambda one: 5,
    lambda one: None,
    lambda one: {**one, "metadata": 5},
    lambda one: {**one, "metadata": {**one["metadata"], "labels": [1]}},
    lambda one: {**one, "metadata": {**one["metadata"], "labels": {"a": 1}}},
    lambda one: {**one, "metadata": {**one["metadata"], "annotations": {"": "x"}}},
    lambda one: {**one, "metadata": {**one["metadata"], "name": "another"}},
    lambda one: {**one, "metadata": {**one["metadata"], "uid": 7}},
    lambda one: {**one, "metadata": {**one["metadata"], "namespace": ["port"]}},
    lambda one: {**one, "kind": {"a": "b"}},
    lambda one: {**one, "apiVersion": "example.com/v1"},
    lambda one: {**one, "number": 1e400},
]


@pytest.mark.large
@pytest.mark.parametrize("spoil", ODD, ids=range(len(ODD)))
def test_odd_objects_are_skipped(harbour, serve, certificate, spoil):
    """An object that is not what was sent, or not one at all, is skipped alone; the run goes on."""

    def answer(review: dict[str, Any]) -> dict[str, Any]:
        converted = good(review)["response"]["convertedObjects"]
        return response(review, convertedObjects=[spoil(one) if one["number"] == 1 else one for one in converted])

    endpoint = harbour(serve(answer), certificate[1])
    assert run(["--store", endpoint, *MIGRATE, "--allow-webhooks"]) == 3
    assert stored_versions(endpoint) == ["v2", "v1", "v2", "v2"]


def test_what_check_advises_says_that_a_webhook_is_asked(harbour, serve, certificate, capsys):
    """The advised migration goes well with the option that the words name; then nothing of it is found."""
    endpoint = harbour(serve(good), certificate[1])

    def found() -> list[dict[str, Any]]:
        capsys.readouterr()
        run(["--store", endpoint, "check", "--only", "other-version,crd-idle-version", "-o", "json"])
        return [one for one in json.loads(capsys.readouterr().out)["findings"] if "migrate boats" in one["command"]]

    (finding,) = found()
    assert "--allow-webhooks" in finding["hint"]
    assert run(["--store", endpoint, *finding["command"].split()[1:], "--yes"]) == 3
    assert run(["--store", endpoint, *finding["command"].split()[1:], "--yes", "--allow-webhooks"]) == 0
    assert stored_versions(endpoint) == ["v2"] * 4
    assert found() == []
