"""
A KMS plugin at the other end of a unix socket: gRPC, API v1beta1 (KMS v1) and v2.

Knows the calls, their timeout and what their failures mean. What is done with data keys is in `kms.py`.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from kstore.encryption import kms_messages as messages
from kstore.encryption.kms_messages import Message, decode_message, encode_message
from kstore.errors import PluginError

_V1_VERSION = "v1beta1"
_V2_VERSIONS = ("v2", "v2beta1")

_NO_ANSWER = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "CANCELLED", "RESOURCE_EXHAUSTED"})
"""gRPC states that say nothing about the request itself."""
_WAITED = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})
"""Those for which the whole timeout may have been waited."""
_SILENCE = 10.0
"""Seconds for which a plugin that did not answer is not asked again: each object would cost its whole timeout."""


class Refused(Exception):
    """
    The plugin answered a call with an error of its own.

    Args:
        status: the name of the gRPC status. The plugin's words are not repeated: what they hold is not known.
    """

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as a KMS v2 plugin has wrapped it."""

    ciphertext: bytes = field(repr=False)
    key_id: str
    annotations: dict[str, bytes] = field(repr=False)


class _Channel:
    """
    A connection, made on the first call; calls wait for the plugin to come up, as the apiserver's do.

    A call that was waited for in vain is the last one for a while: those that follow fail at once, with its error.
    """

    def __init__(self, name: str, endpoint: str, timeout: float, service: str, clock: Callable[[], float]) -> None:
        self._name = name
        self._endpoint = endpoint
        self._timeout = timeout
        self._service = service
        self._channel: Any = None
        self._clock = clock
        self._silent_until = 0.0
        self._silence = ""

    def call(self, method: str, request: Message, response: Message, **values: Any) -> dict[str, Any]:
        """
        Make one call.

        Raises:
            PluginError: no answer in time, or one that is no such message.
            Refused: the plugin's own error.
        """
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its core would write to standard error
        import grpc

        if self._clock() < self._silent_until:
            raise self.fault(f"{self._silence}, and it is not asked again yet")
        if self._channel is None:
            # Environment proxies are not for unix sockets; gRPC would honour them.
            options = [("grpc.enable_http_proxy", 0), ("grpc.default_authority", "localhost")]
            self._channel = grpc.insecure_channel(socket_target(self._endpoint), options=options)
        # Raw bytes cross gRPC's border, so that a damaged answer is met here and not inside it.
        invoke = self._channel.unary_unary(f"/{self._service}/{method}")
        try:
            answer = invoke(encode_message(request, values), timeout=self._timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            status: str = error.code().name
            if status not in _NO_ANSWER:
                raise Refused(status) from None
            words = f"{method} got no answer within {self._timeout:g} s ({status})"
            if status in _WAITED:
                self._silent_until, self._silence = self._clock() + _SILENCE, words
            raise self.fault(words) from None
        try:
            return decode_message(response, answer)
        except ValueError:
            raise self.fault(f"{method} was answered with bytes that are no such message") from None

    def fault(self, message: str) -> PluginError:
        """The error for a plugin that does not do as it should."""
        return PluginError(
            f"the KMS plugin {self._name}: {message}",
            provider="kms",
            key_name=self._name,
            where=self._endpoint,
            hint="is the plugin running, and its socket readable here? its own log says more",
        )

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None


class PluginV1:
    """A plugin of KMS v1 (`envelope/grpc_service.go`)."""

    def __init__(self, name: str, endpoint: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = _Channel(name, endpoint, timeout, "v1beta1.KeyManagementService", clock)
        self._checked = False

    def decrypt(self, cipher: bytes) -> bytes:
        """
        Unwrap a data key.

        Raises:
            PluginError: no answer, or a plugin of another version.
            Refused: the plugin does not open it.
        """
        self._check_version()
        answer = self._channel.call(
            "Decrypt",
            messages.V1_DECRYPT_REQUEST,
            messages.V1_DECRYPT_RESPONSE,
            version=_V1_VERSION,
            cipher=cipher,
        )
        plain: bytes = answer["plain"]
        return plain

    def encrypt(self, plain: bytes) -> bytes:
        """
        Wrap a data key.

        Raises:
            PluginError: no answer, or a plugin of another version.
            Refused: the plugin does not wrap it.
        """
        self._check_version()
        answer = self._channel.call(
            "Encrypt",
            messages.V1_ENCRYPT_REQUEST,
            messages.V1_ENCRYPT_RESPONSE,
            version=_V1_VERSION,
            plain=plain,
        )
        cipher: bytes = answer["cipher"]
        return cipher

    def fault(self, message: str) -> PluginError:
        """The error for an answer that cannot be used."""
        return self._channel.fault(message)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _check_version(self) -> None:
        if self._checked:
            return
        try:
            answer = self._channel.call(
                "Version", messages.V1_VERSION_REQUEST, messages.V1_VERSION_RESPONSE, version=_V1_VERSION
            )
        except Refused as error:
            raise self.fault(f"refuses to tell its version ({error.status})") from None
        if answer["version"] != _V1_VERSION:
            raise self.fault(f"speaks version {answer['version']!r}, not {_V1_VERSION}")
        self._checked = True


class PluginV2:
    """A plugin of KMS v2 (`envelope/kmsv2/grpc_service.go`)."""

    def __init__(self, name: str, endpoint: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = _Channel(name, endpoint, timeout, "v2.KeyManagementService", clock)

    def key_id(self) -> str:
        """
        The id of the key that the plugin wraps with now.

        Raises:
            PluginError: no answer, an unhealthy plugin, or one of another version.
        """
        try:
            answer = self._channel.call("Status", messages.V2_STATUS_REQUEST, messages.V2_STATUS_RESPONSE)
        except Refused as error:
            raise self.fault(f"refuses to tell its status ({error.status})") from None
        if answer["healthz"] != "ok":
            raise self.fault("says that it is not healthy")
        if answer["version"] not in _V2_VERSIONS:
            raise self.fault(f"speaks version {answer['version']!r}, not v2")
        key_id: str = answer["key_id"]
        return key_id

    def decrypt(self, wrapped: Wrapped) -> bytes:
        """
        Unwrap a data key or seed.

        Raises:
            PluginError: no answer.
            Refused: the plugin does not open it.
        """
        answer = self._channel.call(
            "Decrypt",
            messages.V2_DECRYPT_REQUEST,
            messages.V2_DECRYPT_RESPONSE,
            ciphertext=wrapped.ciphertext,
            uid=str(uuid.uuid4()),
            key_id=wrapped.key_id,
            annotations=wrapped.annotations,
        )
        plaintext: bytes = answer["plaintext"]
        return plaintext

    def encrypt(self, plaintext: bytes) -> Wrapped:
        """
        Wrap a seed.

        Raises:
            PluginError: no answer.
            Refused: the plugin does not wrap it.
        """
        answer = self._channel.call(
            "Encrypt",
            messages.V2_ENCRYPT_REQUEST,
            messages.V2_ENCRYPT_RESPONSE,
            plaintext=plaintext,
            uid=str(uuid.uuid4()),
        )
        return Wrapped(answer["ciphertext"], answer["key_id"], answer["annotations"])

    def fault(self, message: str) -> PluginError:
        """The error for an answer that cannot be used."""
        return self._channel.fault(message)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()


def socket_target(endpoint: str) -> str:
    """
    What gRPC calls the socket of an endpoint such as `unix:///run/kms.sock` or `unix:///@abstract`.

    Raises:
        ValueError: it is no unix endpoint (`k8s.io/kms/pkg/util.ParseEndpoint`).
    """
    parts = urlsplit(endpoint)
    if parts.scheme != "unix":
        raise ValueError(f"unsupported scheme {parts.scheme!r}, only unix is supported")
    path = unquote(parts.path)
    if path.startswith("/@"):
        return f"unix-abstract:{path[2:]}"
    return f"unix:{os.path.normpath(path) if path else path}"
