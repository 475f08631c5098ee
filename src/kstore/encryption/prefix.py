"""
How a value at rest says that it is encrypted, by whom and with which key: `k8s:enc:<provider>:<version>:<key
name>:`.

Knows what can be read without keys. Opening and encrypting is the business of the ciphers beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kstore.encryption.kms_messages import ENCRYPTED_OBJECT, decode_message

ENCRYPTED = b"k8s:enc:"
"""Reserved for encrypted values (`encrypt/identity/identity.go`); protobuf has a zero byte after `k8s`."""

_STORAGE_BEGINNINGS = (b"k8s\0", b'{"', b"\xd9\xd9\xf7", b"apiVersion:", b"kind:")
"""How the storage encodings begin: protobuf, JSON, self-described CBOR, YAML."""

_HEAD = 64
"""How much of a plain value is looked at to tell it from noise."""


@dataclass(frozen=True, slots=True)
class EncryptionHeader:
    """What an encrypted value says of itself."""

    provider: str
    """`aescbc`, `aesgcm`, `secretbox`, `kms`, or a name that this release does not know."""
    key_name: str
    """The name of the key in the configuration; of the plugin, for `kms`."""
    version: str = "v1"
    """The version of the provider's layout; for `kms` that of the plugin's API, `v1` or `v2`."""
    key_id: str = ""
    """What a KMS v2 plugin calls the key that wraps the data key; empty for every other provider."""

    def __str__(self) -> str:
        provider = self.provider if self.version == "v1" else f"{self.provider} {self.version}"
        return f"{provider} {self.key_name}"

    @property
    def with_key_id(self) -> str:
        """The same with the id of the plugin's key, where the value names one."""
        return f"{self} (key id {self.key_id})" if self.key_id else str(self)

    @property
    def prefix(self) -> bytes:
        """The bytes in front of what this header's key has encrypted."""
        return ENCRYPTED + f"{self.provider}:{self.version}:{self.key_name}:".encode()


def is_encrypted(value: bytes) -> bool:
    """Whether the value is encrypted, by whatever provider; everything else is plain."""
    return value.startswith(ENCRYPTED)


def read_encryption_header(value: bytes) -> EncryptionHeader | None:
    """
    Read who encrypted a value, without keys; None when it is plain.

    The name of a key ends at the first colon: one that holds colons itself is only told apart by a
    configuration that has it. A prefix that is cut short leaves the missing parts empty.
    """
    if not is_encrypted(value):
        return None
    parts = value[len(ENCRYPTED) :].split(b":", 3)
    provider, version, name = (part.decode(errors="backslashreplace") for part in (*parts, b"", b"")[:3])
    key_id = _kms_key_id(parts[3]) if provider == "kms" and version == "v2" and len(parts) == 4 else ""
    return EncryptionHeader(provider, name, version, key_id)


def _kms_key_id(body: bytes) -> str:
    """The key id of a KMS v2 envelope, which is there in plain; empty when the envelope is damaged."""
    try:
        return str(decode_message(ENCRYPTED_OBJECT, body)["keyID"])
    except ValueError:
        return ""


def seems_plain(plain: bytes) -> bool:
    """
    Whether these bytes look like the beginning of a stored object rather than like what a wrong key makes.

    A guess, used only to say why a value did not open. Stored objects begin with a known mark and go on
    mostly in printable characters (names, UIDs); of noise 37 % are printable, so that 64 bytes reach 60 %
    once in 10,000 times.
    """
    head = plain[:_HEAD]
    printable = sum(0x20 <= byte < 0x7F for byte in head)
    return head.startswith(_STORAGE_BEGINNINGS) or (len(head) >= 16 and printable * 10 > len(head) * 6)
