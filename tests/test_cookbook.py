"""
The cookbook's commands, run as they are written: what each prints was reviewed.

After a change that is meant: `pytest tests/test_cookbook.py --snapshot-update`, and read the difference.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.source.etcd_releases import installed
from tools.cluster import Etcd

from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source
from kstore.source.location.demo import open_demo, unpacked

pytestmark = pytest.mark.slow

COOKBOOK = Path(__file__).resolve().parents[1] / "docs" / "cookbook.md"
BLOCK = re.compile(r"^```sh (demo|live)\n(.*?)^```$", re.S | re.M)
ENCRYPTION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aescbc: {keys: [{name: key1, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}
  - identity: {}
"""


SECTIONS = dict(re.findall(r"^## (.*)\n((?:(?!^## ).*\n)*)", COOKBOOK.read_text(encoding="utf-8"), re.M))
"""The text of each section."""


def commands(text: str, wanted: str) -> list[tuple[str, int]]:
    """The commands of a text's blocks for one kind of store, each with the exit code that its comment names."""
    found = []
    for kind, body in BLOCK.findall(text):
        for line in body.splitlines():
            code = re.search(r"# exits with (\d+)", line)
            if kind == wanted and line.strip():
                found.append((line, int(code[1]) if code else 0))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with the snapshots that the recipes name, and with `kstore` and a `kubectl` that reads its input."""
    for name in ("backup.db", "before.db", "after.db"):
        shutil.copy(unpacked(), tmp_path / name)
    (tmp_path / "enc.yaml").write_text(ENCRYPTION)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("kstore", f'exec "{sys.executable}" -m kstore "$@"'), ("kubectl", "grep -q apiVersion")):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755 | stat.S_IXUSR)
    if installed():
        (tools / "etcdutl").symlink_to(installed()[max(installed())].folder / "etcdutl")
    return tmp_path


@dataclass(frozen=True)
class Kitchen:
    """Where the commands run, and on which store."""

    folder: Path
    store: str

    def cook(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run one line in a shell."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "KSTORE_STORE": self.store, "NO_COLOR": "1"}
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip


AGE = re.compile(r"(?<![\w.-])(?:\d+[ydhms]){1,2}(?![\w.-])")
TIME = re.compile(r"\b20[2-9]\d-?\d\d-?\d\dT\d\d:?\d\d:?[\d.]+Z")
MOST_LINES = 120
"""What is printed beyond is compared by its digest, so that the rest can be read."""
PAGES = re.compile(r"^  (?:live|pages around them|free pages|the file) .*\n", re.M)
"""How many pages a running etcd takes is its own affair, and with it the shares of the rest."""
BORN_BEFORE = "2026-11-29T09:30"
"""The demo store is older than this: what happened later is of the run."""


def printed(kitchen: Kitchen, line: str, done: subprocess.CompletedProcess[str]) -> str:
    """What a command printed, without what differs from run to run: ages, times of today, folders, ports."""
    text = done.stdout + (f"[stderr]\n{done.stderr}" if done.stderr else "")
    for own, word in ((kitchen.store, "STORE"), (str(kitchen.folder), "FOLDER")):
        text = text.replace(own, word) if own != "demo" else text
    text = TIME.sub(lambda found: found[0] if found[0] < BORN_BEFORE else "TIME", text)
    text = AGE.sub("AGE", text)
    if kitchen.store != "demo":
        text = PAGES.sub("", text)
    # the widths of columns follow from ages and places
    lines = [re.sub(r"(?<=\S)  +", "  ", one).rstrip() for one in text.splitlines()]
    if len(rest := lines[MOST_LINES:]) > 1:
        digest = hashlib.sha256("\n".join(rest).encode()).hexdigest()
        lines[MOST_LINES:] = [f"and {len(rest)} lines of {digest}"]
    return "".join(f"{one}\n" for one in (f"$ {line}", *lines))


def cooked(kitchen: Kitchen, text: str, kind: str) -> str:
    """All commands of a kind, each with what it printed; every one exits as its comment says."""
    wrong, found = [], []
    for line, code in commands(text, kind):
        if line.startswith("etcdutl") and max(installed(), default="") < "3.6":  # whose options the recipes are of
            continue
        done = kitchen.cook(line)
        if done.returncode != code:
            wrong.append(f"{line}\n  {done.returncode}: {done.stderr}")
        if not line.startswith("etcdutl"):
            found.append(printed(kitchen, line, done))
    assert not wrong, "\n".join(wrong)
    return "\n".join(found)


@pytest.mark.parametrize("section", [name for name, text in SECTIONS.items() if commands(text, "demo")])
def test_recipes_for_files(folder: Path, section: str, snapshot: SnapshotAssertion) -> None:
    """Every command on the demo store prints what it did when it was reviewed."""
    assert cooked(Kitchen(folder, "demo"), SECTIONS[section], "demo") == snapshot


@pytest.mark.etcd
def test_recipes_for_a_running_etcd(folder: Path, etcd_server: Etcd, snapshot: SnapshotAssertion) -> None:
    """Every command on a running etcd that holds the same objects does."""
    with open_source(etcd_server.endpoint) as target, open_demo() as demo:
        assert isinstance(target, WritableSource)
        for record in demo.scan():
            target.commit([Put(record.key, record.value, 0)])
    assert cooked(Kitchen(folder, etcd_server.endpoint), "".join(SECTIONS.values()), "live") == snapshot
