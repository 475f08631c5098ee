"""Addresses and credentials of a connection."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from tests.source.conftest import Authority

from kstore.errors import UsageError
from kstore.source.etcd import messages as etcd_messages
from kstore.source.etcd.client import Client
from kstore.source.etcd.endpoint import parse_endpoint, proxy_of
from kstore.source.options import SourceOptions

PLAIN = SourceOptions()
WITH_CA = SourceOptions(cacert=Path("ca.crt"))


@pytest.mark.parametrize(
    ("address", "options", "url", "target"),
    [
        ("http://10.0.0.1:2379", PLAIN, "http://10.0.0.1:2379", "10.0.0.1:2379"),
        ("10.0.0.1", PLAIN, "http://10.0.0.1:2379", "10.0.0.1:2379"),
        ("10.0.0.1:99", WITH_CA, "https://10.0.0.1:99", "10.0.0.1:99"),
        ("https://[::1]:99/", WITH_CA, "https://[::1]:99", "[::1]:99"),
        ("https://etcd.example.com", PLAIN, "https://etcd.example.com:2379", "etcd.example.com:2379"),
        ("unix:///run/kine.sock", PLAIN, "unix:///run/kine.sock", "unix:/run/kine.sock"),
        ("unix:kine.sock", PLAIN, "unix://kine.sock", "unix:kine.sock"),
        ("unix:/run/kine.sock", PLAIN, "unix:///run/kine.sock", "unix:/run/kine.sock"),
        ("unixs:///run/etcd.sock", WITH_CA, "unixs:///run/etcd.sock", "unix:/run/etcd.sock"),
    ],
)
def test_addresses(address: str, options: SourceOptions, url: str, target: str) -> None:
    """Each notation gives the address it means; without a scheme it is TLS exactly when something for TLS is given."""
    endpoint = parse_endpoint(address, options)
    assert (endpoint.url, endpoint.target) == (url, target)


@pytest.mark.parametrize("address", ["ftp://host:1", "http://host:99999", "http://", "https://host/path", "http://h:x"])
def test_what_is_no_address(address: str) -> None:
    """What cannot be an endpoint is a usage error."""
    with pytest.raises(UsageError):
        parse_endpoint(address, PLAIN)


@pytest.mark.parametrize(
    "options",
    [
        WITH_CA,
        SourceOptions(cert=Path("c"), key=Path("k")),
        SourceOptions(insecure_skip_tls_verify=True),
    ],
)
def test_credentials_are_never_sent_in_plain_text(options: SourceOptions) -> None:
    """Where etcd3 would silently speak plain text, credentials for TLS beside an http:// address are refused."""
    with pytest.raises(UsageError, match="plain text"):
        parse_endpoint("http://10.0.0.1:2379", options)


def test_a_client_certificate_without_ca_stays_tls(authority: Authority) -> None:
    """etcd3 given a client certificate and no CA connects in plain text; this client does not."""
    cert, key = authority.issue("client")
    options = SourceOptions(cert=cert, key=key)
    endpoint = parse_endpoint("10.0.0.1:2379", options)
    client = Client(endpoint, options)
    try:
        assert endpoint.tls
        assert client.uses_secure_channel
    finally:
        client.close()


@pytest.mark.parametrize("half", ["cert", "key"])
def test_half_a_client_certificate(half: str) -> None:
    """A certificate without key, or a key without certificate, is a usage error."""
    options = SourceOptions(cert=Path("x")) if half == "cert" else SourceOptions(key=Path("x"))
    with pytest.raises(UsageError, match="without"):
        Client(parse_endpoint("https://10.0.0.1:2379", options), options)


def test_files_that_are_no_pair_are_named(authority: Authority, tmp_path: Path) -> None:
    """A key of another certificate, files the wrong way round, a CA without a certificate: each is said beforehand."""
    cert, key = authority.issue("client")
    other = authority.issue("other")[1]
    empty = tmp_path / "empty.crt"
    empty.write_text("-----BEGIN NOTHING-----\n")
    faults = {
        "the private key is not the certificate's": SourceOptions(cert=cert, key=other),
        "not a certificate and its key": SourceOptions(cert=key, key=cert),
        "verify the server with holds no certificate": SourceOptions(cacert=empty),
        "the client's private key (is not a PEM file|cannot be read)": SourceOptions(cert=cert, key=tmp_path / "none"),
    }
    for words, options in faults.items():
        for skipping in (False, True):
            if options.cacert and skipping:
                continue  # nobody asks it then
            given = replace(options, insecure_skip_tls_verify=skipping)
            with pytest.raises(UsageError, match=words):
                Client(parse_endpoint("https://127.0.0.1:1", given), given)


def test_a_port_that_is_none() -> None:
    """A port is said to be none in words of people."""
    for port in ("x", "99999"):
        with pytest.raises(UsageError, match="the port is no number up to 65535"):
            parse_endpoint(f"http://host:{port}", PLAIN)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A CA file that is not there, or is no PEM, is named in the error."""
    endpoint = parse_endpoint("https://10.0.0.1:2379", PLAIN)
    with pytest.raises(UsageError, match="verify the server with cannot be read") as caught:
        Client(endpoint, SourceOptions(cacert=tmp_path / "none.crt"))
    assert caught.value.where.endswith("none.crt")
    (tmp_path / "der.crt").write_bytes(b"\x30\x82")
    with pytest.raises(UsageError, match="not a PEM file"):
        Client(endpoint, SourceOptions(cacert=tmp_path / "der.crt"))


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("localhost", True), ("127.3.2.1:1", True), ("[::1]:1", True), ("10.0.0.1", False), ("localhost.example", False)],
)
def test_loopback(address: str, loopback: bool) -> None:
    """This machine's own addresses are recognized: no proxy is asked for them."""
    assert parse_endpoint(address, PLAIN).loopback is loopback


def test_etcd3_runs_on_our_messages() -> None:
    """The package etcd3 is imported over the table instead of the generated messages it ships."""
    assert sys.modules["etcd3"].etcdrpc is etcd_messages


PROXY = {"grpc_proxy": "http://user:secret@proxy.example.com:3128"}


@pytest.mark.parametrize(
    ("host", "variables", "followed"),
    [
        ("etcd.example.com", {"http_proxy": "http://p", "https_proxy": "http://p", "HTTP_PROXY": "http://p"}, False),
        ("etcd.example.com", PROXY, True),
        ("etcd.example.com", {"GRPC_PROXY": "proxy.example.com:3128"}, True),
        ("etcd.example.com", {**PROXY, "no_proxy": "example.com"}, False),
        ("etcd.example.com", {**PROXY, "NO_PROXY": "other, .example.com"}, False),
        ("etcd.example.com", {**PROXY, "NO_PROXY": "ample.com"}, True),
        ("etcd.example.com", {**PROXY, "no_proxy": "*.example.com"}, False),
        ("etcd.example.org", {**PROXY, "no_proxy": "*.example.com"}, True),
        ("etcd.example.com", {**PROXY, "no_proxy": "*"}, False),
        ("10.1.2.3", {**PROXY, "NO_PROXY": "10.0.0.0/8"}, False),
        ("10.1.2.3", {**PROXY, "NO_PROXY": "10.2.0.0/16,10.1.2.3:2380"}, True),
        ("10.1.2.3", {**PROXY, "NO_PROXY": "10.1.2.3:2379"}, False),
        ("10.1.2.3", {**PROXY, "no_grpc_proxy": "nothing", "no_proxy": "10.1.2.3"}, True),
    ],
)  # fmt: skip
def test_proxies(host: str, variables: dict[str, str], followed: bool) -> None:
    """Only the variable that is meant for gRPC is followed, and exceptions count in either case."""
    assert bool(proxy_of(host, 2379, variables)) is followed


def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """What errors call the endpoint says that a proxy is on the way; this machine is never reached by one."""
    monkeypatch.setenv("grpc_proxy", PROXY["grpc_proxy"])
    monkeypatch.delenv("no_proxy", raising=False)
    shown = parse_endpoint("https://etcd.example.com", PLAIN).shown
    assert shown == "https://etcd.example.com:2379 by way of the proxy proxy.example.com:3128 of $grpc_proxy"
    assert parse_endpoint("https://localhost", PLAIN).shown == "https://localhost:2379"


@pytest.mark.parametrize(("variable", "expected"), [("http_proxy", 0), ("grpc_proxy", 1)])
def test_what_grpc_is_told(monkeypatch: pytest.MonkeyPatch, variable: str, expected: int) -> None:
    """gRPC would follow the web's variables by itself."""
    told: dict[str, object] = {}
    channel = grpc.insecure_channel
    monkeypatch.setattr(
        grpc, "insecure_channel", lambda target, options=(), **more: told.update(options) or channel(target)
    )
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    Client(parse_endpoint("http://etcd.example.com", PLAIN), PLAIN).close()
    assert told["grpc.enable_http_proxy"] == expected
    assert ("grpc.http_proxy" in told) is bool(expected)
