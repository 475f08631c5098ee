"""
What a transformer would encrypt anew: `check`, `encrypt --dry-run` and the column of `ls` say the same.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tools.kms_plugin import KmsPlugin

from kstore.cli.main import run
from kstore.encryption.aes import AesCbc
from kstore.encryption.config import load_configuration
from kstore.encryption.kms_plugin import PluginV1
from kstore.naming import GroupResource
from kstore.records import Record
from kstore.source.export_directory import DirectoryWriter
from kstore.source.interface import StoreStatus

from .conftest import configuration, keyed

CBC_A, CBC_B = keyed("aescbc", ("a", 1)), keyed("aescbc", ("b", 2))
BOTH = keyed("aescbc", ("b", 2), ("a", 1))
GCM = keyed("aesgcm", ("a", 1))


def secret(name: str) -> bytes:
    """A Secret as it is stored."""
    metadata = {"name": name, "namespace": "d", "uid": name}
    return json.dumps({"kind": "Secret", "apiVersion": "v1", "metadata": metadata}).encode() + b"\n"


class Answers(NamedTuple):
    """What is stale: the names that `check` and `ls` give, how many `encrypt` would change, and as what it is found."""

    checked: list[str]
    listed: list[str]
    changes: int
    subjects: list[str]


Ask = Callable[[dict[str, bytes], str], Answers]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask all three of a store with these Secrets."""

    def asked(values: dict[str, bytes], text: str) -> Answers:
        folder = tmp_path / f"store{len(os.listdir(tmp_path))}"
        with DirectoryWriter(folder, StoreStatus("backup", "directory", 9), {}) as writer:
            for name, value in sorted(values.items()):
                writer.add(Record(f"/registry/secrets/d/{name}".encode(), value, 1, 1, 1))
        config = tmp_path / f"{folder.name}.yaml"
        config.write_text(text)
        base = ["--store", str(folder), "--encryption-provider-config", str(config)]

        def output(*arguments: str) -> str:
            run([*base, *arguments])
            return capsys.readouterr().out

        findings = json.loads(output("check", "--only", "old-key,plain-text", "-o", "json"))["findings"]
        checked = sorted(key["key"].rpartition("/")[2] for one in findings for key in one["keys"])
        rows = output("ls", "secrets", "-n", "d", "--storage-columns", "encryption").splitlines()[1:]
        listed = sorted(row.split()[0] for row in rows if row.endswith("stale"))
        changes = json.loads(output("encrypt", "--dry-run", "-o", "json"))["changes"]
        return Answers(checked, listed, changes, [one["subject"] for one in findings])

    return asked


def encrypted(folder: Path, providers: str, name: str) -> bytes:
    """A Secret as a configuration encrypts it."""
    path = folder / "writer.yaml"
    path.write_text(configuration(("secrets", providers)))
    key = f"/registry/secrets/d/{name}".encode()
    with load_configuration(str(path)) as transformers:
        return transformers.encrypt(key, secret(name), GroupResource("", "secrets"))


@pytest.mark.parametrize(
    ("writer", "reader", "stale"),
    [
        (CBC_A, CBC_A, False),
        (CBC_A, BOTH, True),
        (CBC_A, f"{GCM}, {CBC_A}", True),
        (GCM, f"{GCM}, {CBC_A}", False),
        (CBC_A, f"{{identity: {{}}}}, {CBC_A}", True),
        ("{identity: {}}", f"{CBC_B}, {{identity: {{}}}}", True),
        ("{identity: {}}", f"{{identity: {{}}}}, {CBC_B}", False),
    ],
    ids=["same", "old key", "old provider", "first provider", "no longer", "plain", "plain by design"],
)
def test_keys_of_a_configuration(ask: Ask, tmp_path: Path, writer: str, reader: str, stale: bool) -> None:
    """The first key of the first provider is what everything should be encrypted with."""
    found = ask({"s": encrypted(tmp_path, writer, "s")}, configuration(("secrets", reader)))
    assert found[:3] == ((["s"], ["s"], 1) if stale else ([], [], 0))


def test_the_key_of_a_plugin(ask: Ask, tmp_path: Path, plugin: KmsPlugin) -> None:
    """KMS v2: another key id than the plugin's Status names; it is said which. Provider and name are the same."""
    kms = f'{{kms: {{apiVersion: v2, name: vault, endpoint: "{plugin.endpoint}", timeout: 5s}}}}'
    old = encrypted(tmp_path, kms, "old")
    text = configuration(("secrets", kms))
    assert ask({"old": old}, text)[:3] == ([], [], 0)
    plugin.rotate("second")
    new = encrypted(tmp_path, kms, "new")
    found = ask({"old": old, "new": new}, text)
    assert found[:3] == (["old"], ["old"], 1)
    assert "key id first" in found.subjects[0]


def test_the_plugins_of_kms_v1(ask: Ask, tmp_path: Path, start_plugin: Callable[[], KmsPlugin]) -> None:
    """
    KMS v1: values of another provider than the first are stale; a key that the plugin itself exchanged is not told.

    The API v1beta1 has no key ids, so the apiserver does not know either (`envelope.go`, TransformFromStorage).
    """
    first, second = start_plugin(), start_plugin()
    old, new = (
        f'{{kms: {{apiVersion: v1, name: {name}, endpoint: "{plugin.endpoint}", timeout: 5s}}}}'
        for name, plugin in (("old", first), ("new", second))
    )
    values = {"old": encrypted(tmp_path, old, "old"), "new": encrypted(tmp_path, new, "new")}
    assert ask(values, configuration(("secrets", f"{old}, {new}")))[:3] == (["new"], ["new"], 1)
    found = ask(values, configuration(("secrets", f"{new}, {old}")))
    assert found[:3] == (["old"], ["old"], 1)
    assert [word for word in re.findall(r"\w+", found.subjects[0]) if word in ("old", "new")] == ["old", "new"]
    second.rotate("another")
    assert ask({"new": values["new"]}, configuration(("secrets", new)))[:3] == ([], [], 0)


def test_the_old_cipher_of_kms_v1(ask: Ask, tmp_path: Path, plugin: KmsPlugin) -> None:
    """What Kubernetes before 1.25 wrapped in AES-CBC by the same plugin is to be written anew with GCM."""
    kms = f'{{kms: {{apiVersion: v1, name: vault, endpoint: "{plugin.endpoint}", timeout: 5s}}}}'
    key = os.urandom(32)
    wrapped = PluginV1("vault", plugin.endpoint, 5.0).encrypt(key)
    path = b"/registry/secrets/d/old"
    value = (
        b"k8s:enc:kms:v1:vault:" + struct.pack(">H", len(wrapped)) + wrapped + AesCbc(key).encrypt(secret("old"), path)
    )
    new = encrypted(tmp_path, kms, "new")
    assert ask({"old": value, "new": new}, configuration(("secrets", kms)))[:3] == (["old"], ["old"], 1)
