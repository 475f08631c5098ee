"""
docs/reference/bytes-at-rest.md: a value for each row of its tables, built from the layout alone, is read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from nacl.bindings import crypto_secretbox
from tests.encryption.conftest import configuration, keyed
from tools.kms_plugin import KmsPlugin

from kstore.catalog.releases import newest
from kstore.codec import StorageCodec, StoredObject, Undecodable
from kstore.decode.envelope import read_envelope, write_envelope
from kstore.encryption.config import read_configuration
from kstore.encryption.kms_plugin import PluginV1, PluginV2
from kstore.encryption.transformers import Transformers
from kstore.errors import UnknownEncoding
from kstore.naming import GroupResource
from kstore.records import Record
from kstore.scheme.scheme import Scheme

KEY = b"/registry/secrets/shop/card"
DATA_KEY = bytes(range(32))
IV, NONCE, LONG_NONCE, INFO = b"i" * 16, b"n" * 12, b"N" * 24, b"I" * 32
SEED = bytes(range(100, 132))


def varint(number: int) -> bytes:
    """A protobuf varint."""
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes."""
    return bytes([number << 3 | 2]) + varint(len(content)) + content


META = field(1, b"card") + field(3, b"shop")
PROTOBUF = (
    b"k8s\0"
    + field(1, field(1, b"v1") + field(2, b"Secret"))
    + field(2, field(1, META))
    + field(3, b"")
    + field(4, b"")
)
ENVELOPE = {
    "`6b 38 73 00`": b"k8s\0",
    "`0a` *length*": field(1, field(1, b"v1") + field(2, b"Secret")),
    "`12` *length*": field(2, field(1, META)),
    "`1a 00`": field(3, b""),
    "`22 00`": field(4, b""),
}
"""What stands in an envelope, row by row."""
PROTOBUF = b"".join(ENVELOPE.values())
JSON = b'{"kind":"Secret","apiVersion":"v1","metadata":{"name":"card","namespace":"shop"}}\n'


def cbor_text(text: str) -> bytes:
    """A CBOR byte string of fewer than 24 bytes."""
    return bytes([0x40 | len(text)]) + text.encode()


CBOR = (
    b"\xd9\xd9\xf7\xa3"
    + (cbor_text("kind") + cbor_text("Secret"))
    + (cbor_text("metadata") + b"\xa2" + cbor_text("name") + cbor_text("card"))
    + (cbor_text("namespace") + cbor_text("shop"))
    + (cbor_text("apiVersion") + cbor_text("v1"))
)


def cbc(key: bytes) -> bytes:
    """The layout of AES-CBC."""
    padding = 16 - len(JSON) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(IV)).encryptor()
    return IV + encryptor.update(JSON + bytes([padding]) * padding) + encryptor.finalize()


def gcm(key: bytes) -> bytes:
    """The layout of AES-GCM."""
    return NONCE + AESGCM(key).encrypt(NONCE, JSON, KEY)


def kms_v1(plugin: KmsPlugin, content: bytes) -> bytes:
    """The layout of KMS v1 around what its data key encrypted."""
    wrapped = PluginV1("vault", plugin.endpoint, 5.0).encrypt(DATA_KEY)
    return b"k8s:enc:kms:v1:vault:" + len(wrapped).to_bytes(2, "big") + wrapped + content


def kms_v2(plugin: KmsPlugin, source: bytes, content: bytes, kind: int) -> bytes:
    """The layout of KMS v2 around what the source's key encrypted."""
    wrapped = PluginV2("other", plugin.endpoint, 5.0).encrypt(source)
    message = field(1, content) + field(2, wrapped.key_id.encode()) + field(3, wrapped.ciphertext)
    for name, value in wrapped.annotations.items():
        message += field(4, field(1, name.encode()) + field(2, value))
    return b"k8s:enc:kms:v2:other:" + message + (bytes([5 << 3, kind]) if kind else b"")


def derived() -> bytes:
    """The layout of a key that is derived for this value."""
    return INFO + gcm(HKDFExpand(SHA256(), length=32, info=INFO).derive(SEED))


Build = Callable[[KmsPlugin], bytes]
BEGINNINGS: dict[str, Build] = {
    "`6b 38 73 00` (`k8s\\0`)": lambda _: PROTOBUF,
    "`7b` (`{`), white space before it allowed": lambda _: b" \n" + JSON,
    "`d9 d9 f7` (tag 55799)": lambda _: CBOR,
    "`6b 38 73 3a 65 6e 63 3a` (`k8s:enc:`)": lambda _: b"k8s:enc:aescbc:v1:NAME:" + cbc(DATA_KEY),
    "`61 7a 68 7a 41` (`azhzA`)": lambda _: base64.b64encode(PROTOBUF),
}
HEADERS: dict[str, Build] = {
    "`k8s:enc:aescbc:v1:NAME:`": lambda _: b"k8s:enc:aescbc:v1:NAME:" + cbc(DATA_KEY),
    "`k8s:enc:aesgcm:v1:NAME:`": lambda _: b"k8s:enc:aesgcm:v1:NAME:" + gcm(DATA_KEY),
    "`k8s:enc:secretbox:v1:NAME:`": lambda _: (
        b"k8s:enc:secretbox:v1:NAME:" + LONG_NONCE + crypto_secretbox(JSON, LONG_NONCE, DATA_KEY)
    ),
    "`k8s:enc:kms:v1:NAME:`": lambda plugin: kms_v1(plugin, gcm(DATA_KEY)),
    "`k8s:enc:kms:v2:NAME:`": lambda plugin: kms_v2(plugin, SEED, derived(), 1),
}
SOURCES: dict[str, Build] = {
    "0, before Kubernetes 1.29": lambda plugin: kms_v2(plugin, DATA_KEY, gcm(DATA_KEY), 0),
    "1": HEADERS["`k8s:enc:kms:v2:NAME:`"],
}


def first_column(repository: Path, heading: str) -> list[str]:
    """The first cells of the rows of a table of the page."""
    page = (repository / "docs" / "reference" / "bytes-at-rest.md").read_text(encoding="utf-8")
    table = page[page.index(f"\n| {heading} |") + 1 :].split("\n\n")[0]
    return [re.split(r"(?<!\\)\|", line)[1].strip() for line in table.splitlines()[2:]]


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("begins with", BEGINNINGS),
        ("header", HEADERS),
        ("`encryptedDEKSourceType`", SOURCES),
        ("bytes", ENVELOPE),
    ],
)
def test_every_row_has_a_value(repository: Path, heading: str, rows: dict[str, object]) -> None:
    """The page and this test have the same rows."""
    assert first_column(repository, heading) == list(rows)


@pytest.fixture
def transformers(plugin: KmsPlugin) -> Iterator[Transformers]:
    """A configuration with a key of every provider."""
    providers = [
        *(keyed(name, ("NAME", 0)) for name in ("aescbc", "aesgcm", "secretbox")),
        f"{{kms: {{name: vault, endpoint: '{plugin.endpoint}'}}}}",
        f"{{kms: {{apiVersion: v2, name: other, endpoint: '{plugin.endpoint}'}}}}",
        "{identity: {}}",
    ]
    with read_configuration(configuration(("secrets", ", ".join(providers)))) as found:
        yield found


@pytest.mark.parametrize("build", [*BEGINNINGS.values(), *HEADERS.values(), *SOURCES.values()])
def test_a_value_built_from_the_layout_is_read(build: Build, plugin: KmsPlugin, transformers: Transformers) -> None:
    """Each opens, and is the Secret that was put in."""
    codec = StorageCodec(
        Scheme(newest()), transformers=transformers, resource_of=lambda _: GroupResource("", "secrets")
    )
    read = codec.read(Record(KEY, build(plugin), 1, 1, 1, 0))
    assert isinstance(read, StoredObject), read
    metadata = read.object["metadata"]
    assert (read.object["kind"], metadata["name"], metadata["namespace"]) == ("Secret", "card", "shop")


def test_the_cbc_of_kms_v1(plugin: KmsPlugin, transformers: Transformers) -> None:
    """The layout from before Kubernetes 1.25 is read."""
    opened = transformers.open(KEY, kms_v1(plugin, cbc(DATA_KEY)), GroupResource("", "secrets"))
    assert (opened.plain, opened.stale) == (JSON, True)


@pytest.mark.parametrize("value", [b"", b"x" + PROTOBUF, PROTOBUF[1:], b"\xd9\xd9\xf8\xa0", b"[]", b"k8s"])
def test_everything_else_is_unknown(value: bytes) -> None:
    """Nothing is searched for: a byte too many or too few at the beginning is an error at byte 0."""
    read = StorageCodec(Scheme(newest())).read(Record(KEY, value, 1, 1, 1, 0))
    assert isinstance(read, Undecodable)
    assert isinstance(read.error, UnknownEncoding)
    assert read.error.offset == 0


def test_the_envelope_is_written_so() -> None:
    """What kstore writes has the fields of the table, in its order."""
    found = read_envelope(PROTOBUF)
    assert write_envelope(found.api_version, found.kind, found.body) == PROTOBUF
