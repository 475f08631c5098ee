"""
Certificates and keys that were given as files: read, and tried together before anybody speaks with them.

gRPC says of files that it cannot use only that there is no handshake; here it is said which file, and why.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from kstore.errors import UsageError
from kstore.regular_file import read_regular
from kstore.source.options import SourceOptions

LARGEST = 16 << 20
"""Bytes of a file of certificates; a system's whole bundle has a quarter of a million."""


def check_certificate_pair(options: SourceOptions) -> None:
    """
    Refuse half a client certificate.

    Raises:
        UsageError: a certificate without its key, or the other way round.
    """
    if (options.cert is None) != (options.key is None):
        given, missing = ("--cert", "--key") if options.cert else ("--key", "--cert")
        raise UsageError(f"{given} is given without {missing}", hint="a client certificate needs both")


def tls_context(options: SourceOptions) -> ssl.SSLContext:
    """
    TLS as the options want it.

    Raises:
        UsageError: a file that cannot be read, is no PEM or holds nothing of use, half a pair, or two halves of
            different pairs.
    """
    check_certificate_pair(options)
    for flag, path in (("--cacert", options.cacert), ("--cert", options.cert), ("--key", options.key)):
        if path is not None:
            read_pem(path, flag)
    try:
        context = ssl.create_default_context(cafile=options.cacert)
    except ssl.SSLError:
        raise UsageError("--cacert holds no certificate", where=str(options.cacert)) from None
    if options.cert is not None:
        try:
            context.load_cert_chain(options.cert, options.key, password=lambda: "")  # nobody is asked for one
        except (ssl.SSLError, ValueError) as error:
            raise _unusable(options, error) from None
    if options.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _unusable(options: SourceOptions, error: Exception) -> UsageError:
    where = f"{options.cert}, {options.key}"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return UsageError("--key is not the key of the certificate --cert", where=where)
    return UsageError(
        "--cert and --key are not a certificate and its key",
        where=where,
        hint="both in PEM, the key without a password",
    )


def read_pem(path: Path, flag: str) -> bytes:
    """
    The content of a PEM file.

    Raises:
        UsageError: it cannot be read, or is no PEM; `flag` is the option that named it.
    """
    try:
        content = read_regular(path, LARGEST)
    except OSError as error:
        raise UsageError(f"{flag} cannot be read: {error.strerror}", where=str(path)) from None
    if b"-----BEGIN " not in content:
        raise UsageError(f"{flag} is not a PEM file", where=str(path))
    return content
