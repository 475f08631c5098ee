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
_FILES = {
    "cacert": "the file of certificates to verify the server with",
    "cert": "the client's certificate",
    "key": "the client's private key",
    "": "the file of the system's certificates ($SSL_CERT_FILE)",
}
"""What each parameter names; the system's own certificates are named by none."""


def check_certificate_pair(options: SourceOptions) -> None:
    """
    Refuse half a client certificate.

    Raises:
        UsageError: a certificate without its key, or the other way round.
    """
    if (options.cert is None) != (options.key is None):
        given, missing = ("certificate", "key") if options.cert else ("key", "certificate")
        raise UsageError(f"a client's {given} is given without its {missing}", hint="give both, `cert=` and `key=`")


def tls_context(options: SourceOptions) -> ssl.SSLContext:
    """
    TLS as the options want it.

    Raises:
        UsageError: a file that cannot be read, is no PEM or holds nothing of use, half a pair, or two halves of
            different pairs.
    """
    check_certificate_pair(options)
    for parameter in ("cacert", "cert", "key"):
        if (path := getattr(options, parameter)) is not None:
            read_pem(path, parameter)
    try:
        context = ssl.create_default_context(cafile=options.cacert)
    except ssl.SSLError:
        raise _fault("cacert", "holds no certificate", Path(str(options.cacert))) from None
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
        return UsageError(
            "the private key is not the certificate's", where=where, hint="`cert=` and `key=` belong together"
        )
    return UsageError(
        "these are not a certificate and its key",
        where=where,
        hint="`cert=` and `key=` are both in PEM, the key without a password",
    )


def read_pem(path: Path, parameter: str = "") -> bytes:
    """
    The content of a PEM file.

    Args:
        path: the file.
        parameter: what named it: `cacert`, `cert` or `key`; empty for the system's own certificates.

    Raises:
        UsageError: it cannot be read, or is no PEM.
    """
    try:
        content = read_regular(path, LARGEST)
    except OSError as error:
        raise _fault(parameter, f"cannot be read: {error.strerror}", path) from None
    if b"-----BEGIN " not in content:
        raise _fault(parameter, "is not a PEM file", path)
    return content


def _fault(parameter: str, problem: str, path: Path) -> UsageError:
    hint = f"`{parameter}=` names it" if parameter else ""
    return UsageError(f"{_FILES[parameter]} {problem}", where=str(path), hint=hint)
