"""
Files that a user names: what is no file is refused at once, and the limits are those of docs/reference/files.md.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kstore.cli import batch, draft, stdin_codec
from kstore.encryption import config
from kstore.inspect import proof_record
from kstore.migrate import journal, kubeconfig, planfile
from kstore.source import certificates, export_directory
from kstore.source.location import config_file, control_plane
from kstore.source.wal import segments

from .conftest import Kstore

LIMITS = {
    "config file": config_file.LARGEST,
    "EncryptionConfiguration": config.LARGEST,
    "static pod of a control plane node": control_plane.LARGEST,
    "certificates and keys": certificates.LARGEST,
    "kubeconfig": kubeconfig.LARGEST,
    "certificate, key or token that a kubeconfig names": kubeconfig.LARGEST_PART,
    "object for `edit`": draft.LARGEST,
    "input of `decode`, `encode`, `convert`": stdin_codec.LARGEST,
    "line of `--batch`": batch.LONGEST_LINE,
    "first line of a journal": journal.LONGEST_HEADER,
    "another line of a journal": journal.LONGEST_LINE,
    "line of a saved plan": planfile.LONGEST_LINE,
    "description of an export, `export.json`": export_directory.LARGEST_HEADER,
    "line of an export's index, `index.jsonl`": export_directory.LARGEST_ROW,
    "stored value of an export": export_directory.LARGEST_VALUE,
    "record of a member's write-ahead log": segments.LARGEST_RECORD,
    "record of a proof": proof_record.LARGEST,
}


def test_the_limits_are_those_of_the_documentation() -> None:
    """Each limit has its row, each row its limit."""
    text = (Path(__file__).parents[2] / "docs/reference/files.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \|[^|]*\| (\d+) MiB \|$", text, flags=re.M)
    assert {name: int(size) << 20 for name, size in rows} == LIMITS


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "hole"])
def test_a_configuration_that_is_no_file(
    kstore: Kstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A config file, an encryption configuration, a certificate: refused by name, whatever is there."""
    path, words = tmp_path / "file", {"pipe": "a named pipe", "device": "a device", "directory": "a directory"}
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "directory":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 60 << 30)
    expected = words.get(kind, "it is larger than")
    for arguments in (
        ["--store", "demo", "--encryption-provider-config", str(path), "ls"],
        ["--store", "https://127.0.0.1:1", "--cacert", str(path), "ls"],
    ):
        ran = kstore(*arguments)
        assert (ran.code, expected in ran.err, str(path) in ran.err) == (2, True, True), ran.err
    monkeypatch.setenv("KSTORE_CONFIG", str(path))
    ran = kstore("ls")
    assert (ran.code, expected in ran.err, str(path) in ran.err) == (2, True, True), ran.err
