"""
A KMS plugin on a socket, and configurations as text.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tools.kms_plugin import KmsPlugin

HEADER = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"


def secret(first: int, size: int = 32) -> str:
    """A key that is easy to recognise, in base64."""
    return base64.b64encode(bytes(range(first, first + size))).decode()


def keyed(provider: str, *names_and_firsts: tuple[str, int]) -> str:
    """A provider with keys, in YAML's flow style."""
    keys = ", ".join(f"{{name: {name}, secret: {secret(first)}}}" for name, first in names_and_firsts)
    return f"{{{provider}: {{keys: [{keys}]}}}}"


def configuration(*entries: tuple[str, str]) -> str:
    """A configuration from pairs of resources and providers, both in YAML's flow style without brackets."""
    return HEADER + "".join(f"- resources: [{names}]\n  providers: [{given}]\n" for names, given in entries)


@pytest.fixture
def start_plugin() -> Iterator[Callable[[], KmsPlugin]]:
    """Start KMS plugins; their sockets have short paths, since a unix socket's may have 107 bytes only."""
    started: list[KmsPlugin] = []
    with tempfile.TemporaryDirectory(prefix="kms") as folder:

        def start() -> KmsPlugin:
            plugin = KmsPlugin(Path(folder) / f"{len(started)}.sock")
            started.append(plugin.__enter__())
            return plugin

        yield start
        for plugin in started:
            plugin.__exit__(None, None, None)


@pytest.fixture
def plugin(start_plugin: Callable[[], KmsPlugin]) -> KmsPlugin:
    """A running KMS plugin."""
    return start_plugin()
