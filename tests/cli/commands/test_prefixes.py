"""
`kstore prefixes` on a store that several clusters share.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pexpect
import pytest
from tests.cli.conftest import Kstore

from kstore.records import Record
from kstore.source.export_directory import DirectoryWriter
from kstore.source.interface import StoreStatus

NAMESPACE = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "d"}}).encode()


@pytest.fixture
def tenants(tmp_path: Path) -> str:
    """Two clusters, and a key of nobody's."""
    values = {"/calico/x": b"{}", "/one/namespaces/d": NAMESPACE, "/two/namespaces/d": NAMESPACE, "/two/pods/d/p": b"?"}
    with DirectoryWriter(tmp_path / "s", StoreStatus("backup", "directory", 9), {}) as writer:
        for key, value in values.items():
            writer.add(Record(key.encode(), value, 1, 1, 1))
    return str(tmp_path / "s")


def test_table(kstore: Kstore, tenants: str) -> None:
    """A row each, others' keys below; what cannot be read is named, exit code 3."""
    ran = kstore("--store", tenants, "prefixes")
    assert ran.code == 3
    rows = [line.split() for line in ran.text.splitlines()]
    assert ["/one", "apiserver", "1"] in [row[:3] for row in rows]
    assert ["/two", "apiserver", "2"] in [row[:3] for row in rows]
    assert ["/calico", "1"] in rows
    assert "/two/pods/d/p" in ran.err


def test_one(kstore: Kstore, tenants: str) -> None:
    """A prefix that is given is the only one that is looked at."""
    ran = kstore("--store", tenants, "--etcd-prefix", "/one", "prefixes", "-o", "json")
    assert ran.code == 0
    assert [one["prefixes"] for one in ran.json["clusters"]] == [["/one"]]
    assert ran.json["others"] == {}


def test_nothing_below_it(kstore: Kstore, tenants: str) -> None:
    """A prefix that nothing has is an error that names those that are there."""
    ran = kstore("--store", tenants, "--etcd-prefix", "/three", "prefixes")
    assert ran.code == 2
    assert "/one, /two" in ran.err


@pytest.mark.large
def test_on_a_narrow_terminal(tenants: str) -> None:
    """What is wider than the terminal stands line by line, and nothing is broken at its edge; wide, it is a table."""
    shown = {}
    for width in (80, 200):
        kstore = f"{sys.executable} -m kstore --no-pager --store {tenants} prefixes --color=never"
        command = ["-c", f"COLUMNS={width} {kstore} 2> /dev/null"]
        child = pexpect.spawn("sh", command, dimensions=(40, width), encoding="utf-8", timeout=60)
        child.expect(pexpect.EOF)
        shown[width] = child.before.replace("\r", "").splitlines()
    assert max(map(len, shown[80])) <= 80
    assert "  prefix        /one" in shown[80]
    assert any(line.split()[:2] == ["PREFIX", "LAYOUT"] for line in shown[200])
