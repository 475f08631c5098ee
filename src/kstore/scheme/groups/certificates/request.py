"""
What a certificate signing request (PKCS #10) asks for, read from its PEM: subject and alternative names.

No more of X.509 than the defaulting of certificates.k8s.io/v1beta1 looks at (`pkg/apis/certificates/helpers.go`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_PEM = re.compile(rb"-----BEGIN CERTIFICATE REQUEST-----\s*(.*?)\s*-----END CERTIFICATE REQUEST-----", re.DOTALL)
_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
_COMMON_NAME, _ORGANIZATION = b"\x55\x04\x03", b"\x55\x04\x0a"
_EXTENSIONS = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
"""1.2.840.113549.1.9.14, extensionRequest."""
_ALTERNATIVE_NAMES = b"\x55\x1d\x11"
"""2.5.29.17, subjectAltName."""


@dataclass
class CertificateRequest:
    """The names that a request is for."""

    common_name: str = ""
    organizations: list[str] = field(default_factory=list)
    dns_names: list[bytes] = field(default_factory=list)
    emails: list[bytes] = field(default_factory=list)
    uris: list[bytes] = field(default_factory=list)
    addresses: list[bytes] = field(default_factory=list)


def parse_request(pem: bytes) -> CertificateRequest | None:
    """The request, or None where the bytes are none."""
    match = _PEM.search(pem)
    if match is None:
        return None
    try:
        der = base64.b64decode(b"".join(match[1].split()), validate=True)
        (whole,) = _elements(der, _SEQUENCE)
        info = next(_all(whole))[1]
        return _read(list(_all(info)))
    except (binascii.Error, ValueError, IndexError, StopIteration):
        return None


def _read(parts: list[tuple[int, bytes]]) -> CertificateRequest:
    """Version, subject, public key, and attributes (RFC 2986, CertificationRequestInfo)."""
    request = CertificateRequest()
    for attributes in _all(parts[1][1]):
        for attribute in _elements(attributes[1], _SEQUENCE):
            (_, kind), (_, text) = list(_all(attribute))[:2]
            if kind == _COMMON_NAME:
                request.common_name = text.decode("utf-8", "replace")
            elif kind == _ORGANIZATION:
                request.organizations.append(text.decode("utf-8", "replace"))
    for tag, content in parts[3:]:
        if tag == _CONTEXT_0:
            for attribute in _elements(content, _SEQUENCE):
                _read_attribute(attribute, request)
    return request


def _read_attribute(attribute: bytes, request: CertificateRequest) -> None:
    (_, kind), (_, values) = list(_all(attribute))[:2]
    if kind != _EXTENSIONS:
        return
    for extensions in _elements(values, _SEQUENCE):
        for extension in _elements(extensions, _SEQUENCE):
            members = list(_all(extension))
            if members[0][1] == _ALTERNATIVE_NAMES:
                for names in _elements(members[-1][1], _SEQUENCE):
                    _read_names(names, request)


def _read_names(names: bytes, request: CertificateRequest) -> None:
    """GeneralName: rfc822Name [1], dNSName [2], uniformResourceIdentifier [6], iPAddress [7]."""
    places = {1: request.emails, 2: request.dns_names, 6: request.uris, 7: request.addresses}
    for tag, content in _all(names):
        if tag & 0x1F in places:
            places[tag & 0x1F].append(content)


def _elements(data: bytes, wanted: int) -> Iterator[bytes]:
    """The contents of all elements, each of which must have the tag."""
    for tag, content in _all(data):
        if tag != wanted:
            raise ValueError(f"tag {tag:#x} where {wanted:#x} was expected")
        yield content


def _all(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each DER element of the data."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            raise ValueError("an element is longer than what holds it")
        yield tag, data[at : at + length]
        at += length
