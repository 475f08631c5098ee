"""
The cookbook's commands, run as they are written.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
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


def commands(wanted: str) -> list[tuple[str, int]]:
    """The commands of the blocks for one kind of store, each with the exit code that its comment names."""
    found = []
    for kind, body in BLOCK.findall(COOKBOOK.read_text(encoding="utf-8")):
        for line in body.splitlines():
            code = re.search(r"# exits with (\d+)", line)
            if kind == wanted and line.strip():
                found.append((line, int(code[1]) if code else 0))
    return found


@pytest.fixture
def kitchen(tmp_path: Path) -> Path:
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


def cook(kitchen: Path, line: str, store: str) -> subprocess.CompletedProcess[str]:
    """Run one line in a shell."""
    path = f"{kitchen / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "KSTORE_STORE": store}
    return subprocess.run(
        ["sh", "-c", line], cwd=kitchen, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_recipes_for_files(kitchen: Path) -> None:
    """Every command on the demo store exits as it says."""
    wrong = []
    for line, code in commands("demo"):
        if line.startswith("etcdutl") and not installed():
            continue
        done = cook(kitchen, line, "demo")
        if done.returncode != code:
            wrong.append(f"{line}\n  {done.returncode}: {done.stderr}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.etcd
def test_recipes_for_a_running_etcd(kitchen: Path, etcd_server: Etcd) -> None:
    """Every command on a running etcd exits as it says."""
    with open_source(etcd_server.endpoint) as target, open_demo() as demo:
        assert isinstance(target, WritableSource)
        for record in demo.scan():
            target.commit([Put(record.key, record.value, 0)])
    wrong = []
    for line, code in commands("live"):
        done = cook(kitchen, line, etcd_server.endpoint)
        if done.returncode != code:
            wrong.append(f"{line}\n  {done.returncode}: {done.stderr}")
    assert not wrong, "\n".join(wrong)
