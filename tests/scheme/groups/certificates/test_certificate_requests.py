"""
Requests for certificates in v1beta1: who signs them is read from what they ask for.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.scheme.groups.stored import example, stored

from kstore.scheme.groups.certificates.pem import Block, first_block

VERSION = "certificates.k8s.io/v1beta1"
SIGN, ENCIPHER, CLIENT, SERVER = "digital signature", "key encipherment", "client auth", "server auth"
KUBELET, SERVING = "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"
UNKNOWN = "kubernetes.io/legacy-unknown"
HOST, ADDRESS = x509.DNSName("host"), x509.IPAddress(ipaddress.ip_address("10.0.0.1"))
MAIL, LINK = x509.RFC822Name("a@b.c"), x509.UniformResourceIdentifier("https://a/b")
KEY = ec.generate_private_key(ec.SECP256R1())


def request(
    *names: x509.GeneralName,
    common: str = "system:node:a",
    organizations: Iterable[str] = ("system:nodes",),
    text: x509.name._ASN1Type = x509.name._ASN1Type.UTF8String,
) -> bytes:
    """A signed request as PEM."""
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name, text) for name in organizations]
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, common, text))
    building = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names:
        building = building.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return building.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


def signer(pem: bytes, *usages: str) -> str:
    """Who signs a stored request that does not say so."""
    spec = {"request": base64.b64encode(pem).decode(), "usages": list(usages)}
    found = stored(example("CertificateSigningRequest", VERSION, spec=spec), "certificates.k8s.io/v1")
    name: str = found["spec"]["signerName"]
    return name


def test_clients_of_nodes() -> None:
    """A node's own name, no other names, and the usages of a client, with or without the one that RSA needs."""
    assert signer(request(), SIGN, ENCIPHER, CLIENT) == KUBELET
    assert signer(request(), CLIENT, SIGN) == KUBELET
    assert signer(request(), SIGN, ENCIPHER) == UNKNOWN
    assert signer(request(), SIGN, CLIENT, SERVER) == UNKNOWN
    assert signer(request(HOST), SIGN, CLIENT) == UNKNOWN


def test_servers_of_nodes() -> None:
    """As a server a node has a host's name or an address, and neither mail nor links."""
    fit: list[list[x509.GeneralName]] = [[HOST], [ADDRESS], [HOST, ADDRESS]]
    unfit: list[list[x509.GeneralName]] = [[], [HOST, MAIL], [ADDRESS, LINK]]
    assert {signer(request(*names), SIGN, ENCIPHER, SERVER) for names in fit} == {SERVING}
    assert {signer(request(*names), SIGN, ENCIPHER, SERVER) for names in unfit} == {UNKNOWN}


@pytest.mark.parametrize(
    "pem",
    [
        request(common="a"),
        request(organizations=()),
        request(organizations=("system:nodes", "others")),
        b"",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        request().replace(b"CERTIFICATE REQUEST", b"CERTIFICATE"),
    ],
)
def test_others(pem: bytes) -> None:
    """Nobody known signs what is not a node's, or cannot be read."""
    assert signer(pem, SIGN, CLIENT) == UNKNOWN


def test_names_in_two_byte_characters() -> None:
    """Go reads a BMPString, and nothing of a UniversalString."""
    kinds = x509.name._ASN1Type
    assert signer(request(text=kinds.BMPString), SIGN, CLIENT) == KUBELET
    assert signer(request(text=kinds.UniversalString), SIGN, CLIENT) == UNKNOWN


def test_what_is_set_stays() -> None:
    """A signer is kept, usages that are an empty list too; a condition without a status is true."""
    found = example(
        "CertificateSigningRequest",
        VERSION,
        spec={"request": "", "signerName": "example.com/mine"},
        status={"conditions": [{"type": "Approved"}, {"type": "Failed", "status": "False"}]},
    )
    result = stored(found, VERSION)
    assert result["spec"]["signerName"] == "example.com/mine"
    assert result["spec"]["usages"] == [SIGN, ENCIPHER]
    assert [one["status"] for one in result["status"]["conditions"]] == ["True", "False"]


BODY = b"-----BEGIN A-----\nAAAA\n-----END A-----\n"


@pytest.mark.parametrize(
    ("text", "block"),
    [
        (BODY, Block(b"A", b"\0\0\0")),
        (BODY.rstrip(), Block(b"A", b"\0\0\0")),
        (BODY.replace(b"\n", b"\r\n"), Block(b"A", b"\0\0\0")),
        (b"text\n" + BODY + b"text", Block(b"A", b"\0\0\0")),
        (b"-----BEGIN A-----\nKey: value\n\nAA AA\n-----END A-----", Block(b"A", b"\0\0\0")),
        (b"-----BEGIN B-----\n" + BODY, Block(b"A", b"\0\0\0")),
        (b"-----BEGIN B-----\n-----END B-----\n" + BODY, Block(b"B", b"")),
        (b"-----BEGIN B-----\n!\n-----END B-----\n" + BODY, Block(b"A", b"\0\0\0")),
        (b"-----BEGIN B\nAAAA\n-----END B-----\n" + BODY, Block(b"A", b"\0\0\0")),
        (b"x" + BODY, None),
        (BODY.rstrip() + b"x", None),
        (BODY.replace(b"END A", b"END B"), None),
        (BODY.replace(b"\n-----END", b"-----END"), None),
        (b"", None),
    ],
)
def test_first_block(text: bytes, block: Block | None) -> None:
    """Blocks begin and end at lines, say the same type twice, and hold base64; others are passed over."""
    assert first_block(text) == block
