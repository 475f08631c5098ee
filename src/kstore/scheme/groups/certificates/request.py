"""
What a certificate signing request (PKCS #10) asks for, read from its PEM: subject and alternative names.

No more of X.509 than the defaulting of certificates.k8s.io/v1beta1 looks at (`pkg/apis/certificates/helpers.go`), and
no doubt of the key: what is stored has been validated, its signature too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kstore.scheme.groups.certificates.pem import first_block

_BMP_STRING, _STRINGS = 0x1E, (0x0C, 0x12, 0x13, 0x14, 0x16)
"""Strings of two bytes a character, and those of one: UTF8, Numeric, Printable, T61, IA5."""
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
    block = first_block(pem)
    if block is None or block.type != b"CERTIFICATE REQUEST":
        return None
    try:
        (whole,) = _elements(block.content, _SEQUENCE)
        info = next(_all(whole))[1]
        return _read(list(_all(info)))
    except (ValueError, IndexError, StopIteration):
        return None


def _read(parts: list[tuple[int, bytes]]) -> CertificateRequest:
    """Version, subject, public key, and attributes (RFC 2986, CertificationRequestInfo)."""
    request = CertificateRequest()
    for attributes in _all(parts[1][1]):
        for attribute in _elements(attributes[1], _SEQUENCE):
            (_, kind), (tag, content) = list(_all(attribute))[:2]
            text = _text(tag, content)
            if text is not None and kind == _COMMON_NAME:
                request.common_name = text
            elif text is not None and kind == _ORGANIZATION:
                request.organizations.append(text)
    for tag, content in parts[3:]:
        if tag == _CONTEXT_0:
            for attribute in _elements(content, _SEQUENCE):
                _read_attribute(attribute, request)
    return request


def _text(tag: int, content: bytes) -> str | None:
    """The text of a string; None where the value is none that Go takes for one (`encoding/asn1`)."""
    if tag == _BMP_STRING:
        return content.removesuffix(b"\0\0").decode("utf-16-be", "replace")
    return content.decode("utf-8", "replace") if tag in _STRINGS else None


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
