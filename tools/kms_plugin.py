"""
A KMS plugin to try things out with: the APIs v1beta1 and v2 on a unix socket, keys in memory.

Wraps with AES-GCM under a key derived from the key's id. Never meant to protect anything.
"""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kstore.encryption import kms_messages as messages

ANNOTATION = "trial.kstore.example"


class CannotUnwrap(Exception):
    """The plugin holds no key that opens this."""


@dataclass
class KmsPlugin:
    """A plugin; use it as a context manager, and change its fields while it runs."""

    socket: Path
    key_id: str = "first"
    """The key it wraps with now."""
    keys: set[str] = field(default_factory=lambda: {"first"})
    """The keys it can unwrap with."""
    healthz: str = "ok"
    version: str = "v2"
    delay: float = 0.0
    """Seconds that it takes to answer."""
    annotations: dict[str, bytes] = field(default_factory=lambda: {ANNOTATION: b"wrapped\x00here"})
    calls: list[str] = field(default_factory=list)
    """The calls so far, such as `v2.Decrypt`."""

    @property
    def endpoint(self) -> str:
        """The endpoint as a configuration writes it."""
        return f"unix://{self.socket}"

    def rotate(self, key_id: str) -> None:
        """Wrap with another key from now on; the old ones stay."""
        self.keys.add(key_id)
        self.key_id = key_id

    def __enter__(self) -> Self:
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((self._v1(), self._v2()))
        self._server.add_insecure_port(f"unix:{self.socket}")
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(None).wait()

    def _v1(self) -> grpc.GenericRpcHandler:
        return self._service(
            "v1beta1",
            Version=(
                messages.V1_VERSION_REQUEST,
                messages.V1_VERSION_RESPONSE,
                lambda _: {"version": "v1beta1", "runtime_name": "trial", "runtime_version": "0.1.0"},
            ),
            Encrypt=(
                messages.V1_ENCRYPT_REQUEST,
                messages.V1_ENCRYPT_RESPONSE,
                lambda request: {"cipher": self._wrap(request["plain"])},
            ),
            Decrypt=(
                messages.V1_DECRYPT_REQUEST,
                messages.V1_DECRYPT_RESPONSE,
                lambda request: {"plain": self._unwrap(request["cipher"])},
            ),
        )

    def _v2(self) -> grpc.GenericRpcHandler:
        return self._service(
            "v2",
            Status=(
                messages.V2_STATUS_REQUEST,
                messages.V2_STATUS_RESPONSE,
                lambda _: {"version": self.version, "healthz": self.healthz, "key_id": self.key_id},
            ),
            Encrypt=(messages.V2_ENCRYPT_REQUEST, messages.V2_ENCRYPT_RESPONSE, self._encrypt),
            Decrypt=(messages.V2_DECRYPT_REQUEST, messages.V2_DECRYPT_RESPONSE, self._decrypt),
        )

    def _service(self, version: str, **methods: Any) -> grpc.GenericRpcHandler:
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(self._handler(f"{version}.{name}", *parts))
            for name, parts in methods.items()
        }
        return grpc.method_handlers_generic_handler(f"{version}.KeyManagementService", handlers)

    def _handler(self, name: str, request: Any, response: Any, answer: Any) -> Any:
        def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
            self.calls.append(name)
            time.sleep(self.delay)
            try:
                return messages.encode_message(response, answer(messages.decode_message(request, data)))
            except CannotUnwrap:
                context.abort(grpc.StatusCode.INTERNAL, "no key opens this")
                raise

        return handle

    def _encrypt(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "ciphertext": self._wrap(request["plaintext"]),
            "key_id": self.key_id,
            "annotations": self.annotations,
        }

    def _decrypt(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["annotations"] != self.annotations or not request["uid"]:
            raise CannotUnwrap
        return {"plaintext": self._unwrap(request["ciphertext"], request["key_id"])}

    def _wrap(self, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + _cipher(self.key_id).encrypt(nonce, plain, None)

    def _unwrap(self, wrapped: bytes, key_id: str = "") -> bytes:
        for name in [key_id] if key_id else sorted(self.keys):
            try:
                if name in self.keys:
                    return _cipher(name).decrypt(wrapped[:12], wrapped[12:], None)
            except InvalidTag:
                continue
        raise CannotUnwrap


def _cipher(key_id: str) -> AESGCM:
    return AESGCM(hashlib.sha256(key_id.encode()).digest())
