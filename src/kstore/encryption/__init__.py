"""
Values encrypted at rest, both ways: what an EncryptionConfiguration opens and encrypts.

`prefix` reads who encrypted a value, without keys; `config` reads the configuration file; `transformers` decides
which key is meant; `aes`, `secretbox`, `identity` and `kms` are the providers. Knows nothing of what the
plain bytes hold.
"""

from kstore.encryption.interface import Opened
from kstore.encryption.prefix import EncryptionHeader, is_encrypted, read_encryption_header
from kstore.encryption.transformers import ResourceTransformer, Transformers

__all__ = [
    "EncryptionHeader",
    "Opened",
    "ResourceTransformer",
    "Transformers",
    "is_encrypted",
    "read_encryption_header",
]
