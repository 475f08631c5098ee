"""
Encryption at rest: a value that cannot be opened, a configuration or a key that does not fit.
"""

from __future__ import annotations

from typing import Final

from kstore.errors.values import ValueFault

ENCRYPTION_CONFIG_WANTED: Final = "give the apiserver's `encryption_config=`"
"""What helps wherever an encrypted value is met without the configuration."""


class EncryptionError(ValueFault):
    """
    An encrypted value cannot be opened, or a plain one not be encrypted. Never holds key material or plaintext.

    Args:
        provider: the provider that the value names, such as `aescbc`, if it is known.
        key_name: the name of the key (of the plugin, for `kms`) that the value names, if it is known.
    """

    code = "encryption"

    def __init__(
        self, message: str, *, provider: str = "", key_name: str = "", where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.provider = provider
        self.key_name = key_name


class EncryptionConfigError(EncryptionError):
    """An EncryptionConfiguration that the apiserver would not start with; the message names each field."""

    code = "encryption-config"
    exit_code = 2


class PluginError(EncryptionError):
    """A KMS plugin that cannot be reached, is not healthy, or breaks its protocol."""

    code = "kms-plugin"


class KeyMissing(EncryptionError):
    """The configuration holds no provider or key of the name that the value was encrypted with."""

    code = "key-missing"


class WrongKey(EncryptionError):
    """A key of the right name that does not open the value."""

    code = "wrong-key"


class TamperedValue(EncryptionError):
    """An encrypted value whose authentication fails: changed, or moved from another key path."""

    code = "tampered"
